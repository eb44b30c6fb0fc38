#include "search/shard_directory.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/read_at.h"
#include "base/shown.h"
#include "base/write.h"

namespace vmtrunc::search {

ShardDirectory::ShardDirectory(const std::string& path) : path_(path) {
  file_ = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (file_ < 0) base::FailPath(path, errno);
}

ShardDirectory::~ShardDirectory() { ::close(file_); }

std::string ShardDirectory::PathOf(const std::string& name) const {
  return path_ + "/" + name;
}

void ShardDirectory::ExpectOneName(const std::string& name) const {
  struct stat about{};
  if (::fstatat(file_, name.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return;
    base::FailPath(PathOf(name), errno);
  }
  if (!S_ISREG(about.st_mode) || about.st_nlink != 1)
    throw base::UsageError{base::Shown(PathOf(name)) +
                           ": expected a regular file without other names"};
}

int ShardDirectory::Make(const std::string& name) const {
  Remove(name);
  const int file = ::openat(file_, name.c_str(),
                            O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) base::FailPath(PathOf(name), errno);
  return file;
}

int ShardDirectory::Append(const std::string& name) const {
  ExpectOneName(name);
  const int file =
      ::openat(file_, name.c_str(),
               O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (file < 0) base::FailPath(PathOf(name), errno);
  return file;
}

void ShardDirectory::Rename(const std::string& from,
                            const std::string& to) const {
  if (::renameat(file_, from.c_str(), file_, to.c_str()) != 0)
    base::FailPath(PathOf(from), errno);
}

void ShardDirectory::Remove(const std::string& name) const {
  if (::unlinkat(file_, name.c_str(), 0) != 0 && errno != ENOENT)
    base::FailPath(PathOf(name), errno);
}

void ShardDirectory::WriteDurable(const std::string& name,
                                  std::string_view content) const {
  ExpectOneName(name);
  const std::string part = ".vmtrunc-" + name + ".tmp";
  if (const int error =
          base::WriteAndFinish(Make(part), content, /*durable=*/true)) {
    Remove(part);
    base::FailPath(PathOf(name), error);
  }
  Rename(part, name);
  Sync();
}

std::optional<std::string> ShardDirectory::Read(const std::string& name,
                                                size_t most) const {
  const int file = ::openat(file_, name.c_str(),
                            O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) {
    if (errno == ENOENT) return {};
    base::FailPath(PathOf(name), errno);
  }
  std::string content(most, '\0');
  int error = 0;
  content.resize(base::ReadAt(file, 0, content.data(), most, error));
  ::close(file);
  if (error != 0) base::FailPath(PathOf(name), error);
  return content;
}

void ShardDirectory::Sync() const {
  // EINVAL: unsupported by the file system.
  if (::fsync(file_) != 0 && errno != EINVAL) base::FailPath(path_, errno);
}

}  // namespace vmtrunc::search
