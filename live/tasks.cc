#include "live/tasks.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace vmtrunc {
namespace {

[[noreturn]] void Die(const char* what) {
  throw LiveError{absl::StrCat("live: ", what, ": ", std::strerror(errno))};
}

// One task, in its process.
class Server {
 public:
  Server(const Place& place, const std::array<int, kTasks>& sockets,
         unsigned task)
      : place_(place), sockets_(sockets), task_(task) {}

  [[noreturn]] void Serve() {
    for (;;) {
      Request request;
      if (::read(sockets_[task_], &request, sizeof(request)) != sizeof(request))
        ::_exit(0);
      const Reply reply = Do(request);
      if (::write(sockets_[task_], &reply, sizeof(reply)) != sizeof(reply))
        ::_exit(0);
      if (request.event.verb == Verb::kExit) ::_exit(0);
    }
  }

 private:
  Reply Do(const Request& request) {
    const Event& e = request.event;
    Reply reply;
    if (e.verb == Verb::kRead || e.verb == Verb::kWrite) {
      const Touched touched =
          TouchWord(place_.At(e.addr), e.verb == Verb::kWrite, request.value);
      reply.touch = touched.touch;
      reply.value = static_cast<uint8_t>(touched.value);
    } else if (e.verb == Verb::kFork) {
      reply.pid = ::fork();
      if (reply.pid == 0) Server(place_, sockets_, e.new_addr).Serve();
    } else if (Call(e, place_) && e.verb == Verb::kMmap && e.populate) {
      for (unsigned i = 0; i < e.len; ++i) {
        if (e.pgoff + i < request.size)
          TouchWord(place_.At(e.addr + i), false, 0);
      }
    }
    return reply;
  }

  Place place_;
  std::array<int, kTasks> sockets_;
  unsigned task_;
};

// The vmas in the arena, of the text of /proc/PID/maps.
std::string VmasOf(const char* text) {
  std::string vmas;
  for (const char* line = text; line != nullptr && *line != 0;) {
    char* rest = nullptr;
    const uint64_t start = std::strtoull(line, &rest, 16);
    const uint64_t end = std::strtoull(rest + 1, &rest, 16);
    if (start >= kArena + kArenaPages * kPage) break;
    const std::string prot(rest + 1, 4);
    const uint64_t offset = std::strtoull(rest + 6, nullptr, 16);
    if (start >= kArena)
      vmas += VmaLine((start - kArena) / kPage, (end - kArena) / kPage,
                      prot[3] == 's', prot[1] == 'w', offset / kPage);
    line = std::strchr(line, '\n');
    if (line != nullptr) ++line;
  }
  return vmas;
}

}  // namespace

std::string VmaLine(uint64_t start, uint64_t end, bool shared, bool write,
                    uint64_t pgoff) {
  return absl::StrFormat("[%d, %d) %s %s pgoff %d\n", start, end,
                         shared ? "shared" : "private", write ? "rw" : "r",
                         pgoff);
}

LiveTasks::LiveTasks() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::signal(SIGCHLD, SIG_IGN);
  for (size_t i = 0; i < kTasks; ++i) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
      Die("socketpair");
    here_[i] = pair[0];
    there_[i] = pair[1];
  }
  AnswerFaults();
}

LiveTasks::~LiveTasks() {
  End();
  for (const int fd : here_) ::close(fd);
  for (const int fd : there_) ::close(fd);
}

void LiveTasks::Begin(const Setup& setup) {
  int& file = place_.files[0];
  file = ::memfd_create("live", MFD_CLOEXEC);
  if (file < 0) Die("memfd_create");
  place_.files[1] = file;  // events of a second file act on the one there is
  for (unsigned i = 0; i < setup.sizes[0]; ++i) {
    const char value = static_cast<char>(i + 1);
    if (::pwrite(file, &value, 1, static_cast<off_t>(i * kPage)) != 1)
      Die("pwrite");
  }
  if (::ftruncate(file, static_cast<off_t>(setup.sizes[0] * kPage)) != 0)
    Die("ftruncate");
  for (unsigned i = 0; i < setup.tasks; ++i) {
    const pid_t pid = ::fork();
    if (pid < 0) Die("fork");
    if (pid == 0) Server(place_, there_, i).Serve();
    Opened(i, pid);
  }
}

void LiveTasks::End() {
  for (size_t i = 0; i < kTasks; ++i) Closed(i);
  if (place_.files[0] >= 0) ::close(place_.files[0]);
  place_.files[0] = -1;
}

Reply LiveTasks::Do(const Request& request) {
  const size_t task = request.event.task;
  if (::write(here_[task], &request, sizeof(request)) != sizeof(request))
    Die("write");
  Reply reply;
  if (::read(here_[task], &reply, sizeof(reply)) != sizeof(reply)) Die("read");
  if (request.event.verb == Verb::kExit) {
    pids_[task] = 0;  // it ends by itself
    ::close(maps_[task]);
    ::close(pagemap_[task]);
  }
  if (reply.pid > 0) Opened(request.event.new_addr, reply.pid);
  return reply;
}

View LiveTasks::Look(unsigned task) {
  View view;
  char text[16384];
  const ssize_t size = ::pread(maps_[task], text, sizeof(text) - 1, 0);
  if (size <= 0) Die("/proc/PID/maps");
  text[size] = 0;
  view.vmas = VmasOf(text);
  std::array<uint64_t, kArenaPages> entries{};
  if (::pread(pagemap_[task], entries.data(), sizeof(entries),
              static_cast<off_t>(kArena / kPage * sizeof(uint64_t))) !=
      static_cast<ssize_t>(sizeof(entries)))
    Die("/proc/PID/pagemap");
  for (size_t i = 0; i < entries.size(); ++i)
    view.present[i] = (entries[i] >> 62) != 0;
  return view;
}

void LiveTasks::Opened(unsigned task, pid_t pid) {
  pids_[task] = pid;
  const auto open = [&](const char* what) {
    const std::string path = absl::StrFormat("/proc/%d/%s", pid, what);
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) Die(path.c_str());
    return fd;
  };
  maps_[task] = open("maps");
  pagemap_[task] = open("pagemap");
}

void LiveTasks::Closed(size_t task) {
  if (pids_[task] == 0) return;
  ::kill(pids_[task], SIGKILL);
  ::close(maps_[task]);
  ::close(pagemap_[task]);
  pids_[task] = 0;
}

}  // namespace vmtrunc
