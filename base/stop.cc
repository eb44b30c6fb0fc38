#include "base/stop.h"

#include <unistd.h>

#include <csignal>

#include "base/error.h"

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

void Handle(void (*handler)(int)) {
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
    g_line = new std::string((::isatty(STDERR_FILENO) != 0 ? "\r\033[K" : "") +
                             line + "\n");
  Handle(OnEnd);
}

}  // namespace vmtrunc::base
