// vmtrunc live: random sequential scripts on the model and on the running
// kernel, compared after every event.
//
// Each task is a process of its own that does what it is told over a socket;
// the file is a memfd. Page n of an mm is at kBase + n pages.
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <iostream>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "core/machine-inl.h"
#include "core/run.h"
#include "fuzz/mutate.h"

namespace vmtrunc {
namespace {

constexpr size_t kPage = 4096;
// Low, so that few lines of the maps come before it; above what ASan takes.
constexpr uintptr_t kBase = uintptr_t{1} << 45;
constexpr int kTasks = LargeCaps::kTasks;

struct LiveOptions {
  uint64_t runs = 1000;
  int seconds = 0;
  uint64_t seed = 1;
  unsigned events = 32;
  std::string kernel, script;
};

// What a process is told, and what it answers.
struct Request {
  Event event;
  uint8_t size = 0;  // of the file: pages past it are not populated
  uint8_t value = 0;
};
enum class Touch : uint8_t { kNone, kServed, kSigbus, kSigsegv };
struct Reply {
  int32_t pid = 0;  // of the forked process
  Touch touch = Touch::kNone;
  uint8_t value = 0;
};

[[noreturn]] void Die(const char* what) {
  throw UsageError{absl::StrCat("live: ", what, ": ", std::strerror(errno))};
}

// ---- in the processes

sigjmp_buf g_touch;
void OnFault(int signal) { siglongjmp(g_touch, signal); }

// Reads or writes one byte, and says what came of it.
Reply DoTouch(volatile char* at, bool write, uint8_t value) {
  Reply reply;
  const int signal = sigsetjmp(g_touch, 1);
  if (signal != 0) {
    reply.touch = signal == SIGBUS ? Touch::kSigbus : Touch::kSigsegv;
    return reply;
  }
  if (write) *at = static_cast<char>(value);
  reply.value = static_cast<uint8_t>(*at);
  reply.touch = Touch::kServed;
  return reply;
}

char* At(unsigned page) {
  return reinterpret_cast<char*>(kBase + page * kPage);
}

class Server {
 public:
  Server(int file, const std::array<int, kTasks>& sockets, unsigned task)
      : file_(file), sockets_(sockets), task_(task) {}

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
    const int prot = PROT_READ | (e.write ? PROT_WRITE : 0);
    Reply reply;
    switch (e.verb) {
      case Verb::kMmap:
        if (::mmap(At(e.addr), e.len * kPage, prot,
                   MAP_FIXED | (e.is_private ? MAP_PRIVATE : MAP_SHARED), file_,
                   static_cast<off_t>(e.pgoff * kPage)) == MAP_FAILED)
          break;
        for (unsigned i = 0; e.populate && i < e.len; ++i) {
          if (e.pgoff + i < request.size) DoTouch(At(e.addr + i), false, 0);
        }
        break;
      case Verb::kMunmap:
        ::munmap(At(e.addr), e.len * kPage);
        break;
      case Verb::kMprotect:
        ::mprotect(At(e.addr), e.len * kPage, prot);
        break;
      case Verb::kMremap:
        if (e.new_addr == e.addr) {
          ::mremap(At(e.addr), e.len * kPage, e.new_len * kPage, 0);
        } else {
          ::mremap(At(e.addr), e.len * kPage, e.new_len * kPage,
                   MREMAP_MAYMOVE | MREMAP_FIXED, At(e.new_addr));
        }
        break;
      case Verb::kRemap:
        ::remap_file_pages(At(e.addr), e.len * kPage, 0, e.pgoff, 0);
        break;
      case Verb::kRead:
      case Verb::kWrite:
        return DoTouch(At(e.addr), e.verb == Verb::kWrite, request.value);
      case Verb::kFork:
        reply.pid = ::fork();
        if (reply.pid == 0) Server(file_, sockets_, e.new_addr).Serve();
        break;
      case Verb::kTruncate:
        if (::ftruncate(file_, static_cast<off_t>(e.addr * kPage)) != 0) break;
        break;
      case Verb::kPunch:
        ::fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                    static_cast<off_t>(e.addr * kPage),
                    static_cast<off_t>(e.len * kPage));
        break;
      default:
        break;
    }
    return reply;
  }

  int file_;
  std::array<int, kTasks> sockets_;
  unsigned task_;
};

// ---- in the command

// What one mm looks like, on either side.
struct View {
  std::string vmas;                 // a line a vma
  std::array<bool, 256> present{};  // a page is mapped there
};

class Live {
 public:
  Live() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < kTasks; ++i) {
      int pair[2];
      if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        Die("socketpair");
      here_[static_cast<size_t>(i)] = pair[0];
      there_[static_cast<size_t>(i)] = pair[1];
    }
    // A fault in a process is an answer.
    struct sigaction action{};
    action.sa_handler = OnFault;
    action.sa_flags = SA_NODEFER;
    ::sigaction(SIGBUS, &action, nullptr);
    ::sigaction(SIGSEGV, &action, nullptr);
  }
  ~Live() {
    End();
    for (const int fd : here_) ::close(fd);
    for (const int fd : there_) ::close(fd);
  }
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  void Begin(const Setup& setup) {
    file_ = ::memfd_create("live", MFD_CLOEXEC);
    if (file_ < 0) Die("memfd_create");
    for (unsigned i = 0; i < setup.sizes[0]; ++i) {
      const char value = static_cast<char>(i + 1);
      if (::pwrite(file_, &value, 1, static_cast<off_t>(i * kPage)) != 1)
        Die("pwrite");
    }
    if (::ftruncate(file_, static_cast<off_t>(setup.sizes[0] * kPage)) != 0)
      Die("ftruncate");
    for (unsigned i = 0; i < setup.tasks; ++i) {
      const pid_t pid = ::fork();
      if (pid < 0) Die("fork");
      if (pid == 0) Server(file_, there_, i).Serve();
      Opened(i, pid);
    }
  }

  void End() {
    for (size_t i = 0; i < kTasks; ++i) Closed(i);
    if (file_ >= 0) ::close(file_);
    file_ = -1;
  }

  Reply Do(const Request& request) {
    const int socket = here_[request.event.task];
    if (::write(socket, &request, sizeof(request)) != sizeof(request))
      Die("write");
    Reply reply;
    if (::read(socket, &reply, sizeof(reply)) != sizeof(reply)) Die("read");
    if (request.event.verb == Verb::kExit) {
      pids_[request.event.task] = 0;  // it ends by itself
      ::close(maps_[request.event.task]);
      ::close(pagemap_[request.event.task]);
    }
    if (reply.pid > 0) Opened(request.event.new_addr, reply.pid);
    return reply;
  }

  View Look(unsigned task) {
    View view;
    char text[16384];
    const ssize_t size = ::pread(maps_[task], text, sizeof(text) - 1, 0);
    if (size <= 0) Die("/proc/PID/maps");
    text[size] = 0;
    for (const char* line = text; line != nullptr && *line != 0;) {
      char* rest = nullptr;
      const uint64_t start = std::strtoull(line, &rest, 16);
      const uint64_t end = std::strtoull(rest + 1, &rest, 16);
      if (start >= kBase + 256 * kPage) break;
      const std::string prot(rest + 1, 4);
      const uint64_t offset = std::strtoull(rest + 6, nullptr, 16);
      if (start >= kBase)
        view.vmas += VmaLine((start - kBase) / kPage, (end - kBase) / kPage,
                             prot[3] == 's', prot[1] == 'w', offset / kPage);
      line = std::strchr(line, '\n');
      if (line != nullptr) ++line;
    }
    std::array<uint64_t, 256> entries{};
    if (::pread(pagemap_[task], entries.data(), sizeof(entries),
                static_cast<off_t>(kBase / kPage * sizeof(uint64_t))) !=
        static_cast<ssize_t>(sizeof(entries)))
      Die("/proc/PID/pagemap");
    for (size_t i = 0; i < entries.size(); ++i)
      view.present[i] = (entries[i] >> 62) != 0;
    return view;
  }

  static std::string VmaLine(uint64_t start, uint64_t end, bool shared,
                             bool write, uint64_t pgoff) {
    return absl::StrFormat("[%d, %d) %s %s pgoff %d\n", start, end,
                           shared ? "shared" : "private", write ? "rw" : "r",
                           pgoff);
  }

 private:
  void Opened(unsigned task, pid_t pid) {
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
  void Closed(size_t task) {
    if (pids_[task] == 0) return;
    ::kill(pids_[task], SIGKILL);
    ::close(maps_[task]);
    ::close(pagemap_[task]);
    pids_[task] = 0;
  }

  int file_ = -1;
  std::array<int, kTasks> here_{}, there_{}, maps_{}, pagemap_{};
  std::array<pid_t, kTasks> pids_{};
};

// Counts what the scripts make happen.
class MergeProbe : public NoProbe<LargeCaps> {
 public:
  void Adjusts(unsigned merge_case) { ++cases_[merge_case]; }
  const std::array<uint64_t, 9>& cases() const { return cases_; }

 private:
  std::array<uint64_t, 9> cases_{};  // 0: a split or growth in place
};

using World_ = World<LargeCaps>;

View LookAtModel(const World_& w, unsigned task) {
  View view;
  const unsigned mm = w.tasks[task].mm;
  for (Slot slot = w.mms[mm].mmap; slot != kNone; slot = w.vmas[slot].mm_next) {
    const Vma& vma = w.vmas[slot];
    view.vmas += Live::VmaLine(vma.start, vma.end, vma.shared != 0,
                               vma.write != 0, vma.pgoff);
  }
  for (size_t i = 0; i < view.present.size(); ++i)
    view.present[i] = w.mms[mm].ptes[i].present();
  return view;
}

// What a touch that has just been made must have come to.
Touch TouchOfModel(const World_& w, const Event& event) {
  const unsigned mm = w.tasks[event.task].mm;
  for (Slot slot = w.mms[mm].mmap; slot != kNone; slot = w.vmas[slot].mm_next) {
    const Vma& vma = w.vmas[slot];
    if (event.addr < vma.start || event.addr >= vma.end) continue;
    if (event.verb == Verb::kWrite && vma.write == 0) return Touch::kSigsegv;
    return w.mms[mm].ptes[event.addr].present() ? Touch::kServed
                                                : Touch::kSigbus;
  }
  return Touch::kSigsegv;
}

const char* TouchName(Touch touch) {
  constexpr const char* kNames[] = {"nothing", "served", "SIGBUS", "SIGSEGV"};
  return kNames[static_cast<size_t>(touch)];
}

std::string Present(const View& view) {
  std::string text;
  for (size_t i = 0; i < view.present.size(); ++i)
    if (view.present[i]) absl::StrAppend(&text, text.empty() ? "" : " ", i);
  return text.empty() ? "none" : text;
}

struct Totals {
  uint64_t scripts = 0;
  uint64_t events = 0;
  uint64_t effects = 0;
  std::map<Verb, uint64_t> verbs;
};

class Comparison {
 public:
  Comparison(const LiveOptions& options)
      : rules_(OneKernel(options.kernel).rules()) {}

  // Returns what differs, or "". `at` is the event after which it does.
  std::string Compare(const Script& script, size_t& at) {
    World_ world = MakeWorld<LargeCaps>(script.setup, rules_);
    Machine<LargeCaps, MergeProbe> machine(world, rules_, probe_);
    live_.Begin(script.setup);
    values_.fill(0);
    for (unsigned i = 0; i < script.setup.sizes[0]; ++i)
      values_[i] = static_cast<uint8_t>(i + 1);
    std::string differs;
    ++totals_.scripts;
    for (at = 0; at < script.events.size() && differs.empty(); ++at) {
      const Event& event = script.events[at];
      if (world.tasks[event.task].live == 0 ||
          event.kind != EventKind::kStart || event.verb == Verb::kInvalidate)
        continue;
      differs = CompareEvent(world, machine, event);
    }
    live_.End();
    return differs;
  }

  const Totals& totals() const { return totals_; }
  const MergeProbe& probe() const { return probe_; }

 private:
  std::string CompareEvent(World_& world,
                           Machine<LargeCaps, MergeProbe>& machine,
                           const Event& event) {
    const World_ before = world;
    const bool effect = machine.Apply(event);
    ++totals_.events;
    totals_.effects += effect ? 1 : 0;
    ++totals_.verbs[event.verb];
    // The model refuses some operations before the kernel sees them.
    const bool starts = event.verb != Verb::kFork ||
                        (before.tasks[event.new_addr].live == 0 && effect);
    const bool in_space =
        event.addr >= 1 && event.len >= 1 && event.addr + event.len <= 256;
    const bool ranged =
        event.verb == Verb::kMmap || event.verb == Verb::kMunmap ||
        event.verb == Verb::kMprotect || event.verb == Verb::kMremap ||
        event.verb == Verb::kRemap;
    if (!starts || (ranged && !in_space)) return "";
    if (event.verb == Verb::kMremap &&
        (event.new_addr < 1 || event.new_len < 1 || event.fail_after != 0 ||
         event.new_addr + event.new_len > 256))
      return "";
    if (event.verb == Verb::kPunch && event.len == 0) return "";
    const Reply reply =
        live_.Do({.event = event,
                  .size = static_cast<uint8_t>(before.files[0].size),
                  .value = ++value_});
    for (unsigned task = 0; task < kTasks; ++task) {
      if (world.tasks[task].live == 0) continue;
      const View model = LookAtModel(world, task);
      const View kernel = live_.Look(task);
      if (model.vmas == kernel.vmas && model.present == kernel.present)
        continue;
      return absl::StrFormat(
          "of task %c the model has\n%s  present: %s\nthe kernel has\n%s"
          "  present: %s\n",
          'a' + task, model.vmas, Present(model), kernel.vmas, Present(kernel));
    }
    return CompareTouch(world, event, reply);
  }

  std::string CompareTouch(const World_& world, const Event& event,
                           const Reply& reply) {
    for (unsigned i = 0; i < values_.size(); ++i)
      if ((world.files[0].cached >> i & 1) == 0) values_[i] = 0;
    if (event.verb != Verb::kRead && event.verb != Verb::kWrite) return "";
    const Touch touch = TouchOfModel(world, event);
    if (touch != reply.touch)
      return absl::StrFormat("the model's touch: %s, the kernel's: %s\n",
                             TouchName(touch), TouchName(reply.touch));
    const Pte pte = world.mms[world.tasks[event.task].mm].ptes[event.addr];
    if (touch != Touch::kServed || pte.kind() != PteKind::kPage) return "";
    uint8_t& value = values_[pte.index()];
    if (event.verb == Verb::kWrite) value = value_;
    if (value == reply.value) return "";
    return absl::StrFormat("page %d has %d in the model, the kernel read %d\n",
                           pte.index(), value, reply.value);
  }

  Rules rules_;
  Live live_;
  MergeProbe probe_;
  Totals totals_;
  uint8_t value_ = 100;  // what the next write writes
  std::array<uint8_t, LargeCaps::kFilePages> values_{};  // of the file's pages
};

// Sequential events that mostly do something: by tasks that live, around what
// is mapped.
Script RandomLive(Random& random, size_t events, const Rules& rules) {
  constexpr Verbs kVerbsHere = kAllVerbs & ~(1U << 12);  // no invalidate
  Script script = EmptyScript();
  script.setup.tasks = 2;
  script.setup.sizes[0] = static_cast<uint8_t>(4 + random.Below(16));
  World_ world = MakeWorld<LargeCaps>(script.setup, rules);
  NoProbe<LargeCaps> probe;
  Machine<LargeCaps, NoProbe<LargeCaps>> machine(world, rules, probe);
  while (script.events.size() < events) {
    Event event = RandomEvent(script, random, kVerbsHere);
    if (event.verb == Verb::kNone) continue;
    if (event.verb == Verb::kExit && random.Below(4) != 0) continue;
    event.kind = EventKind::kStart;
    event.fail_after = 0;
    const unsigned first = random.Below(kTasks);
    for (unsigned i = 0; i < kTasks; ++i) {
      event.task = static_cast<uint8_t>((first + i) % kTasks);
      if (world.tasks[event.task].live != 0) break;
    }
    // An event without effect is kept now and then.
    World_ after = world;
    Machine<LargeCaps, NoProbe<LargeCaps>> trial(after, rules, probe);
    const bool effect = trial.Apply(event);
    if (world.tasks[event.task].live == 0) break;
    if (!effect && random.Below(4) != 0) continue;
    world = after;
    script.events.push_back(event);
  }
  return script;
}

int ReportDivergence(const LiveOptions& o, const Script& script, size_t at,
                     const std::string& differs) {
  Script shown = script;
  shown.events.resize(at);
  const std::string path = "live-divergence.vmt";
  WriteFile(path, ToText(shown));
  std::cout << absl::StrFormat(
      "%s and the running kernel differ after event %d, `%s`:\n%s\n%s\n"
      "Run it again:  vmtrunc live %s --kernel %s\n",
      o.kernel, at, ToText(script.events[at - 1], script), differs,
      ToText(shown), path, o.kernel);
  return kExitBroken;
}

void PrintTotals(const Comparison& comparison, double seconds) {
  const Totals& totals = comparison.totals();
  std::cout << absl::StrFormat(
      "%d scripts, %d events, %d %% with an effect, %.1f s: no divergence\n",
      totals.scripts, totals.events,
      totals.events == 0 ? 0 : 100 * totals.effects / totals.events, seconds);
  std::cout << "verbs:";
  for (const auto& [verb, count] : totals.verbs)
    std::cout << " " << VerbName(verb) << " " << count;
  std::cout << "\nmerge cases:";
  for (size_t i = 1; i < comparison.probe().cases().size(); ++i)
    std::cout << " " << i << ":" << comparison.probe().cases()[i];
  std::cout << "\n";
}

// 6.x is 6.17 and later; what mremap has learned there is taken back before.
std::string KernelLike(const std::string& release) {
  int major = 0;
  int minor = 0;
  std::sscanf(release.c_str(), "%d.%d", &major, &minor);
  const bool older = major < 6 || (major == 6 && minor < 17);
  return older ? "6.x-mremap-checks-first-mremap-moves-many" : "6.x";
}

int RunLive(LiveOptions o) {
  utsname name{};
  ::uname(&name);
  if (o.kernel.empty()) o.kernel = KernelLike(name.release);
  std::cout << "running kernel: " << name.sysname << " " << name.release << " "
            << name.machine << ", compared with " << o.kernel << "\n";
  if (::sysconf(_SC_PAGESIZE) != static_cast<long>(kPage))
    throw UsageError{"live: expected pages of 4096 bytes"};
  Comparison comparison(o);
  size_t at = 0;
  if (!o.script.empty()) {
    const Script script = ReadScript(o.script, "");
    const std::string differs = comparison.Compare(script, at);
    if (!differs.empty()) return ReportDivergence(o, script, at, differs);
    PrintTotals(comparison, 0);
    return kExitHeld;
  }
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         start)
        .count();
  };
  const Rules rules = OneKernel(o.kernel).rules();
  const bool terminal = ::isatty(2) != 0;
  double shown = 0;
  for (uint64_t run = 0; run < o.runs; ++run) {
    if (o.seconds != 0 && seconds() > o.seconds) break;
    Random random(o.seed * 1000003 + run);
    const Script script = RandomLive(random, o.events, rules);
    const std::string differs = comparison.Compare(script, at);
    if (!differs.empty()) return ReportDivergence(o, script, at, differs);
    if (terminal && seconds() > shown + 1) {
      shown = seconds();
      std::cerr << "\r" << run << " scripts, " << static_cast<int>(shown)
                << " s" << std::flush;
    }
  }
  if (terminal) std::cerr << "\r";
  PrintTotals(comparison, seconds());
  return kExitHeld;
}

}  // namespace

void AddLive(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "live", "plays sequential scripts on the model and the running kernel");
  auto o = std::make_shared<LiveOptions>();
  sub->add_option("script", o->script, "one script instead of random ones");
  sub->add_option("--runs", o->runs, "how many scripts, 1000 by default");
  sub->add_option("--seconds", o->seconds, "at most so long; 0: no limit");
  sub->add_option("--seed", o->seed, "of the scripts");
  sub->add_option("--events", o->events, "a script, 32 by default")
      ->check(CLI::Range(1, kMaxEvents));
  sub->add_option("--kernel", o->kernel, "6.x by default, as the release is");
  sub->callback([=, &run] { run = [=] { return RunLive(*o); }; });
}

}  // namespace vmtrunc
