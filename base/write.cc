#include "base/write.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <optional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "base/error.h"
#include "base/lock.h"
#include "base/name_part.h"
#include "base/own_directory.h"
#include "base/place.h"
#include "base/read.h"
#include "base/shown.h"
#include "base/stop.h"
#include "base/streams.h"
#include "base/target.h"

namespace vmtrunc::base {
namespace {

namespace fs = std::filesystem;

// These return 0 or errno.

// A full disk may be reported only here.
int Finish(int file, bool durable) {
  const int error = durable && ::fsync(file) != 0 ? errno : 0;
  return ::close(file) != 0 && error == 0 ? errno : error;
}

// The name of a temporary file: a random number between these.
constexpr std::string_view kTemporary = ".vmtrunc-", kTmp = ".tmp";
constexpr size_t kHexDigits = 16;

struct Temporary {
  int file = -1;  // open; -1: could not be created, see errno
  std::string path;
};

Temporary MakeTemporary(const std::string& directory, mode_t mode = 0666) {
  for (int tries = 0; tries < 100; ++tries) {
    uint64_t number = 0;
    if (::getrandom(&number, sizeof(number), 0) != sizeof(number)) return {};
    Temporary made{.path = absl::StrFormat("%s/%s%0*x%s", directory, kTemporary,
                                           static_cast<int>(kHexDigits), number,
                                           kTmp)};
    made.file = ::open(made.path.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (made.file >= 0 || errno != EEXIST) return made;
  }
  return {};
}

// Whether all owners that have no name in this user namespace look the same.
bool MayHideOwner(const struct stat& old) {
  constexpr unsigned kOverflow = 65534;  // /proc/sys/kernel/overflowuid
  if (old.st_uid != kOverflow && old.st_gid != kOverflow) return false;
  const std::string map = ReadWhole("/proc/self/uid_map", 4096).value_or("");
  unsigned inside = 1, outside = 1, count = 0;
  return std::sscanf(map.c_str(), "%u %u %u", &inside, &outside, &count) != 3 ||
         inside != 0 || outside != 0 || count != ~0U;
}

// Whether a file with the mode, owner and group of `old` can replace it.
bool TakeLooks(int file, const struct stat& old) {
  struct stat made{};
  if (::fstat(file, &made) != 0 || MayHideOwner(old)) return false;
  if ((made.st_uid != old.st_uid || made.st_gid != old.st_gid) &&
      ::fchown(file, old.st_uid, old.st_gid) != 0)
    return false;
  // An access list by default of the directory, which the old one has not.
  if (::flistxattr(file, nullptr, 0) > 0) return false;
  return ::fchmod(file, old.st_mode & 07777) == 0;
}

// A copy of what is about to be written over, beside it, as long as it is not
// certain that it could be written back: on some file systems an overwrite
// needs room, and a kill leaves a part. There is none in a directory that we
// may not write.
class Copy {
 public:
  ~Copy() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  // Returns 0 or errno: then there is no room for a copy.
  int Make(const std::string& directory, const std::string& content) {
    const Temporary made = MakeTemporary(directory, 0600);
    if (made.file < 0) return errno == ENOSPC || errno == EDQUOT ? errno : 0;
    path_ = made.path;
    return WriteAndFinish(made.file, content, /*durable=*/true);
  }
  // Keeps it. Returns its path, or "" if there is none.
  std::string Keep() { return std::exchange(path_, ""); }

 private:
  std::string path_;
};

bool WriteBack(int file, const std::string& path, const std::string& old) {
  if (g_before_writing_back_for_test) g_before_writing_back_for_test();
  const bool is_written =
      ::lseek(file, 0, SEEK_SET) == 0 && WriteAll(file, old) == 0 &&
      ::ftruncate(file, static_cast<off_t>(old.size())) == 0;
  // What a limit of the size has kept from us is still there.
  return is_written ||
         (::ftruncate(file, static_cast<off_t>(old.size())) == 0 &&
          ReadWhole(path, old.size()) == old);
}

// Waits up to ten seconds while another command writes in place: else the file
// would get a mixture. Somebody else's lock is not known to end.
void LockInPlace(int file) {
  for (int tries = 0; tries < 1000 && !IsToldToStop(); ++tries) {
    if (TryLock(file) != EAGAIN) return;
    ::usleep(10'000);
  }
}

// Writes into the existing file; on an error, restores its content. If the
// content cannot be saved first, nothing is written. Throws UsageError if it
// could not be restored.
int WriteInPlace(const std::string& path, const std::string& content) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return errno;
  auto close = absl::MakeCleanup([&] { ::close(file); });
  LockInPlace(file);
  struct stat about{};
  if (::fstat(file, &about) != 0) return errno;
  std::string old;
  Copy copy;
  if (about.st_size >
      0) {  // files of /proc, that are but written to, have none
    std::optional<std::string> whole = ReadWhole(path, ~size_t{0});
    if (!whole) return EACCES;
    old = *std::move(whole);
    if (const int error = copy.Make(ParentOf(path), old)) return error;
  }
  int error = WriteAll(file, content);
  if (error == 0 && ::ftruncate(file, static_cast<off_t>(content.size())) != 0)
    error = errno;
  // While there is the old content; EINVAL: not a file that has a disk.
  if (error == 0 && ::fsync(file) != 0 && errno != EINVAL) error = errno;
  if (error != 0 && !WriteBack(file, path, old) && !old.empty()) {
    const std::string kept = copy.Keep();
    throw UsageError{absl::StrCat(Shown(path), ": ", std::strerror(error),
                                  "; it has a part of the new ",
                                  "content, and its old one is ",
                                  kept.empty() ? "lost" : "in " + Shown(kept))};
  }
  std::move(close).Cancel();
  const int finished = Finish(file, /*durable=*/false);
  return error != 0 ? error : finished;
}

enum class How {
  kPlain,
  kDurable,  // on disk, with its name
  kOwn,      // WriteOwn()
};

// Through a temporary file. nullopt: the file cannot be replaced, and nothing
// was changed.
std::optional<int> Replace(const std::string& path, const std::string& content,
                           const struct stat* old, How how) {
  if (old != nullptr && ((old->st_nlink > 1 && how != How::kOwn) ||
                         ::listxattr(path.c_str(), nullptr, 0) > 0))
    return std::nullopt;
  const bool durable = how == How::kDurable;
  const std::string directory = ParentOf(path);
  const Temporary made = MakeTemporary(directory);
  if (made.file < 0) {
    if (old != nullptr) return std::nullopt;
    return errno;
  }
  if (old != nullptr && !TakeLooks(made.file, *old)) {
    ::close(made.file);
    ::unlink(made.path.c_str());
    return std::nullopt;
  }
  int error = WriteAndFinish(made.file, content, durable);
  if (error == 0 && ::rename(made.path.c_str(), path.c_str()) == 0) {
    if (durable) SyncDirectory(directory);
    return 0;
  }
  if (error == 0) error = errno;
  ::unlink(made.path.c_str());
  // A mount, or a foreign file in a directory with the sticky bit.
  if (old != nullptr &&
      (error == EBUSY || error == EPERM || error == EACCES || error == EXDEV))
    return std::nullopt;
  return error;
}

// Gives the temporary file a name that nobody has, and replaces nothing. A file
// system without links refuses them with whatever error it likes, and one that
// has no room for a link may have room for a rename: it takes none.
int PutNew(const std::string& made, const std::string& path) {
  if (::linkat(AT_FDCWD, made.c_str(), AT_FDCWD, path.c_str(), 0) == 0)
    return 0;
  return errno == EEXIST ? EEXIST : RenameNew(made, path);
}

int WriteDescriptor(int number, const std::string& content) {
  if (number != STDOUT_FILENO) {
    const int error = WriteAll(number, content);
    return error != 0 ? error : CloseTwin(number);
  }
  std::cout << content << std::flush;
  return 0;  // RunProgram() reports what could not be written there
}

// Waits for a reader of a pipe, unless we are asked to stop.
int OpenSpecial(const std::string& path) {
  for (;;) {
    const int file =
        ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat about{};
    if (file >= 0) {
      ::fcntl(file, F_SETFL, ::fcntl(file, F_GETFL) & ~O_NONBLOCK);
      return file;
    }
    if (errno != ENXIO || ::stat(path.c_str(), &about) != 0 ||
        !S_ISFIFO(about.st_mode))
      return -1;
    if (IsToldToStop()) {
      errno = EINTR;
      return -1;
    }
    ::usleep(20'000);
  }
}

int WriteSpecial(const std::string& path, const std::string& content) {
  const int file = OpenSpecial(path);
  if (file < 0) return errno;
  return WriteAndFinish(file, content, /*durable=*/false);
}

int Write(const std::string& name, const std::string& content, How how) {
  const auto [path, descriptor, is_link_of_proc] = TargetOf(name);
  if (descriptor >= 0) return WriteDescriptor(descriptor, content);
  struct stat old{};
  const bool is_there = ::stat(path.c_str(), &old) == 0;
  if (!is_there && errno != ENOENT) return errno;
  if (is_there && S_ISDIR(old.st_mode)) return EISDIR;
  if (is_there && !S_ISREG(old.st_mode)) return WriteSpecial(path, content);
  if (is_there && ::access(path.c_str(), W_OK) != 0) return errno;
  if (is_link_of_proc) return WriteInPlace(path, content);
  const std::optional<int> replaced =
      Replace(path, content, is_there ? &old : nullptr, how);
  return replaced ? *replaced : WriteInPlace(path, content);
}

}  // namespace

int WriteAndFinish(int file, std::string_view content, bool durable) {
  const int error = WriteAll(file, content);
  const int finished = Finish(file, durable);
  return error != 0 ? error : finished;
}

int WriteAll(int file, std::string_view content) {
  for (size_t done = 0; done < content.size();) {
    const ssize_t wrote =
        ::write(file, content.data() + done, content.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return wrote < 0 ? errno : ENOSPC;
    done += static_cast<size_t>(wrote);
  }
  return 0;
}

namespace {

// Why it cannot be opened to be written in place: 0 or errno.
int OpenError(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return errno;
  ::close(file);
  return 0;
}

void ExpectForeign(const std::string& name, const Target& target) {
  // What standard output is, is the shell's affair.
  if (target.descriptor == STDOUT_FILENO) return;
  const bool is_open = target.descriptor >= 0;
  std::error_code error;
  if (!is_open) ExpectNoBookkeeping(name, target.path);
  if (target.is_link_of_proc)
    ExpectNoBookkeeping(name, fs::read_symlink(target.path, error).string());
  if (is_open ? WasRead(target.descriptor) : WasRead(target.path))
    throw UsageError{Shown(name) +
                     ": expected another file than one that is read, which is "
                     "kept"};
}

}  // namespace

bool IsStandardOutput(const std::string& path) {
  return TargetOf(path).descriptor == STDOUT_FILENO;
}

std::string WrittenPath(const std::string& path) {
  const Target target = TargetOf(path);
  return target.descriptor < 0 ? target.path : path;
}

bool CanBeNamedLater(const std::string& path) {
  if (path == "-") return false;
  std::error_code error;
  // Absolute, as a directory may be named "-".
  const fs::path whole = fs::absolute(path, error);
  for (fs::path at = whole; at != at.root_path(); at = at.parent_path()) {
    const Target target = TargetOf(at.string());
    if (target.descriptor >= 0 || target.is_link_of_proc) return false;
  }
  const fs::file_status there = fs::status(whole, error);
  return fs::is_regular_file(there) || fs::is_directory(there) ||
         !fs::exists(there);
}

void ExpectFile(const std::string& option, const std::string& path) {
  if (IsStandardOutput(path))
    throw UsageError{absl::StrCat(option, " ", Shown(path),
                                  ": expected a file, as the answer is on "
                                  "standard output")};
}

OutputFile::OutputFile(std::string path) : path_(std::move(path)) {
  if (path_.empty())
    throw UsageError{"expected a file's name, not an empty one"};
  OutliveReader();
  const Target target = TargetOf(path_);
  if (target.descriptor >= 0) {
    const int flags = ::fcntl(target.descriptor, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
      FailPath(path_ == "-" ? "standard output" : path_, EBADF);
    ExpectForeign(path_, target);
    return;
  }
  struct stat old{};
  if (::stat(target.path.c_str(), &old) == 0) {
    if (S_ISDIR(old.st_mode)) FailPath(path_, EISDIR);
    if (S_ISSOCK(old.st_mode)) FailPath(path_, ENXIO);
    if (::access(target.path.c_str(), W_OK) != 0) FailPath(path_, errno);
    ExpectForeign(path_, target);
    // A program that runs is not refused by its mode.
    if (target.is_link_of_proc && S_ISREG(old.st_mode))
      if (const int error = OpenError(target.path)) FailPath(path_, error);
    return;
  }
  if (errno != ENOENT) FailPath(path_, errno);
  ExpectForeign(path_, target);
  if (const int error = NewFileError(ParentOf(target.path)))
    FailPath(path_, error);
}

void OutputFile::Write(const std::string& content) const {
  ExpectForeign(path_, TargetOf(path_));
  WriteFile(path_, content);
}

bool NamesTemporary(std::string_view file_name) {
  return file_name.size() == kTemporary.size() + kHexDigits + kTmp.size() &&
         file_name.starts_with(kTemporary) && file_name.ends_with(kTmp) &&
         file_name.substr(kTemporary.size(), kHexDigits)
                 .find_first_not_of("0123456789abcdef") ==
             std::string_view::npos;
}

void WriteFile(const std::string& path, const std::string& content) {
  if (const int error = Write(path, content, How::kPlain))
    FailPath(path, error);
}

void WriteOwn(const std::string& path, const std::string& content) {
  if (const int error = Write(path, content, How::kOwn)) FailPath(path, error);
}

void WriteNew(const std::string& path, const std::string& content) {
  const int file =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) FailPath(path, errno);
  if (const int error = WriteAndFinish(file, content, /*durable=*/false))
    FailPath(path, error);
}

void WriteDurable(const std::string& path, const std::string& content) {
  if (const int error = Write(path, content, How::kDurable))
    FailPath(path, error);
}

void SyncDirectory(const std::string& directory) {
  const int file =
      ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) FailPath(directory, errno);
  // EINVAL: unsupported by the file system.
  const int error = ::fsync(file) != 0 && errno != EINVAL ? errno : 0;
  ::close(file);
  if (error != 0) FailPath(directory, error);
}

void SyncFileSystem(const std::string& directory) {
  const int file =
      ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) FailPath(directory, errno);
  const int error = ::syncfs(file) != 0 ? errno : 0;
  ::close(file);
  if (error != 0) FailPath(directory, error);
}

std::string WriteUnused(const std::string& stem, const std::string& extension,
                        const std::string& content) {
  const std::string ending = "." + extension;
  const std::string first = NumberedName(stem, 1, ending);
  // Every next name would be the part before a NUL, which is taken.
  if (first.find('\0') != std::string::npos) FailPath(first, EINVAL);
  const Temporary made = MakeTemporary(ParentOf(stem));
  if (made.file < 0) FailPath(first, errno);
  const auto remove = absl::MakeCleanup([&] { ::unlink(made.path.c_str()); });
  int error = WriteAndFinish(made.file, content, /*durable=*/false);
  for (unsigned n = 1; error == 0 && n <= kMostNames; ++n) {
    const std::string path = NumberedName(stem, n, ending);
    if (ReadWhole(path, kMostInput) == content) return path;
    const int refused = PutNew(made.path, path);
    if (refused == 0) return path;
    if (refused != EEXIST) error = refused;
  }
  FailPath(first, error != 0 ? error : EEXIST);
}

}  // namespace vmtrunc::base
