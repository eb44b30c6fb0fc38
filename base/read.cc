#include "base/read.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <set>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/shown.h"
#include "base/stop.h"

namespace vmtrunc::base {
namespace {

// Waits for data or the end, unless we are asked to stop. Regular files may
// block too: /proc/kmsg. Returns errno.
int Wait(int file) {
  constexpr int kBetweenLooks = 50;  // milliseconds
  pollfd what{.fd = file, .events = POLLIN, .revents = 0};
  for (;;) {
    const int ready = ::poll(&what, 1, kBetweenLooks);
    if (ready > 0) return 0;
    if (ready < 0 && errno != EINTR) return errno;
    if (IsToldToStop()) return EINTR;
  }
}

// Appends the available data, up to the end or past `most`. Returns errno.
int Append(int file, size_t most, std::string& content) {
  std::array<char, 1 << 16> part;
  while (content.size() <= most) {
    const ssize_t got = ::read(file, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) break;
    content.append(part.data(), static_cast<size_t>(got));
  }
  return 0;
}

// An open regular file; -1 if there is none. Throws UsageError if it is
// something else, or cannot be opened.
int OpenIfThere(const std::string& path) {
  const int file =
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0 && errno == ENOENT) return -1;
  if (file < 0) FailPath(path, errno);
  auto close = absl::MakeCleanup([&] { ::close(file); });
  struct stat about{};
  if (::fstat(file, &about) != 0) FailPath(path, errno);
  if (!S_ISREG(about.st_mode))
    throw UsageError{Shown(path) + ": expected a regular file"};
  std::move(close).Cancel();
  return file;
}

[[noreturn]] void FailLarger(const std::string& path, size_t most) {
  throw UsageError{absl::StrCat(
      Shown(path), ": expected at most ",
      most == kMostInput ? "16 MiB" : absl::StrCat(most, " bytes"))};
}

// The regular files that ReadFile() has read.
struct Read {
  std::mutex mutex;
  std::set<std::pair<dev_t, ino_t>> files;
};

Read& AllRead() {
  static Read all;
  return all;
}

void NoteRead(const struct stat& about) {
  if (!S_ISREG(about.st_mode)) return;
  Read& all = AllRead();
  const std::lock_guard lock(all.mutex);
  all.files.emplace(about.st_dev, about.st_ino);
}

bool IsNoted(const struct stat& about) {
  Read& all = AllRead();
  const std::lock_guard lock(all.mutex);
  return all.files.contains({about.st_dev, about.st_ino});
}

}  // namespace

void NoteRead(const std::string& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) == 0) NoteRead(about);
}

bool WasRead(const std::string& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) {
    if (!IsNoFile(errno)) FailPath(path, errno);
    return false;
  }
  return IsNoted(about);
}

bool WasRead(int file) {
  struct stat about{};
  return ::fstat(file, &about) == 0 && IsNoted(about);
}

std::string ReadFile(const std::string& path, size_t most) {
  const bool is_input = path == "-";
  const int file =
      is_input
          ? STDIN_FILENO
          : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) FailPath(path, errno);
  const auto close = absl::MakeCleanup([&] {
    if (!is_input) ::close(file);
  });
  struct stat about{};
  // Else it would not count as read.
  if (::fstat(file, &about) != 0)
    FailPath(is_input ? "standard input" : path, errno);
  if (S_ISDIR(about.st_mode))
    throw UsageError{Shown(path) + ": expected a file, not a directory"};
  NoteRead(about);
  std::string content;
  // A pipe without a writer so far has no end either.
  int error = EAGAIN;
  while (error == EAGAIN)
    if (error = Wait(file); error == 0) error = Append(file, most, content);
  if (error != 0) FailPath(is_input ? "standard input" : path, error);
  if (content.size() > most) FailLarger(path, most);
  return content;
}

namespace {

// The first bytes of a regular file, `most` and perhaps more; nothing if it is
// none, cannot be read, or is known to be larger than `largest`. `error` is why
// it cannot be opened or read, else 0.
std::optional<std::string> ReadRegular(const std::string& path, size_t most,
                                       size_t largest, int& error) {
  const int file =
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  error = file < 0 ? errno : 0;
  if (file < 0) return std::nullopt;
  const auto close = absl::MakeCleanup([&] { ::close(file); });
  struct stat about{};
  if (::fstat(file, &about) != 0) {
    error = errno;
    return std::nullopt;
  }
  if (!S_ISREG(about.st_mode) || static_cast<size_t>(about.st_size) > largest)
    return std::nullopt;
  std::string content;
  error = Append(file, most, content);
  if (error != 0) return std::nullopt;
  return content;
}

}  // namespace

bool IsNoFile(int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP ||
         error == ENAMETOOLONG || error == ENXIO || error == ENODEV;
}

std::optional<std::string> ReadStart(const std::string& path, size_t most) {
  int error = 0;
  auto content = ReadRegular(path, most, ~size_t{0}, error);
  if (content && content->size() > most) content->resize(most);
  return content;
}

std::optional<std::string> ReadWhole(const std::string& path, size_t most) {
  int error = 0;
  auto content = ReadRegular(path, most, most, error);
  if (content && content->size() > most) return std::nullopt;
  return content;
}

std::optional<std::string> ReadKnown(const std::string& path, size_t most) {
  int error = 0;
  auto content = ReadRegular(path, most, most, error);
  if (error != 0 && !IsNoFile(error)) FailPath(path, error);
  if (content && content->size() > most) return std::nullopt;
  return content;
}

std::optional<std::string> ReadIfThere(const std::string& path, size_t most) {
  const int file = OpenIfThere(path);
  if (file < 0) return std::nullopt;
  const auto close = absl::MakeCleanup([&] { ::close(file); });
  std::string content;
  if (const int error = Append(file, most, content); error != 0)
    FailPath(path, error);
  if (content.size() > most) FailLarger(path, most);
  return content;
}

std::string ReadLines(const std::string& path, size_t most,
                      const std::function<void(const std::string&)>& take) {
  const int file = OpenIfThere(path);
  if (file < 0) return "";
  const auto close = absl::MakeCleanup([&] { ::close(file); });
  std::array<char, 1 << 16> part;
  std::string begun;  // a line whose end is still to come
  for (;;) {
    const ssize_t got = ::read(file, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) FailPath(path, errno);
    if (got == 0) return begun;
    begun.append(part.data(), static_cast<size_t>(got));
    size_t at = 0;
    for (size_t end; (end = begun.find('\n', at)) != std::string::npos;) {
      take(begun.substr(at, end - at));
      at = end + 1;
    }
    begun.erase(0, at);
    if (begun.size() > most)
      throw UsageError{absl::StrCat(Shown(path), ": expected lines of at most ",
                                    most >> 10, " KiB")};
  }
}

}  // namespace vmtrunc::base
