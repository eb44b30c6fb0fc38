#include "cli/campaign_tell.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <iostream>

namespace vmtrunc {
namespace {

using Clock = std::chrono::steady_clock;
Clock::time_point g_next = Clock::now();

}  // namespace

bool IsTimeToShow() {
  if (Clock::now() < g_next) return false;
  g_next = Clock::now() + std::chrono::seconds(1);
  return true;
}

void ShowOnTerminal(const std::string& line) {
  winsize size{};
  size_t width = 80;
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
    width = size.ws_col;
  std::cerr << "\r\033[K" << line.substr(0, width - 1) << std::flush;
}

bool NobodyReads() {
  pollfd out{.fd = STDOUT_FILENO, .events = 0, .revents = 0};
  return ::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

}  // namespace vmtrunc
