#include "base/lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/place.h"
#include "base/read.h"
#include "base/shown.h"

namespace vmtrunc::base {

int TryLock(int file) {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(file, F_OFD_SETLK, &lock) == 0) return 0;
  return errno == EACCES ? EAGAIN : errno;  // POSIX allows either
}

namespace {

// A leftover of a process that ended; not a foreign file of that name.
bool IsLock(int file, const std::string& path) {
  struct stat about{};
  if (::fstat(file, &about) != 0 || !S_ISREG(about.st_mode) ||
      about.st_nlink > 1)
    return false;
  if (about.st_size == 0) return true;
  const std::string text = ReadWhole(path, 200).value_or("");
  return text.starts_with("vmtrunc ") &&
         text.find(", process ") != std::string::npos;
}

}  // namespace

DirectoryLock::DirectoryLock(const std::string& directory,
                             const std::string& command)
    : path_(absl::StrCat(directory, "/", kFile)) {
  // Another process may remove it, with its own lock, between the two looks.
  constexpr int kMostTries = 1000;
  for (int tries = 1;; ++tries) {
    file_ =
        ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    // Something else has the lock's name, or the directory is unusable.
    const bool is_taken = errno == EISDIR || errno == ELOOP || errno == ENXIO;
    if (file_ < 0) FailPath(is_taken ? path_ : directory, errno);
    if (const int error = TryLock(file_)) {
      ::close(file_);
      if (error != EAGAIN) FailPath(path_, error);
      const std::string who = ReadWhole(path_, 200).value_or("");
      throw UsageError{absl::StrCat(Shown(directory), ": in use by ",
                                    who.empty()
                                        ? "another vmtrunc"
                                        : Shown(who.substr(0, who.find('\n'))),
                                    "; expected a directory of its own")};
    }
    if (IsStill(file_, path_)) {
      if (IsLock(file_, path_)) break;
      ::close(file_);
      throw UsageError{Shown(path_) +
                       ": expected a lock of vmtrunc, or no such file"};
    }
    ::close(file_);
    if (tries == kMostTries)
      throw UsageError{Shown(path_) +
                       ": expected to stay the file that was opened"};
  }
  const std::string who = absl::StrCat(command, ", process ", ::getpid(), "\n");
  // Only information for others: no harm if the disk is full.
  if (::ftruncate(file_, 0) != 0 ||
      ::pwrite(file_, who.data(), who.size(), 0) < 0)
    errno = 0;
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}

bool DirectoryLock::IsThere() const { return IsStill(file_, path_); }

DirectoryLock::~DirectoryLock() {
  if (file_ < 0) return;
  // The directory may have been moved, and replaced by another, whose lock is
  // not ours.
  if (IsThere()) ::unlink(path_.c_str());
  ::close(file_);
}

}  // namespace vmtrunc::base
