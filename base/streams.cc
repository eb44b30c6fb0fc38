#include "base/streams.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

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
