#include "live/pins.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "live/process.h"

namespace vmtrunc::live {

int Pins::Pin(unsigned file, int fd, unsigned page) {
  Unpin(file, page);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno;
  auto offset = static_cast<off64_t>(page * kPage);
  const ssize_t moved = ::splice(fd, &offset, ends[1], nullptr, kPage, 0);
  const int error = moved < 0 ? errno : 0;
  ::close(ends[1]);
  if (moved > 0) {
    held_[{file, page}] = ends[0];
  } else {
    ::close(ends[0]);
  }
  return error;
}

void Pins::Unpin(unsigned file, unsigned page) {
  const auto held = held_.find({file, page});
  if (held == held_.end()) return;
  ::close(held->second);
  held_.erase(held);
}

void Pins::Clear() {
  for (const auto& [page, end] : held_) ::close(end);
  held_.clear();
}

}  // namespace vmtrunc::live
