#include "live/meeting.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

namespace vmtrunc::live {
namespace {

// A task that slept starts some ten microseconds late, when the others have
// finished their events: so spin first.
constexpr int kSpins = 100;
constexpr int kYields = 100;
constexpr int kSleepMilliseconds = 20;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

void FutexWait(std::atomic<uint32_t>& word, uint32_t value, int milliseconds) {
  const timespec limit{.tv_sec = milliseconds / 1000,
                       .tv_nsec = milliseconds % 1000 * 1000000L};
  ::syscall(SYS_futex, &word, FUTEX_WAIT, value, &limit, nullptr, 0);
}

void FutexWake(std::atomic<uint32_t>& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

bool Meeting::Leave() {
  const uint32_t state = state_.fetch_sub(1U << 16) - (1U << 16);
  return state >> 16 != 0 && state >> 16 == (state & 0xffff);
}

bool Meeting::Arrive() {
  const uint32_t generation = generation_.load();
  const uint32_t state = state_.fetch_add(1) + 1;
  if (state >> 16 == (state & 0xffff)) return true;
  for (int i = 0; i < kSpins; ++i) {
    if (generation_.load() != generation) return false;
    Pause();
  }
  for (int i = 0; i < kYields; ++i) {
    if (generation_.load() != generation) return false;
    ::sched_yield();
  }
  sleepers_.fetch_add(1);
  while (generation_.load() == generation)
    FutexWait(generation_, generation, kSleepMilliseconds);
  sleepers_.fetch_sub(1);
  return false;
}

void Meeting::Release() {
  state_.fetch_and(0xffff0000);
  generation_.fetch_add(1);
  if (sleepers_.load() != 0) FutexWake(generation_);
}

}  // namespace vmtrunc::live
