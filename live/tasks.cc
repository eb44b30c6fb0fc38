#include "live/tasks.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "live/disk.h"
#include "live/maps.h"

namespace vmtrunc::live {
namespace {

constexpr int kAnswerLookMilliseconds = 200;

// The task in whose mm a task starts.
unsigned FirstOf(const Setup& setup, unsigned task) {
  while (setup.mm_of[task] < task) task = setup.mm_of[task];
  return task;
}

// The arena has one page table. Fault-around of 6.18 makes none where the first
// folio that it finds is the last of a file that is not of tmpfs, and then maps
// nothing; the model has no such tables. So this mm and its copies keep theirs,
// by a page after the arena.
void KeepPageTable(const Arena& place) {
  char* const at = place.At(kArenaPages + 1);
  if (::mmap(at, kPage, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
    *at = 1;
}

[[noreturn]] void Die(const std::string& what, int error) {
  throw LiveError{absl::StrCat("live: the machine refused ", what, ": ",
                               std::strerror(error))};
}

// In a PID namespace that has the /proc of an outer one, /proc/PID is another
// process, or none.
void ExpectOwnProc() {
  std::array<char, 32> self{};
  if (::readlink("/proc/self", self.data(), self.size() - 1) < 0)
    Die("/proc/self", errno);
  if (absl::StrCat(::getpid()) == self.data()) return;
  throw LiveError{
      absl::StrCat("live: expected the /proc of this PID namespace: in this "
                   "one, process ",
                   ::getpid(), " is ", self.data())};
}

// One task, in the process of its mm.
class Server {
 public:
  Server() = default;
  Server(const Arena& place, const std::array<int, kTasks>& sockets,
         unsigned task)
      : place_(place), sockets_(sockets), task_(task) {}

  [[noreturn]] void Serve() {
    for (;;) {
      Request request;
      if (::read(sockets_[task_], &request, sizeof(request)) != sizeof(request))
        ::_exit(0);
      const Reply reply = Do(request);
      Tell(reply);
      if (request.event.verb != Verb::kExit) continue;
      if (request.last) ::_exit(0);
      ::syscall(SYS_exit, 0);  // this thread; the mm stays
    }
  }

  // A thread of its own for the task.
  void Start() {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStackBytes);
    pthread_t thread;
    const int error =
        ::pthread_create(&thread, &attributes, &Server::Run, this);
    pthread_attr_destroy(&attributes);
    if (error != 0) Tell({.error = error, .refused = true});
  }

 private:
  static constexpr size_t kStackBytes = size_t{256} << 10;

  static void* Run(void* server) {
    auto* self = static_cast<Server*>(server);
    self->Tell({});
    self->Serve();
  }

  void Tell(const Reply& reply) const {
    if (::write(sockets_[task_], &reply, sizeof(reply)) != sizeof(reply))
      ::_exit(0);
  }

  Reply Do(const Request& request) {
    const Event& e = request.event;
    Reply reply;
    if (e.verb == Verb::kExit) return reply;
    if (e.verb == Verb::kRead || e.verb == Verb::kWrite) {
      const Touched touched =
          TouchWord(place_.At(e.addr), e.verb == Verb::kWrite, request.value);
      reply.touch = touched.touch;
      reply.value = static_cast<uint8_t>(touched.value);
      return reply;
    }
    if (e.verb == Verb::kFork) {
      reply.pid = ::fork();
      if (reply.pid == 0) Server(place_, sockets_, e.new_addr).Serve();
      reply.error = reply.pid < 0 ? errno : 0;
      reply.refused = reply.pid < 0;
      return reply;
    }
    reply.error = Call(e, place_);
    reply.refused = MachineRefused(e, reply.error);
    if (reply.error != 0 || e.verb != Verb::kMmap || !e.populate) return reply;
    for (unsigned i = 0; i < e.len; ++i) {
      if (e.pgoff + i < request.size)
        TouchWord(place_.At(e.addr + i), false, 0);
    }
    return reply;
  }

  Arena place_;
  std::array<int, kTasks> sockets_{};
  unsigned task_ = 0;
};

}  // namespace

LiveTasks::LiveTasks(const std::atomic<bool>& stop, std::string dir)
    : stop_(stop), dir_(std::move(dir)) {
  ExpectOwnProc();
  here_.fill(-1);
  there_.fill(-1);
  maps_.fill(-1);
  pagemap_.fill(-1);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::signal(SIGCHLD, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // then it is EFBIG
  ::signal(SIGPIPE, SIG_IGN);
  for (size_t i = 0; i < kTasks; ++i) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
      Die("socketpair", errno);
    here_[i] = pair[0];
    there_[i] = pair[1];
  }
  AnswerFaults();
}

LiveTasks::~LiveTasks() {
  End();
  for (const int fd : here_) ::close(fd);
  for (const int fd : there_) ::close(fd);
  if (tmpfs_ >= 0) ::close(tmpfs_);
}

// A file without a name on a tmpfs that is mounted nowhere. A write that grows
// such a file gets the largest folio that fits into the new size.
int LiveTasks::OpenOnTmpfs() {
  if (tmpfs_ < 0) {
    const int context = ::fsopen("tmpfs", FSOPEN_CLOEXEC);
    if (context < 0) Die("a tmpfs with large folios", errno);
    if (::fsconfig(context, FSCONFIG_SET_STRING, "huge", "within_size", 0) !=
            0 ||
        ::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0 ||
        (tmpfs_ = ::fsmount(context, FSMOUNT_CLOEXEC, 0)) < 0) {
      const int error = errno;
      ::close(context);
      Die("a tmpfs with large folios", error);
    }
    ::close(context);
  }
  return ::openat(tmpfs_, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

int LiveTasks::Open(const FolioSetup& folios) {
  if (folios.high == 0) return ::memfd_create("live", MFD_CLOEXEC);
  return folios.shmem ? OpenOnTmpfs() : OpenOnDisk(dir_);
}

void LiveTasks::LookAtDisk(int file, unsigned pages, const FolioSetup& folios) {
  std::string why = looked_at_ ? "" : WhyNotAPageAFault(dir_);
  looked_at_ = true;
  if (why.empty()) why = WhyNotTheseFolios(file, pages, folios);
  if (!why.empty())
    throw LiveError{absl::StrCat("live: the files of ", dir_,
                                 " are not as the script has them: ", why)};
}

void LiveTasks::MakeFile(unsigned number, unsigned pages,
                         const FolioSetup& folios) {
  int& file = place_.files[number];
  file = Open(folios);
  if (file < 0) Die("a file", errno);
  // A folio a write, as in MakeWorld().
  for (unsigned page = 0; page < pages;) {
    const unsigned order = FittingOrder(page, pages, 0, folios.high);
    std::vector<uint8_t> content(kPage << order);
    for (unsigned i = 0; i < 1U << order; ++i)
      content[i * kPage] = FirstValue(number, page + i);
    if (const int error = WriteAtOnce(file, content.data(), content.size(),
                                      static_cast<off_t>(page * kPage)))
      Die("to write to a file", error);
    page += 1U << order;
  }
  if (::ftruncate(file, static_cast<off_t>(pages * kPage)) != 0)
    Die("ftruncate", errno);
  if (folios.high != 0 && !folios.shmem) LookAtDisk(file, pages, folios);
  struct stat status{};
  if (::fstat(file, &status) != 0) Die("fstat", errno);
  inodes_[number] = status.st_ino;
}

void LiveTasks::Begin(const Setup& setup) {
  inodes_ = {};
  for (unsigned i = 0; i < setup.files; ++i)
    MakeFile(i, setup.sizes[i], setup.folios[i]);
  for (unsigned i = 0; i < setup.tasks; ++i)
    if (FirstOf(setup, i) == i) StartMm(setup, i);
}

void LiveTasks::StartMm(const Setup& setup, unsigned first) {
  const pid_t pid = ::fork();
  if (pid < 0) Die("fork", errno);
  if (pid == 0) {
    // When this program ends, a read of the other end reports it. A signal of
    // the terminal is for this program: it ends the tasks after its report.
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
      ::signal(signal, SIG_IGN);
    ::signal(SIGXCPU, SIG_DFL);
    for (const int fd : here_) ::close(fd);
    KeepPageTable(place_);
    static std::array<Server, kTasks> servers;
    for (unsigned i = first; i < setup.tasks; ++i) {
      if (FirstOf(setup, i) != first) continue;
      servers[i] = Server(place_, there_, i);
      if (i != first) servers[i].Start();
    }
    servers[first].Serve();
  }
  for (unsigned i = first; i < setup.tasks; ++i) {
    if (FirstOf(setup, i) != first) continue;
    Opened(i, pid);
    if (i == first) continue;
    const Reply started = Answer(i);
    if (started.error != 0) Die("a thread", started.error);
  }
}

void LiveTasks::End() {
  for (size_t i = 0; i < kTasks; ++i) Closed(i);
  pins_.Clear();
  for (int& file : place_.files) {
    if (file >= 0) ::close(file);
    file = -1;
  }
}

Reply LiveTasks::Do(const Request& request) {
  if (request.event.verb == Verb::kPin || request.event.verb == Verb::kUnpin)
    return DoPin(request.event);
  const size_t task = request.event.task;
  if (::write(here_[task], &request, sizeof(request)) != sizeof(request))
    Die("a write to a socket", errno);
  const Reply reply = Answer(task);
  if (request.event.verb == Verb::kExit) Forget(task);  // it ends by itself
  if (reply.pid > 0) Opened(request.event.new_addr, reply.pid);
  return reply;
}

// A pin is of no task: it stays when the one that took it ends. So this process
// holds it, whose pipes no task has.
Reply LiveTasks::DoPin(const Event& event) {
  Reply reply;
  const unsigned file = event.file & 1;
  if (event.verb == Verb::kUnpin) {
    pins_.Unpin(file, event.addr);
    return reply;
  }
  reply.error = pins_.Pin(file, place_.files[file], event.addr);
  reply.refused = reply.error != 0;
  return reply;
}

// A task whose process has ended does not reply, and its socket stays open in
// the others.
Reply LiveTasks::Answer(size_t task) {
  pollfd answer{.fd = here_[task], .events = POLLIN, .revents = 0};
  while (::poll(&answer, 1, kAnswerLookMilliseconds) <= 0) {
    if (stop_) throw LiveStopped{};
    if (::kill(pids_[task], 0) == 0) continue;
    if (::poll(&answer, 1, 0) > 0) break;
    throw LiveError{
        "live: the machine refused to continue: the process of a task was "
        "killed "
        "(out of memory?)"};
  }
  Reply reply;
  const ssize_t got = ::read(here_[task], &reply, sizeof(reply));
  if (got != sizeof(reply)) Die("a read from a socket", ErrorOfRead(got));
  return reply;
}

View LiveTasks::Look(unsigned task) {
  View view;
  std::string maps;
  if (!ReadMaps(maps_[task], maps)) Die("/proc/PID/maps", errno);
  view.vmas = VmasOf(maps, inodes_);
  std::array<uint64_t, kArenaPages> entries{};
  const ssize_t got =
      ::pread(pagemap_[task], entries.data(), sizeof(entries),
              static_cast<off_t>(kArena / kPage * sizeof(uint64_t)));
  if (got != static_cast<ssize_t>(sizeof(entries)))
    Die("/proc/PID/pagemap", ErrorOfRead(got));
  for (size_t i = 0; i < entries.size(); ++i)
    view.present[i] = (entries[i] >> 62) != 0;
  return view;
}

void LiveTasks::Opened(unsigned task, pid_t pid) {
  pids_[task] = pid;
  const auto open = [&](const char* what) {
    const std::string path = absl::StrFormat("/proc/%d/%s", pid, what);
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) Die(absl::StrCat("/proc/PID/", what), errno);
    return fd;
  };
  maps_[task] = open("maps");
  pagemap_[task] = open("pagemap");
}

void LiveTasks::Closed(size_t task) {
  if (pids_[task] == 0) return;
  ::kill(pids_[task], SIGKILL);
  Forget(task);
}

void LiveTasks::Forget(size_t task) {
  if (maps_[task] >= 0) ::close(maps_[task]);
  if (pagemap_[task] >= 0) ::close(pagemap_[task]);
  maps_[task] = pagemap_[task] = -1;
  pids_[task] = 0;
}

}  // namespace vmtrunc::live
