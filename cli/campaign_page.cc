#include "cli/campaign_page.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace vmtrunc::cli {
namespace {

constexpr int kLookMs = 20;  // interval of checks of `stop`

[[noreturn]] void MakeInChild(int out, pid_t parent,
                              const std::function<std::string()>& make) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  const std::string made = make();
  for (size_t done = 0; done < made.size();) {
    const ssize_t wrote = ::write(out, made.data() + done, made.size() - done);
    if (wrote <= 0) ::_exit(1);
    done += static_cast<size_t>(wrote);
  }
  ::_exit(0);
}

// Reads to the end, or until `stop`.
std::string ReadUnless(const std::atomic<bool>& stop, int in) {
  std::string all;
  std::array<char, 1 << 16> part;
  while (!stop) {
    pollfd ready{.fd = in, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, kLookMs) <= 0) continue;
    const ssize_t got = ::read(in, part.data(), part.size());
    if (got <= 0) break;
    all.append(part.data(), static_cast<size_t>(got));
  }
  return all;
}

}  // namespace

std::optional<std::string> MakeUnless(
    const std::atomic<bool>& stop, const std::function<std::string()>& make) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) MakeInChild(ends[1], parent, make);
  ::close(ends[1]);
  std::string made;
  int status = 1;
  if (child > 0) {
    made = ReadUnless(stop, ends[0]);
    if (stop) ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
  }
  ::close(ends[0]);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return made;
}

}  // namespace vmtrunc::cli
