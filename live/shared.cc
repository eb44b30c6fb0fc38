#include "live/shared.h"

#include <cstdarg>
#include <cstdio>
#include <ctime>

namespace vmtrunc {

uint64_t Now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000 +
         static_cast<uint64_t>(now.tv_nsec);
}

void Fail(RaceShared& shared, const char* invariant, unsigned task,
          const char* format, ...) {
  uint32_t none = 0;
  if (!shared.failed.compare_exchange_strong(none, 1)) return;
  std::snprintf(shared.failure.invariant, sizeof(shared.failure.invariant),
                "%s", invariant);
  shared.failure.task = task;
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(shared.failure.text, sizeof(shared.failure.text), format,
                 arguments);
  va_end(arguments);
  shared.failed.store(2);
}

}  // namespace vmtrunc
