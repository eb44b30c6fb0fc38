#include "base/streams.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>

namespace vmtrunc::base {
namespace {

bool g_outlives_reader = false;

}  // namespace

void HoldClosedStreams() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(number, F_GETFD) >= 0) continue;
    // Opens the lowest free number, which is this one. Opened in the other
    // direction, so that using it gives EBADF.
    const int flags = number == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (::open("/dev/null", flags) < 0) return;
  }
}

int CloseOutput() {
  return ::close(STDOUT_FILENO) != 0 && errno != EBADF ? errno : 0;
}

int CloseTwin(int number) {
  const int twin = ::fcntl(number, F_DUPFD_CLOEXEC, 0);
  return twin < 0 || ::close(twin) != 0 ? errno : 0;
}

bool NobodyReads() {
  pollfd out{.fd = STDOUT_FILENO, .events = 0, .revents = 0};
  return ::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

void OutliveReader() {
  if (::signal(SIGPIPE, SIG_IGN) == SIG_DFL) g_outlives_reader = true;
}

void EndWithoutReader() {
  if (!g_outlives_reader || !NobodyReads()) return;
  ::signal(SIGPIPE, SIG_DFL);
  ::raise(SIGPIPE);
}

}  // namespace vmtrunc::base
