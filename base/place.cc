#include "base/place.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "base/name_part.h"
#include "base/read.h"
#include "base/shown.h"
#include "base/write.h"

namespace vmtrunc::base {
namespace {

namespace fs = std::filesystem;

// Whether `inner` is `outer` or in it. Both canonical. Compares identities, as
// a directory that is mounted twice has two names.
bool IsWithin(fs::path inner, const fs::path& outer) {
  for (;; inner = inner.parent_path()) {
    std::error_code error;
    if (inner == outer || fs::equivalent(inner, outer, error)) return true;
    if (inner == inner.root_path()) return false;
  }
}

// Of the directory and all that are around it. Canonical.
std::set<Identity> AroundOf(fs::path path) {
  std::set<Identity> all;
  for (;; path = path.parent_path()) {
    struct stat about{};
    if (::stat(path.c_str(), &about) == 0)
      all.emplace(about.st_dev, about.st_ino);
    if (path == path.root_path()) return all;
  }
}

// Whether one of these directories is below this one, under whatever name it is
// mounted elsewhere. Those that cannot be read have none.
bool IsAbove(const fs::path& directory, const std::set<Identity>& wanted) {
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    // Of a file the directory tells the kind, without a look at it.
    if (at->is_symlink(error) || !at->is_directory(error)) continue;
    struct stat about{};
    if (::lstat(at->path().c_str(), &about) == 0 &&
        (wanted.contains({about.st_dev, about.st_ino}) ||
         IsAbove(at->path(), wanted)))
      return true;
  }
  return false;
}

// Of the file that is written by this name, also through a link to nothing.
// Without fs::absolute() a name that is not there would stay relative.
fs::path CanonicalOf(const std::string& name, std::error_code& error) {
  const fs::path written = fs::absolute(WrittenPath(name), error);
  fs::path canonical = fs::weakly_canonical(written, error);
  // The text of a link of /proc may name another file, or none.
  std::error_code none;
  if (!error && fs::exists(written, none) &&
      !fs::equivalent(written, canonical, none))
    return written;
  return canonical;
}

// Two names of one file, or of one that is not there yet: of that only the
// directory has an identity. Both canonical.
bool IsOneFile(const fs::path& one, const fs::path& other) {
  std::error_code error;
  return one == other || fs::equivalent(one, other, error) ||
         (!fs::exists(one, error) && one.filename() == other.filename() &&
          fs::equivalent(one.parent_path(), other.parent_path(), error));
}

// The first of the files of which `error_of` gives 0; "" if none is there.
// Throws UsageError with the first of the other errors, if there are some.
std::string FirstThat(const std::vector<std::string>& paths,
                      int (*error_of)(const std::string& path,
                                      const struct stat& about)) {
  const std::string* refused = nullptr;
  int why = 0;
  for (const std::string& path : paths) {
    struct stat about{};
    const int error =
        ::stat(path.c_str(), &about) == 0 ? error_of(path, about) : errno;
    if (error == 0) return path;
    if (error == ENOENT || refused != nullptr) continue;
    refused = &path;
    why = error;
  }
  if (refused != nullptr) FailPath(*refused, why);
  return "";
}

}  // namespace

fs::file_type TypeOf(const std::string& path) {
  std::error_code error;
  const fs::file_type type = fs::symlink_status(path, error).type();
  if (type == fs::file_type::none) FailPath(path, error.value());
  return type;
}

bool IsThere(const std::string& path) {
  return TypeOf(path) != fs::file_type::not_found;
}

bool IsDirectory(const std::string& path) {
  std::error_code error;
  const fs::file_type type = fs::status(path, error).type();
  if (type == fs::file_type::none) FailPath(path, error.value());
  return type == fs::file_type::directory;
}

std::string BesideProgram(const std::string& path) {
  constexpr const char* kSelf = "/proc/self/exe";
  std::error_code error;
  const fs::path self = fs::read_symlink(kSelf, error);
  if (error) FailPath(kSelf, error.value());
  return (self.parent_path() / path).lexically_normal().string();
}

std::string FirstProgram(const std::vector<std::string>& paths) {
  return FirstThat(paths,
                   [](const std::string& path, const struct stat& about) {
                     if (S_ISDIR(about.st_mode)) return EISDIR;
                     return ::access(path.c_str(), X_OK) == 0 ? 0 : errno;
                   });
}

std::string FirstDirectory(const std::vector<std::string>& paths) {
  return FirstThat(paths, [](const std::string&, const struct stat& about) {
    return S_ISDIR(about.st_mode) ? 0 : ENOTDIR;
  });
}

int NewFileError(const std::string& directory) {
  struct stat about{};
  if (::access(directory.c_str(), W_OK | X_OK) != 0 ||
      ::stat(directory.c_str(), &about) != 0)
    return errno;
  return about.st_nlink == 0 ? ENOENT : 0;
}

bool IsRegularFile(const std::string& path) {
  return TypeOf(path) == fs::file_type::regular;
}

void ExpectDirectory(const std::string& option, const std::string& path) {
  std::error_code error;
  const fs::file_type type = fs::status(path, error).type();
  if (type == fs::file_type::directory) return;
  throw UsageError{absl::StrCat(
      option, " ", Shown(path), ": ",
      type == fs::file_type::none ? error.message() : "expected a directory")};
}

std::string ParentOf(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

std::optional<Identity> IdentityOf(const std::string& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return std::nullopt;
  return Identity(about.st_dev, about.st_ino);
}

Places::Places(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    const std::string directory = ParentOf(file);
    if (!directories_.contains(directory))
      directories_[directory] = IdentityOf(directory);
  }
}

void Places::ExpectThere() const {
  for (const auto& [directory, was] : directories_)
    if (IdentityOf(directory) != was)
      throw UsageError{Shown(directory) +
                       ": has another name by now, or has gone, and not "
                       "all in it has been read"};
}

bool Places::HasLost(const std::string& file) const {
  std::error_code error;
  if (fs::status(file, error).type() != fs::file_type::not_found) return false;
  const std::string directory = ParentOf(file);
  const auto was = directories_.find(directory);
  return was != directories_.end() && was->second &&
         was->second == IdentityOf(directory);
}

bool IsStill(int file, const std::string& path) {
  struct stat here{}, there{};
  return ::fstat(file, &here) == 0 && ::lstat(path.c_str(), &there) == 0 &&
         here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

bool IsUnknownFlag(int error) {
  return error == EINVAL || error == ENOSYS || error == EOPNOTSUPP;
}

int RenameNew(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(),
                  RENAME_NOREPLACE) == 0)
    return 0;
  if (!IsUnknownFlag(errno)) return errno;
  struct stat about{};
  if (::lstat(to.c_str(), &about) == 0) return EEXIST;
  if (errno != ENOENT) return errno;
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

std::string SetAside(const std::string& path, const std::string& stem,
                     const std::string& ending) {
  for (unsigned n = 1; n <= kMostNames; ++n) {
    const std::string to = NumberedName(stem, n, ending);
    const int error = RenameNew(path, to);
    if (error == 0) return to;
    if (error == EXDEV && TypeOf(path) == fs::file_type::directory) return "";
    if (error != EEXIST) FailPath(path, error);
  }
  FailPath(stem + ending, EEXIST);
}

// Field 5 of each line, with its octal escapes.
bool IsMountPoint(const std::string& path) {
  // Not a regular file with a size: read as a stream.
  const std::string mounts = ReadFile("/proc/self/mountinfo");
  for (const absl::string_view line : absl::StrSplit(mounts, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ');
    std::string place;
    if (fields.size() > 4 && absl::CUnescape(fields[4], &place) &&
        place == path)
      return true;
  }
  return false;
}

void ExpectReplaceable(const std::string& option, const std::string& directory,
                       const std::vector<std::string>& inputs) {
  const auto refuse = [&](const std::string& what) {
    throw UsageError{
        absl::StrCat(option, " ", Shown(directory), ": expected ", what)};
  };
  if (directory.empty())
    throw UsageError{option +
                     ": expected a directory's name, not an empty one"};
  std::error_code error;
  const fs::path place = fs::weakly_canonical(directory, error);
  if (error) FailPath(directory, error.value());
  if (place == place.root_path()) refuse("a directory other than the root");
  // A removed directory has no parents.
  const fs::path here = fs::current_path(error);
  if (!error && IsWithin(here, place))
    refuse("a directory that the working directory is not in");
  if (const char* const home = std::getenv("HOME"); home && *home != '\0') {
    const fs::path at = fs::weakly_canonical(home, error);
    if (!error && IsWithin(at, place))
      refuse("a directory that the home directory is not in");
  }
  if (IsMountPoint(place.string()))
    refuse("a directory that is no mount point");
  const std::set<Identity> around = AroundOf(place);
  for (const std::string& input : inputs) {
    const fs::path in = fs::weakly_canonical(input, error);
    if (!error &&
        (IsWithin(in, place) || IsWithin(place, in) || IsAbove(in, around)))
      refuse(absl::StrCat("a place outside of ", Shown(input),
                          ", which is read, and not around it"));
  }
}

void ExpectApart(const std::string& option, const std::string& output,
                 const std::vector<std::string>& others) {
  if (output.empty() || output == "-") return;
  std::error_code error;
  const fs::path place = CanonicalOf(output, error);
  if (error) return;
  const auto is_same = [&](const std::string& other) {
    const fs::path there = CanonicalOf(other, error);
    return !error && IsOneFile(there, place);
  };
  for (const std::string& other : others)
    if (!other.empty() && is_same(other) &&
        (!fs::exists(place, error) || fs::is_regular_file(place, error)))
      throw UsageError{absl::StrCat(option, " ", Shown(output),
                                    ": expected another file than ",
                                    Shown(other), ", which is written too")};
}

void ExpectOutside(const std::string& option, const std::string& output,
                   const std::string& whose, const std::string& directory) {
  if (output.empty() || output == "-" || directory.empty()) return;
  std::error_code error;
  const fs::path place = CanonicalOf(output, error);
  const fs::path kept = CanonicalOf(directory, error);
  if (error || !IsWithin(place, kept)) return;
  throw UsageError{absl::StrCat(option, " ", Shown(output),
                                ": expected a place outside of ", whose, " ",
                                Shown(directory))};
}

void ExpectOutside(const std::string& option,
                   const std::vector<std::string>& files,
                   const std::string& whose, const std::string& directory,
                   const std::atomic<bool>& stop) {
  std::set<fs::path> seen;
  for (const std::string& file : files) {
    if (stop) return;
    std::error_code unknown;  // then the whole path is looked at too
    if (seen.insert(fs::path(file).parent_path()).second ||
        !fs::is_regular_file(fs::symlink_status(file, unknown)))
      ExpectOutside(option, file, whose, directory);
  }
}

std::string NameIn(const std::string& directory, const std::string& file) {
  std::error_code error;
  const fs::path path = CanonicalOf(file, error);
  if (error || !fs::equivalent(path.parent_path(), directory, error)) return "";
  return path.filename().string();
}

void ExpectOtherFile(const std::string& option, const std::string& output,
                     const std::string& input) {
  // As a stream "-" is no file, even if one has this name.
  if (output == "-" || input == "-") return;
  std::error_code error;
  if (fs::is_regular_file(output, error) &&
      fs::equivalent(input, output, error))
    throw UsageError{absl::StrCat(option, " ", Shown(output),
                                  ": expected another file than ", Shown(input),
                                  ", which is kept")};
}

}  // namespace vmtrunc::base
