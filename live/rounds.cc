#include "live/rounds.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/place.h"
#include "base/write.h"
#include "core/check.h"
#include "live/racer.h"
#include "live/truth.h"
#include "search/make.h"
#include "search/mutate.h"

namespace vmtrunc::live {
namespace {

// For each process. The files are bounded by the script: 2 of 64 units.
constexpr rlim_t kAddressSpace = rlim_t{1} << 30;
constexpr int kLookMilliseconds = 50;

// Without events that the kernel cannot play, so that the written script is the
// raced one.
Script OfSystemCalls(Script script) {
  std::erase_if(script.events, [](const Event& event) {
    return event.verb == Verb::kInvalidate;
  });
  for (Event& event : script.events) event.fail_after = 0;
  return script;
}

// Half of them as the fuzzer makes them, around passes with decreasing sizes;
// half of single events, with sizes that rise and fall.
Script RandomScript(uint64_t seed, unsigned events) {
  if (seed % 2 == 0) return OfSystemCalls(search::MakeScript(seed, events));
  base::Random random(seed);
  Script script = search::RandomSetup(random);
  while (script.events.size() < events) {
    Event event = search::RandomEvent(script, random);
    if (event.verb == Verb::kNone) continue;
    // Otherwise few tasks reach the end.
    if (event.verb == Verb::kExit && random.Below(4) != 0) continue;
    event.kind = EventKind::kStart;
    script.events.push_back(event);
  }
  return OfSystemCalls(std::move(script));
}

}  // namespace

void CountRound(RaceShared& s) {
  RaceTotals& totals = s.totals;
  for (unsigned i = 0; i < s.count; ++i) {
    const RaceOp& op = s.ops[i];
    if (op.end == 0) continue;
    bool any = false, pass = false;
    for (unsigned j = 0; j < s.count; ++j) {
      const RaceOp& other = s.ops[j];
      if (other.event.task == op.event.task || other.end == 0 ||
          other.start >= op.end || op.start >= other.end)
        continue;
      any = true;
      pass = pass || IsPass(other.event.verb);
    }
    const bool touch = op.touch != Touch::kNone;
    ++totals.operations;
    totals.overlapped += any ? 1 : 0;
    totals.overlapped_pass += pass ? 1 : 0;
    totals.refused += !op.done && !touch ? 1 : 0;
    totals.sigbus += op.touch == Touch::kSigbus ? 1 : 0;
    totals.sigsegv += op.touch == Touch::kSigsegv ? 1 : 0;
  }
  ++totals.rounds;
}

void Rounds::Run() {
  try {
    RunAll();
  } catch (const std::bad_alloc&) {
    Refused(s_, kNobody, "memory", ENOMEM);
  }
}

void Rounds::RunAll() {
  BoundProcess();
  oom_kills_ = OomKills();
  MakeFiles();
  const uint64_t start = Now();
  for (uint64_t run = 0; run < options_.runs; ++run) {
    const double seconds = static_cast<double>(Now() - start) * 1e-9;
    if (options_.seconds > 0 && seconds > options_.seconds) return;
    if (s_.stop.load() != 0) return;
    const Script script =
        options_.script
            ? *options_.script
            : RandomScript(options_.seed * 1000003 + run, options_.events);
    if (!RunRound(script)) return;
  }
}

void BoundProcess() {
  const rlimit space{.rlim_cur = kAddressSpace, .rlim_max = kAddressSpace};
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_AS, &space);
  ::setrlimit(RLIMIT_CORE, &none);
  // the parent has them, and ends this process
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // then it is EFBIG
  ::signal(SIGXCPU, SIG_DFL);
}

int OpenUnnamed(RaceShared& shared, const std::string& dir) {
  const int file =
      dir.empty() ? ::memfd_create("live", MFD_CLOEXEC)
                  : ::open(dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0)
    Refused(
        shared, kNobody,
        absl::StrCat("a file without a name in ", dir.empty() ? "memory" : dir)
            .c_str(),
        errno);
  return file;
}

void Rounds::MakeFiles() {
  for (int& file : s_.place.files) file = OpenUnnamed(s_, options_.dir);
}

bool Rounds::RunRound(const Script& script) {
  if (s_.failed.load() != 0 || !WriteScript(script)) return false;
  Reset(script);
  const Setup& setup = s_.setup;
  for (unsigned t = 0; t < setup.tasks; ++t) {
    if (setup.mm_of[t] == t && (pids_[t] == 0 || s_.gone[t].load() != 0))
      Start(t);
  }
  if (s_.failed.load() != 0) return false;
  for (unsigned t = 0; t < setup.tasks; ++t) {
    if (setup.mm_of[t] != t) continue;
    s_.go[t].store(s_.round);
    FutexWake(s_.go[t]);
  }
  WaitForEnd(script);
  if (s_.running.load() == 0) CountRound(s_);
  return s_.failed.load() == 0;
}

void Rounds::Reset(const Script& script) {
  // A given one has been looked at, random ones have nothing else.
  VMT_CHECK(Deal(script, options_.meet, s_).refused.empty());
  ++s_.round;
  s_.window_first = s_.checks = 0;
  for (unsigned f = 0; f < 2; ++f) {
    FileTruth& file = s_.file[f];
    std::fill(std::begin(file.page), std::end(file.page), PageTruth{});
    file.pages = script.setup.sizes[f] * s_.place.unit;
    // Empty in between: nothing of the last round is in the cache.
    for (const unsigned pages : {0U, file.pages})
      if (::ftruncate(s_.place.files[f], static_cast<off_t>(pages * kPage)) !=
          0)
        Refused(s_, kNobody, "ftruncate", errno);
  }
  StampPages(s_);
  uint32_t mms = 0;
  const unsigned tasks = script.setup.tasks;
  for (unsigned t = 0; t < kTasks; ++t) {
    s_.live[t].store(t < tasks ? 1 : 0);
    s_.mm[t].store(s_.setup.mm_of[t]);
    s_.at[t].store(0);
    mms += t < tasks && s_.setup.mm_of[t] == t ? 1 : 0;
  }
  s_.next_mm.store(kTasks);
  s_.running.store(mms);
  s_.meeting.Open(tasks);
}

void Rounds::Start(unsigned task) {
  const uint32_t last = s_.go[task].load();
  const pid_t self = ::getpid();
  s_.gone[task].store(0);
  const pid_t pid = ::fork();
  if (pid == 0) Racer(s_).Serve(task, self, last);
  if (pid < 0) Refused(s_, kNobody, "fork", errno);
  pids_[task] = pid;
}

void Rounds::WaitForEnd(const Script& script) {
  // Counts polls, not time: while this process is stopped, it does not count.
  const double limit = options_.hang * 1000 / kLookMilliseconds;
  unsigned still = 0;
  uint64_t before = 0;
  for (uint32_t running; (running = s_.running.load()) != 0;) {
    FutexWait(s_.running, running, kLookMilliseconds);
    Reap(script);
    if (s_.failed.load() == 2) return;
    const uint64_t state =
        uint64_t{s_.meeting.generation()} << 32 | s_.running.load();
    still = state == before ? still + 1 : 0;
    before = state;
    if (still > limit)
      return Fail(s_, "I5", kNobody, "no progress for %.0f s; in flight: %s",
                  options_.hang, UnderWay(script).c_str());
  }
  Reap(script);
}

// A process that ends normally has exit status 0.
void Rounds::Reap(const Script& script) {
  int status = 0;
  for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    const auto at = std::find(pids_.begin(), pids_.end(), pid);
    const auto task = static_cast<unsigned>(at - pids_.begin());
    if (at != pids_.end()) *at = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
    if (RefusedBySignal(s_, status, oom_kills_)) return;
    const std::string whose =
        task < kTasks ? absl::StrCat("of task ", script.task_names[task])
                      : "forked by a task";
    Fail(s_, "I5", kNobody, "the process %s ended with %s %d; in flight: %s",
         whose.c_str(), WIFSIGNALED(status) ? "signal" : "exit status",
         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
         UnderWay(script).c_str());
  }
}

std::string Rounds::UnderWay(const Script& script) const {
  std::string text;
  for (const std::atomic<uint32_t>& at : s_.at) {
    const uint32_t op = at.load();
    if (op == 0 || op > s_.count) continue;
    absl::StrAppend(&text, text.empty() ? "" : "; ",
                    ToText(s_.ops[op - 1].event, script));
  }
  return text.empty() ? "nothing" : text;
}

// Written before it runs, so that it can be read after it hangs the machine. A
// given script is in a file already.
bool Rounds::WriteScript(const Script& script) {
  if (options_.script) return true;
  const std::string text = ToText(script);
  const int out = options_.out;
  const std::string before(s_.text, s_.text_size.load());
  // Else what the machine hangs in would be nowhere.
  const char* const lost =
      !base::IsStill(out, options_.path) ? "was moved or removed by another"
      : ContentOf(out) != before         ? "was changed by another, and stays"
                                         : nullptr;
  if (lost != nullptr) {
    Fail(s_, kSetup, kNobody, "%s %s", options_.path.c_str(), lost);
    return false;
  }
  VMT_CHECK(text.size() <= RaceShared::kMostText);
  text.copy(s_.text, text.size());
  s_.text_size.store(static_cast<uint32_t>(text.size()));
  int error = ::lseek(out, 0, SEEK_SET) < 0 ? errno : base::WriteAll(out, text);
  if (error == 0 && ::ftruncate(out, static_cast<off_t>(text.size())) != 0)
    error = errno;
  if (error != 0)
    Refused(s_, kNobody, absl::StrCat("to write ", options_.path).c_str(),
            error);
  return error == 0;
}

}  // namespace vmtrunc::live
