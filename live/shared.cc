#include "live/shared.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>

#include "base/read_at.h"

namespace vmtrunc::live {

uint64_t Now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000 +
         static_cast<uint64_t>(now.tv_nsec);
}

bool IsMachineLimit(int error) {
  switch (error) {
    case EAGAIN:
    case EDQUOT:
    case EFBIG:
    case EINTR:
    case EIO:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOSPC:
    case ENOSYS:
    case EOPNOTSUPP:
    case EPERM:
    case EROFS:
      return true;
    default:
      return false;
  }
}

void Refused(RaceShared& shared, unsigned task, const char* what, int error) {
  Fail(shared, kSetup, task, "the machine refused %s: %s", what,
       std::strerror(error));
}

std::string ContentOf(int file) {
  std::string content;
  char part[4096];
  int error = 0;
  for (size_t had = 1; had != 0; content.append(part, had))
    had = base::ReadAt(file, content.size(), part, sizeof(part), error);
  return content;
}

uint64_t OomKills() {
  std::ifstream counts("/proc/vmstat");
  std::string name;
  for (uint64_t count = 0; counts >> name >> count;)
    if (name == "oom_kill") return count;
  return 0;
}

namespace {

// The kernel kills at the hard limit of processor time (ulimit -t sets both)
// with a signal that says nothing of it.
bool HaveUsedTheirTime() {
  rlimit limit{};
  rusage used{};
  if (::getrlimit(RLIMIT_CPU, &limit) != 0 || limit.rlim_max == RLIM_INFINITY ||
      ::getrusage(RUSAGE_CHILDREN, &used) != 0)
    return false;
  const auto seconds =
      static_cast<rlim_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec);
  return seconds + 2 >= limit.rlim_max;  // of two roundings
}

}  // namespace

bool RefusedBySignal(RaceShared& shared, int status, uint64_t before) {
  if (!WIFSIGNALED(status)) return false;
  const bool time = WTERMSIG(status) == SIGXCPU ||
                    (WTERMSIG(status) == SIGKILL && HaveUsedTheirTime());
  if (!time && (WTERMSIG(status) != SIGKILL || OomKills() == before))
    return false;
  Refused(shared, kNobody, time ? "more processor time" : "memory",
          time ? EAGAIN : ENOMEM);
  return true;
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

}  // namespace vmtrunc::live
