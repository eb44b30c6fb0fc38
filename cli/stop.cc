#include "cli/stop.h"

namespace vmtrunc {
namespace {

std::atomic<bool> g_stop = false;
static_assert(std::atomic<bool>::is_always_lock_free);
void OnStop(int) { g_stop = true; }

}  // namespace

const std::atomic<bool>& StopOn(std::initializer_list<int> signals) {
  for (const int signal : signals) ::signal(signal, OnStop);
  return g_stop;
}

}  // namespace vmtrunc
