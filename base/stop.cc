#include "base/stop.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>

#include "base/error.h"
#include "base/terminal.h"

namespace vmtrunc::base {
namespace {

std::atomic<bool> g_stop = false;
static_assert(std::atomic<bool>::is_always_lock_free);
void OnStop(int) { g_stop = true; }

// Set before the handler is installed, and only once: a handler must not
// allocate.
const std::string* g_line = nullptr;
void OnEnd(int) {
  if (::write(STDERR_FILENO, g_line->data(), g_line->size()) < 0)
    ::_exit(kExitRanOut);
  ::_exit(kExitRanOut);
}

// What the limit of processor time does after its line, which is said once:
// beyond a soft limit the signal comes each second.
void (*g_on_limit)(int) = [](int) { ::_exit(kExitRanOut); };
const std::string* g_limit_line = nullptr;
std::atomic<bool> g_limit_said = false;
void OnLimit(int signal) {
  if (!g_limit_said.exchange(true) &&
      ::write(STDERR_FILENO, g_limit_line->data(), g_limit_line->size()) < 0)
    ::_exit(kExitRanOut);
  g_on_limit(signal);
}

// What is left to end in: a tenth of the limit, 1 s to 10 s; half of a limit
// that is less than 2 s.
timespec Before(rlim_t limit) {
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t all = static_cast<int64_t>(limit) * kSecond;
  const int64_t rest =
      std::min(all / 2, std::clamp(all / 10, kSecond, 10 * kSecond));
  return {.tv_sec = (all - rest) / kSecond, .tv_nsec = (all - rest) % kSecond};
}

void Handle(void (*handler)(int)) {
  g_on_limit = handler;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    if (::signal(signal, handler) == SIG_IGN && signal == SIGHUP)
      ::signal(signal, SIG_IGN);
}

}  // namespace

const std::atomic<bool>& StopOnSignals() {
  Handle(OnStop);
  return g_stop;
}

bool IsToldToStop() { return g_stop; }

void EndOnSignals(const std::string& line) {
  if (g_line == nullptr)  // clears a progress line
    g_line = new std::string((TakesEscapes(STDERR_FILENO) ? kClearLine : "") +
                             line + "\n");
  Handle(OnEnd);
}

void StopBeforeTheLimitOfTime(const char* name) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_CPU, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return;
  if (g_limit_line == nullptr)
    g_limit_line = new std::string(
        std::string(name) +
        ": the limit of processor time (ulimit -t) is all but reached\n");
  ::signal(SIGXCPU, OnLimit);
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGXCPU;
  timer_t timer{};
  if (::timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer) != 0) return;
  constexpr rlim_t kYear = 366 * 24 * 3600;
  const itimerspec when{.it_interval = {},
                        .it_value = Before(std::min(limit.rlim_cur, kYear))};
  ::timer_settime(timer, TIMER_ABSTIME, &when, nullptr);
}

}  // namespace vmtrunc::base
