#include "base/stop.h"

#include <csignal>

namespace vmtrunc {
namespace {

std::atomic<bool> g_stop = false;
static_assert(std::atomic<bool>::is_always_lock_free);
void OnStop(int) { g_stop = true; }

}  // namespace

const std::atomic<bool>& StopOnSignals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    if (::signal(signal, OnStop) == SIG_IGN && signal == SIGHUP)
      ::signal(signal, SIG_IGN);
  return g_stop;
}

}  // namespace vmtrunc
