#include "base/own_directory.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/error.h"
#include "base/lock.h"
#include "base/place.h"
#include "base/read.h"
#include "base/shown.h"
#include "base/streams.h"
#include "base/write.h"

namespace vmtrunc::base {
namespace {

namespace fs = std::filesystem;

// The name of the parent of `directory`; "." is not informative.
const std::string& Named(const std::string& place,
                         const std::string& directory) {
  return place == "." ? directory : place;
}

std::string MakeTemporaryDirectory(const std::string& beside,
                                   const std::string& directory) {
  std::string name = beside + "/.vmtrunc-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    FailPath(Named(beside, directory), errno);
  // Independent of the umask: files will be created in it, of a group that may
  // be that of the directory.
  struct stat about{};
  if (::stat(name.c_str(), &about) != 0 ||
      ::chmod(name.c_str(), 0700 | (about.st_mode & S_ISGID)) != 0)
    FailPath(beside, errno);
  return name;
}

// Removes our files in a temporary directory, and the directory.
void RemoveMade(const std::string& made,
                const std::set<std::string, std::less<>>& names) {
  RemoveKnown(made,
              [&](std::string_view name) { return names.contains(name); });
}

std::set<std::string, std::less<>> NamesOf(const OwnDirectory::Files& files) {
  std::set<std::string, std::less<>> names = {OwnDirectory::kMarker};
  for (const auto& [name, content] : files) names.insert(name);
  return names;
}

// Whether it is a directory: no link to one, and none that is mounted there.
bool IsOwn(const std::string& directory) {
  struct statx about{};
  return ::statx(AT_FDCWD, directory.c_str(), AT_SYMLINK_NOFOLLOW, STATX_TYPE,
                 &about) == 0 &&
         S_ISDIR(about.stx_mode) &&
         (about.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0;
}

// Whether a new directory in `above` can replace this empty one, with the same
// properties: it would have the access list that is the default there, and
// files in it the group that the process has.
bool CanTakePlaceOf(const std::string& directory, const std::string& above) {
  struct stat old{};
  return ::stat(directory.c_str(), &old) == 0 && (old.st_mode & S_ISGID) == 0 &&
         (::geteuid() == 0 ||
          (old.st_uid == ::geteuid() && old.st_gid == ::getegid())) &&
         ::listxattr(directory.c_str(), nullptr, 0) <= 0 &&
         ::getxattr(above.c_str(), "system.posix_acl_default", nullptr, 0) <= 0;
}

// The mode that mkdir gives a directory beside `made`, by the umask, by an
// access list or by the group of the one above.
mode_t ModeOfNew(const std::string& made) {
  const std::string beside = made + "-mode";
  struct stat about{};
  if (::mkdir(beside.c_str(), 0777) == 0) {
    const bool is_known = ::stat(beside.c_str(), &about) == 0;
    ::rmdir(beside.c_str());
    if (is_known) return about.st_mode & 07777;
  }
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0777 & ~mask;
}

// Gives a file the mode, owner and group of what it will replace, as far as we
// may.
void LookAs(const std::string& file, const std::string& replaced) {
  struct stat old{};
  if (::lstat(replaced.c_str(), &old) != 0 || !S_ISREG(old.st_mode)) return;
  if (::chown(file.c_str(), old.st_uid, old.st_gid) != 0) errno = 0;
  ::chmod(file.c_str(), old.st_mode & 07777);
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

// Also where names have no case.
bool IsBookkeeping(std::string_view file_name) {
  const std::string name = absl::AsciiStrToLower(std::string(file_name));
  return name == OwnDirectory::kMarker || name.starts_with(".vmtrunc-");
}

bool IsBesideInputs(std::string_view name, bool is_directory) {
  if (IsBookkeeping(name)) return true;
  if (is_directory) return name == ".state";
  const std::string extension = fs::path(name).extension();
  return extension == ".md" || extension == ".kernel" || name == "README.txt";
}

void ExpectNoBookkeeping(const std::string& name, const std::string& path) {
  if (IsBookkeeping(fs::path(path).filename().string()))
    throw UsageError{Shown(name) +
                     ": expected another name than .vmtrunc and .vmtrunc-*, "
                     "which vmtrunc keeps for itself"};
}

OwnDirectory::OwnDirectory(std::string option, std::string directory,
                           std::string command, bool replace)
    : option_(std::move(option)),
      directory_(std::move(directory)),
      command_(std::move(command)),
      replace_(replace) {
  OutliveReader();
  Look();
  ExpectWritable();
}

void OwnDirectory::Refuse(const std::string& what) const {
  throw UsageError{absl::StrCat(option_, " ", Shown(directory_), ": ", what)};
}

void OwnDirectory::Look() {
  ours_.clear();
  is_empty_ = true;
  if (!IsThere(directory_)) return;
  if (!IsDirectory(directory_))
    Refuse("expected a directory, or a name that is free");
  std::error_code error;
  bool is_bare = true;  // except leftovers of a killed command
  fs::directory_iterator at(directory_, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    is_empty_ = false;
    const std::string name = at->path().filename().string();
    is_bare = is_bare && name != kMarker && IsBookkeeping(name);
  }
  if (error) FailPath(directory_, error.value());
  if (is_bare) return;
  if (!replace_)
    Refuse(
        "expected no file and no directory with files in it (--replace "
        "replaces what vmtrunc " +
        command_ + " wrote)");
  auto listed = ReadMarker(directory_, command_);
  if (!listed)
    Refuse("expected a directory that vmtrunc " + command_ +
           " wrote; no file .vmtrunc in it says so, and it is left alone");
  ours_ = *std::move(listed);
  for (const auto& [name, hashes] : ours_) {
    const std::string path = directory_ + "/" + name;
    if (!IsThere(path)) continue;
    // What cannot be read is not called changed.
    const auto content = ReadKnown(path, kMostResult);
    if (!IsRegularFile(path) || !IsOneOf(content, hashes)) RefuseChanged(name);
  }
}

void OwnDirectory::RefuseChanged(const std::string& name) const {
  Refuse(absl::StrCat(
      Shown(name), " is not what vmtrunc ", command_,
      " wrote any more; expected it to be moved away, or another place"));
}

// The parent must be writable, before the work begins.
void OwnDirectory::ExpectWritable() const {
  const std::string place = IsThere(directory_) ? directory_ : Above();
  if (const int error = NewFileError(place))
    FailPath(Named(place, directory_), error);
  // Nor may another process work there, or another file have the lock's name.
  // Creates no lock: a process that is killed then would leave it.
  if (IsThere(absl::StrCat(directory_, "/", DirectoryLock::kFile)))
    DirectoryLock(directory_, "vmtrunc " + command_);
}

std::string OwnDirectory::Plain() const {
  std::string plain = directory_;
  while (plain.size() > 1 && plain.back() == '/') plain.pop_back();
  return plain;
}

std::string OwnDirectory::Above() const {
  const std::string above = fs::path(Plain()).parent_path().string();
  return above.empty() ? "." : above;
}

void OwnDirectory::Step() const {
  if (on_step_for_test) on_step_for_test();
}

void OwnDirectory::ExpectFree(const Files& files) const {
  if (is_empty_) return;
  for (const auto& [name, content] : files)
    if (!ours_.contains(name) && IsThere(directory_ + "/" + name))
      Refuse(absl::StrCat(
          Shown(name), " is there, and vmtrunc ", command_,
          " did not write it; expected it to be moved away, or another place"));
}

void OwnDirectory::Write(const Files& files, bool durable) {
  for (const auto& [name, content] : files)
    if (!IsResultName(name))
      Refuse(Shown(name) + ": expected another name for a file");
  ExpectFree(files);
  std::error_code error;
  // A link, a volume, or a directory in one that we may not write: it cannot be
  // replaced, and is filled in place.
  const bool is_fixed =
      IsThere(directory_) &&
      (!fs::is_directory(fs::symlink_status(Plain(), error)) ||
       IsMountPoint(fs::canonical(Plain()).string()) ||
       !CanTakePlaceOf(directory_, Above()) ||
       ::access(Above().c_str(), W_OK | X_OK) != 0);
  if (is_empty_ && !is_fixed)
    MakeNew(files, durable);
  else
    WriteInside(files, durable);
}

// Writes the files into the temporary directory, or removes it and throws.
void OwnDirectory::Fill(const std::string& made, const Files& files,
                        bool durable) const {
  try {
    for (const auto& [name, content] : files)
      WriteNew(absl::StrCat(made, "/", name), content);
    if (durable) SyncFileSystem(made);
  } catch (...) {
    RemoveMade(made, NamesOf(files));
    throw;
  }
}

void OwnDirectory::MakeNew(const Files& files, bool durable) {
  const std::string made = MakeTemporaryDirectory(Above(), directory_);
  Files all = files;
  Hashes hashes;
  for (const auto& [name, content] : files) hashes[name] = {NameOf(content)};
  all.emplace_back(kMarker, MarkerText(command_, hashes));
  Fill(made, all, durable);
  // Only now: the umask may forbid writing in it.
  struct stat old{};
  if (::stat(directory_.c_str(), &old) == 0) {
    if (::chown(made.c_str(), old.st_uid, old.st_gid) != 0) errno = 0;
    ::chmod(made.c_str(), old.st_mode & 07777);
  } else {
    ::chmod(made.c_str(), ModeOfNew(made));
  }
  Step();
  // Replaces an empty directory, and nothing else.
  if (::rename(made.c_str(), Plain().c_str()) != 0) {
    const int error = errno;
    ::chmod(made.c_str(), 0700);
    RemoveMade(made, NamesOf(all));
    if (error == ENOTEMPTY || error == EEXIST)
      Refuse(
          "another has written there meanwhile; expected a directory of "
          "its own, or --replace, which replaces what vmtrunc " +
          command_ + " wrote");
    FailPath(directory_, error);
  }
  if (durable) SyncDirectory(Above());
}

// Renames it into place: an existing file, also a link, is replaced and not
// followed.
void OwnDirectory::PutMarker(const std::string& made,
                             const Hashes& hashes) const {
  const std::string from = absl::StrCat(made, "/", kMarker);
  const std::string to = absl::StrCat(directory_, "/", kMarker);
  WriteDurable(from, MarkerText(command_, hashes));
  Step();
  if (::rename(from.c_str(), to.c_str()) != 0) FailPath(to, errno);
  SyncDirectory(directory_);
}

// Exchanges a file of `made`, whose content has this hash, with ours, or with
// nothing. The old file is then in `made`, and is checked only there, as others
// cannot change it any more. Ours stays if it has that content.
void OwnDirectory::Put(const std::string& made, const std::string& name,
                       const std::string& hash) const {
  const std::string from = absl::StrCat(made, "/", name);
  const std::string to = absl::StrCat(directory_, "/", name);
  const auto ours = ours_.find(name);
  if (ours != ours_.end()) {
    if (HasContent(to, {hash})) return;
    LookAs(from, to);
  }
  const auto move = [&](unsigned flags) {
    return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0
               ? 0
               : errno;
  };
  Step();
  int error = move(RENAME_NOREPLACE);
  if (error == EEXIST && ours == ours_.end()) RefuseChanged(name);
  if (error == EEXIST) {
    error = move(RENAME_EXCHANGE);
    if (error == 0 && !HasContent(from, ours->second)) {
      if (move(RENAME_EXCHANGE) != 0)
        throw Stray{absl::StrCat(Shown(name), " was changed while vmtrunc ",
                                 command_, " wrote; it is ", Shown(from))};
      RefuseChanged(name);
    }
  }
  if (IsUnknownFlag(error)) {
    if (IsThere(to) && (ours == ours_.end() || !HasContent(to, ours->second)))
      RefuseChanged(name);
    error = ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
  }
  if (error != 0) FailPath(to, error);
}

// Moves a file of ours into `made`, to be removed with it.
void OwnDirectory::Take(const std::string& made, const std::string& name,
                        const std::set<std::string>& hashes) const {
  const std::string from = absl::StrCat(directory_, "/", name);
  const std::string to = absl::StrCat(made, "/", name);
  Step();
  if (::rename(from.c_str(), to.c_str()) != 0) {
    if (errno == ENOENT) return;
    FailPath(from, errno);
  }
  if (HasContent(to, hashes)) return;
  if (::renameat2(AT_FDCWD, to.c_str(), AT_FDCWD, from.c_str(),
                  RENAME_NOREPLACE) != 0)
    throw Stray{absl::StrCat(Shown(name), " was changed while vmtrunc ",
                             command_, " wrote; it is ", Shown(to))};
  RefuseChanged(name);
}

void OwnDirectory::WriteInside(const Files& files, bool durable) {
  const std::string made = MakeTemporaryDirectory(directory_, directory_);
  Fill(made, files, durable);
  std::set<std::string, std::less<>> names = NamesOf(files);
  auto remove = absl::MakeCleanup([&] { RemoveMade(made, names); });
  Step();
  const DirectoryLock lock(directory_, "vmtrunc " + command_);
  Look();  // it may have changed meanwhile
  ExpectFree(files);
  for (const auto& [name, hash] : ours_) names.insert(name);
  Hashes hashes, both = ours_;
  for (const auto& [name, content] : files) {
    hashes[name] = {NameOf(content)};
    both[name].insert(NameOf(content));
  }
  try {
    PutMarker(made, both);
    for (const auto& [name, content] : files)
      Put(made, name, *hashes[name].begin());
    for (const auto& [name, hash] : ours_)
      if (!hashes.contains(name)) Take(made, name, hash);
    PutMarker(made, hashes);
  } catch (const Stray& stray) {
    std::move(remove).Cancel();
    Refuse(stray.what);
  }
}

bool RemoveKnown(const std::string& directory,
                 const std::function<bool(std::string_view)>& known) {
  if (!IsOwn(directory)) return false;
  std::error_code error, unknown;  // of unknown kind: it stays
  std::vector<std::string> paths;
  for (fs::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error))
    if (known(at->path().filename().string()) &&
        fs::is_regular_file(at->symlink_status(unknown)))
      paths.push_back(at->path().string());
  for (const std::string& path : paths) ::unlink(path.c_str());
  return ::rmdir(directory.c_str()) == 0;
}

}  // namespace vmtrunc::base
