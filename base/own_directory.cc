#include "base/own_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "base/lock.h"
#include "base/read.h"
#include "base/shown.h"
#include "base/write.h"

namespace vmtrunc {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostMarker = size_t{64} << 20;
constexpr size_t kMostResult = size_t{64} << 20;

// `inner` is `outer` or in it. Both canonical.
bool IsWithin(const fs::path& inner, const fs::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end())
             .first == outer.end();
}

// Field 5 of each line, with its octal escapes.
bool IsMountPoint(const fs::path& path) {
  // No regular file with a size: read as a stream.
  const std::string mounts = ReadFile("/proc/self/mountinfo");
  for (const absl::string_view line : absl::StrSplit(mounts, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ');
    std::string place;
    if (fields.size() > 4 && absl::CUnescape(fields[4], &place) &&
        place == path.string())
      return true;
  }
  return false;
}

bool IsRegular(const std::string& path) {
  struct stat about{};
  return ::lstat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode);
}

bool IsThere(const std::string& path) {
  struct stat about{};
  return ::lstat(path.c_str(), &about) == 0;
}

std::string MakeTemporaryDirectory(const std::string& beside) {
  std::string name = beside + "/.vmtrunc-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) FailPath(beside, errno);
  return name;
}

// What we put into a temporary directory, and the directory.
void RemoveMade(const std::string& made, const OwnDirectory::Files& files) {
  std::set<std::string, std::less<>> names;
  for (const auto& [name, content] : files) names.insert(name);
  RemoveKnown(made,
              [&](std::string_view name) { return names.contains(name); });
}

// What a marker says, or nothing when it is none of this command's.
bool ParseMarker(const std::string& text, const std::string& command,
                 std::map<std::string, std::set<std::string>>& ours) {
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  if (lines[0] != absl::StrCat("vmtrunc ", command, " 1")) return false;
  for (size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].empty() || lines[i].front() == '#') continue;
    const std::vector<std::string> parts =
        absl::StrSplit(lines[i], absl::MaxSplits(' ', 1));
    std::string name;
    if (parts.size() != 2 || !absl::CUnescape(parts[1], &name) ||
        name.empty() || name.find('/') != std::string::npos)
      return false;
    ours[name].insert(parts[0]);
  }
  return true;
}

}  // namespace

std::string NameOf(std::string_view content) {
  uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a, then mixed
  for (const char c : content)
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  hash ^= hash >> 29;
  hash *= 0xbf58476d1ce4e5b9u;
  hash ^= hash >> 32;
  return absl::StrFormat("%016x", hash);
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
  if (IsWithin(fs::current_path(), place))
    refuse("a directory that the working directory is not in");
  if (const char* const home = std::getenv("HOME"); home && *home != '\0') {
    const fs::path at = fs::weakly_canonical(home, error);
    if (!error && IsWithin(at, place))
      refuse("a directory that the home directory is not in");
  }
  if (IsMountPoint(place)) refuse("a directory that is no mount point");
  for (const std::string& input : inputs) {
    const fs::path in = fs::weakly_canonical(input, error);
    if (!error && (IsWithin(in, place) || IsWithin(place, in)))
      refuse(absl::StrCat("a place outside of ", Shown(input),
                          ", which is read, and not around it"));
  }
}

bool IsBookkeeping(std::string_view file_name) {
  return file_name == OwnDirectory::kMarker ||
         file_name.starts_with(".vmtrunc-");
}

OwnDirectory::OwnDirectory(std::string option, std::string directory,
                           std::string command, bool replace)
    : option_(std::move(option)),
      directory_(std::move(directory)),
      command_(std::move(command)),
      replace_(replace) {
  Look();
}

void OwnDirectory::Refuse(const std::string& what) const {
  throw UsageError{absl::StrCat(option_, " ", Shown(directory_), ": ", what)};
}

void OwnDirectory::Look() {
  ours_.clear();
  std::error_code error;
  if (!IsThere(directory_)) return;
  if (!fs::is_directory(directory_, error))
    Refuse("expected a directory, or a name that is free");
  is_empty_ = fs::is_empty(directory_, error);
  if (error) FailPath(directory_, error.value());
  if (is_empty_) return;
  if (!replace_)
    Refuse(
        "expected no file and no directory with files in it (--replace "
        "replaces what vmtrunc " +
        command_ + " wrote)");
  const std::string marker = directory_ + "/" + kMarker;
  const auto text =
      IsRegular(marker) ? ReadWhole(marker, kMostMarker) : std::nullopt;
  if (!text || !ParseMarker(*text, command_, ours_))
    Refuse("expected a directory that vmtrunc " + command_ +
           " wrote; no file .vmtrunc in it says so, and it is left alone");
  for (const auto& [name, hashes] : ours_) {
    const std::string path = directory_ + "/" + name;
    if (!IsThere(path)) continue;
    const auto content =
        IsRegular(path) ? ReadWhole(path, kMostResult) : std::nullopt;
    if (!content || !hashes.contains(NameOf(*content)))
      Refuse(absl::StrCat(
          Shown(name), " is not what vmtrunc ", command_,
          " wrote any more; expected it to be moved away, or another place"));
  }
}

void OwnDirectory::ExpectFree(const Files& files) const {
  for (const auto& [name, content] : files)
    if (!ours_.contains(name) && IsThere(directory_ + "/" + name))
      Refuse(absl::StrCat(
          Shown(name), " is there, and vmtrunc ", command_,
          " did not write it; expected it to be moved away, or another place"));
}

std::string OwnDirectory::Marker(const Hashes& hashes) const {
  std::string text = absl::StrCat(
      "vmtrunc ", command_, " 1\n",
      "# What vmtrunc wrote here and may replace: hash, name. docs/files.md\n");
  for (const auto& [name, contents] : hashes)
    for (const std::string& hash : contents)
      absl::StrAppend(&text, hash, " ", absl::CEscape(name), "\n");
  return text;
}

void OwnDirectory::Write(const Files& files, bool durable) {
  ExpectFree(files);
  std::string plain = directory_;
  while (plain.size() > 1 && plain.back() == '/') plain.pop_back();
  std::error_code error;
  const std::string above = fs::path(plain).parent_path().string();
  // A link, a volume, or a directory in one that is not ours to write: its
  // place cannot be taken, and it is filled as it is.
  const bool is_fixed =
      IsThere(directory_) &&
      (!fs::is_directory(fs::symlink_status(plain, error)) ||
       IsMountPoint(fs::canonical(plain)) ||
       ::access(above.empty() ? "." : above.c_str(), W_OK | X_OK) != 0);
  if (is_empty_ && !is_fixed)
    MakeNew(files, durable);
  else
    WriteInside(files, durable);
}

// Writes the files into the temporary directory, or throws and it is gone.
void OwnDirectory::Fill(const std::string& made, const Files& files,
                        bool durable) const {
  try {
    for (const auto& [name, content] : files) {
      const std::string path = absl::StrCat(made, "/", name);
      durable ? WriteDurable(path, content) : WriteFile(path, content);
    }
  } catch (...) {
    RemoveMade(made, files);
    throw;
  }
}

void OwnDirectory::MakeNew(const Files& files, bool durable) {
  fs::path plain = directory_;
  if (!plain.has_filename()) plain = plain.parent_path();
  std::string above = plain.parent_path().string();
  if (above.empty()) above = ".";
  const std::string made = MakeTemporaryDirectory(above);
  struct stat old{};
  if (::stat(plain.c_str(), &old) == 0) {
    ::chmod(made.c_str(), old.st_mode & 07777);
    if (::chown(made.c_str(), old.st_uid, old.st_gid) != 0) errno = 0;
  } else {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    ::chmod(made.c_str(), 0777 & ~mask);
  }
  Files all = files;
  Hashes hashes;
  for (const auto& [name, content] : files) hashes[name] = {NameOf(content)};
  all.emplace_back(kMarker, Marker(hashes));
  Fill(made, all, durable);
  // Takes the place of an empty directory, and of nothing else.
  if (::rename(made.c_str(), plain.c_str()) != 0) {
    const int error = errno;
    RemoveMade(made, all);
    FailPath(directory_, error);
  }
  if (durable) SyncDirectory(above);
}

void OwnDirectory::WriteInside(const Files& files, bool durable) {
  const std::string made = MakeTemporaryDirectory(directory_);
  Fill(made, files, durable);
  const auto remove = absl::MakeCleanup([&] { RemoveMade(made, files); });
  const DirectoryLock lock(directory_, "vmtrunc " + command_);
  if (!is_empty_) {  // it may have changed while we worked
    Look();
    ExpectFree(files);
  }
  Hashes hashes, both = ours_;
  for (const auto& [name, content] : files) {
    hashes[name] = {NameOf(content)};
    both[name].insert(NameOf(content));
  }
  const std::string marker = absl::StrCat(directory_, "/", kMarker);
  WriteDurable(marker, Marker(both));
  for (const auto& [name, content] : files) {
    const std::string path = absl::StrCat(directory_, "/", name);
    if (::rename(absl::StrCat(made, "/", name).c_str(), path.c_str()) != 0)
      FailPath(path, errno);
  }
  for (const auto& [name, hash] : ours_)
    if (const std::string path = absl::StrCat(directory_, "/", name);
        !hashes.contains(name) && IsRegular(path) &&
        ::unlink(path.c_str()) != 0)
      FailPath(path, errno);
  WriteDurable(marker, Marker(hashes));
  if (durable) SyncDirectory(directory_);
}

bool RemoveKnown(const std::string& directory,
                 const std::function<bool(std::string_view)>& known) {
  std::error_code error;
  std::vector<std::string> paths;
  for (fs::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error))
    if (known(at->path().filename().string()) && IsRegular(at->path().string()))
      paths.push_back(at->path().string());
  for (const std::string& path : paths) ::unlink(path.c_str());
  return ::rmdir(directory.c_str()) == 0;
}

}  // namespace vmtrunc
