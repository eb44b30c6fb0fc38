#include "live/race.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/stop.h"
#include "base/streams.h"
#include "live/moves.h"
#include "live/rounds.h"
#include "live/tasks.h"
#include "live/truth.h"

namespace vmtrunc::live {
namespace {

constexpr useconds_t kLookMicroseconds = 20000;
// Time for the child to detect a hang by itself, and to end.
constexpr double kGraceSeconds = 5;

std::atomic<uint32_t>* g_stop = nullptr;
void OnStop(int) { g_stop->store(1); }

double Since(uint64_t start) {
  return static_cast<double>(Now() - start) * 1e-9;
}

RaceReport ReportOf(const RaceShared& s, uint64_t start) {
  const RaceTotals& t = s.totals;
  RaceReport r;
  r.rounds = t.rounds;
  r.operations = t.operations;
  r.refused = t.refused;
  r.overlapped = t.overlapped;
  r.overlapped_pass = t.overlapped_pass;
  r.sigbus = t.sigbus;
  r.sigsegv = t.sigsegv;
  r.forks = t.forks;
  r.quiescent = t.quiescent;
  r.pages = t.pages;
  r.pages_past = t.pages_past;
  r.sigbus_checked = t.sigbus_checked;
  r.moves = t.moves;
  r.reads_served = t.reads_served;
  r.writes_served = t.writes_served;
  r.script.assign(s.text, s.text_size.load());
  r.seconds = Since(start);
  r.stopped = s.stop.load() != 0;
  if (s.failed.load() == 2) {
    r.invariant = s.failure.invariant;
    r.task = s.failure.task;
    r.what = s.failure.text;
  }
  return r;
}

// SIGINT, SIGTERM and SIGHUP request the end during its lifetime; SIGHUP only
// if it was not ignored (nohup).
class Stopping {
 public:
  explicit Stopping(std::atomic<uint32_t>& stop) {
    g_stop = &stop;
    struct sigaction action{};
    action.sa_handler = OnStop;
    ::sigaction(SIGINT, &action, &interrupt_);
    ::sigaction(SIGTERM, &action, &terminate_);
    ::sigaction(SIGHUP, &action, &hang_up_);
    if (hang_up_.sa_handler == SIG_IGN) ::sigaction(SIGHUP, &hang_up_, nullptr);
  }
  ~Stopping() {
    ::sigaction(SIGINT, &interrupt_, nullptr);
    ::sigaction(SIGTERM, &terminate_, nullptr);
    ::sigaction(SIGHUP, &hang_up_, nullptr);
  }
  Stopping(const Stopping&) = delete;
  Stopping& operator=(const Stopping&) = delete;

 private:
  struct sigaction interrupt_{}, terminate_{}, hang_up_{};
};

// Waits for the child; its death by a signal is a failure, and so is silence,
// after which it is killed and not waited for.
void Watch(RaceShared& s, pid_t child, const RaceOptions& options,
           uint64_t start,
           const std::function<void(const RaceReport&)>& progress) {
  // Counts polls, not time: while this process is stopped, it does not count.
  const double limit = (options.hang + kGraceSeconds) * 1e6 / kLookMicroseconds;
  unsigned still = 0;
  uint32_t before = 0;
  const uint64_t oom_kills = OomKills();
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(child, &status, WNOHANG);
    if (pid == child) {
      if (WIFSIGNALED(status) && !RefusedBySignal(s, status, oom_kills))
        Fail(s, "I5", kNobody,
             "the process that runs the rounds was killed by signal %d",
             WTERMSIG(status));
      return;
    }
    const uint32_t now = s.meeting.generation();
    still = now == before ? still + 1 : 0;
    before = now;
    if (still > limit) {
      Fail(s, "I5", kNobody,
           "the process that runs the rounds does not answer");
      ::kill(child, SIGKILL);
      return;
    }
    if (base::NobodyReads()) s.stop.store(1);
    progress(ReportOf(s, start));
    ::usleep(kLookMicroseconds);
  }
}

// A pipe whose writing end each process of a race has, from fork() to its end,
// and nobody else: not the children that this process had before.
class Lifeline {
 public:
  Lifeline() {
    if (::pipe2(ends_, O_CLOEXEC) != 0)
      throw LiveError{absl::StrCat("live: the machine refused a pipe: ",
                                   std::strerror(errno))};
  }
  ~Lifeline() {
    Close(0);
    Close(1);
  }
  Lifeline(const Lifeline&) = delete;
  Lifeline& operator=(const Lifeline&) = delete;

  // In the child.
  void Hold() { Close(0); }

  // In the parent. The tasks' processes die with the child. One that cannot
  // die, because the kernel hangs, is left.
  void WaitForEnd() {
    Close(1);
    const uint64_t start = Now();
    pollfd end{.fd = ends_[0], .events = POLLIN, .revents = 0};
    while (::poll(&end, 1, kLookMicroseconds / 1000) <= 0)
      if (Since(start) >= kGraceSeconds) return;
  }

 private:
  void Close(int end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }
  int ends_[2] = {-1, -1};
};

// Of a child that Watch() has killed, after its end; one that cannot die is
// left.
void Reap(pid_t child) {
  constexpr int kMostLooks = 10;  // it closes its pipe a moment before it ends
  for (int i = 0; i < kMostLooks; ++i) {
    if (::waitpid(child, nullptr, WNOHANG) != 0) return;
    ::usleep(kLookMicroseconds);
  }
}

struct Unmap {
  void operator()(void* memory) const { ::munmap(memory, sizeof(RaceShared)); }
};

}  // namespace

const std::vector<std::string>& PlantNames() {
  static const std::vector<std::string> names = {
      "",        "I1",      "I1-pte", "I2",       "I3", "I3-copy", "I4",
      "I5-dead", "I5-hang", "M1",     "M1-stale", "M2", "M2-anon"};
  return names;
}

const std::vector<std::string>& PatternNames() {
  static const std::vector<std::string> names = {"", "move-tlb", "move-table"};
  return names;
}

RaceReport Race(const RaceOptions& options,
                const std::function<void(const RaceReport&)>& progress) {
  void* memory = ::mmap(nullptr, sizeof(RaceShared), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    throw LiveError{absl::StrCat("live: the machine refused memory: ",
                                 std::strerror(errno))};
  // Declared before `stopping`, whose handler writes to it, to outlive it.
  const std::unique_ptr<void, Unmap> mapped(memory);
  auto& shared = *new (memory) RaceShared();
  shared.place.unit = options.unit;
  shared.check = options.check;
  shared.delay = options.delay;
  shared.plant = options.plant;
  Lifeline lifeline;
  const uint64_t start = Now();
  const Stopping stopping(shared.stop);
  if (base::IsToldToStop()) shared.stop.store(1);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0)
    throw LiveError{
        absl::StrCat("live: the machine refused fork: ", std::strerror(errno))};
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    lifeline.Hold();
    if (options.pattern == Pattern::kNone)
      Rounds(shared, options).Run();
    else
      RunMoves(shared, options);
    ::_exit(0);
  }
  Watch(shared, child, options, start, progress);
  lifeline.WaitForEnd();
  Reap(child);
  RaceReport report = ReportOf(shared, start);
  if (report.invariant != kSetup) return report;
  if (report.rounds == 0) throw LiveError{absl::StrCat("live: ", report.what)};
  report.ran_out = std::exchange(report.what, "");
  report.invariant.clear();
  report.task = kNobody;
  return report;
}

}  // namespace vmtrunc::live
