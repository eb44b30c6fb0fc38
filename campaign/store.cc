#include "campaign/store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/own_directory.h"
#include "base/place.h"
#include "base/read.h"
#include "base/shown.h"
#include "base/write.h"
#include "campaign/log.h"
#include "fuzz/artifact.h"
#include "fuzz/status.h"

namespace vmtrunc::campaign {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFormat = "vmtrunc campaign 1\n";
constexpr const char* kAnyFormat = "vmtrunc campaign ";
constexpr size_t kMostFormat = 100;  // bytes

// Open file description locks: like flock(), but can be tested without being
// taken, which could make a starting campaign fail.
bool Lock(int file, int command, short type, struct flock& lock) {
  lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return ::fcntl(file, command, &lock) == 0;
}

void CheckFormat(const std::string& path) {
  const std::string file = path + "/format";
  const auto format = base::ReadKnown(file, kMostFormat);
  if (!format)
    throw base::UsageError{base::Shown(path) +
                           ": expected a campaign's directory, or none"};
  if (*format != kFormat)
    throw base::UsageError{
        base::Shown(path) +
        ": expected the format of this version, vmtrunc campaign 1"};
}

// Whether it contains only an empty lock, as a campaign that was killed at its
// start leaves it. (Other programs have a file `lock`, too.)
bool IsNew(const std::string& directory) {
  std::error_code error;
  if (base::TypeOf(directory) == fs::file_type::not_found) return true;
  fs::directory_iterator at(directory, error);
  if (error) base::FailPath(directory, error.value());
  for (const fs::directory_entry& entry : at)
    if (entry.path().filename() != "lock" ||
        base::TypeOf(entry.path().string()) != fs::file_type::regular ||
        entry.file_size(error) != 0)
      return false;
  return true;
}

// Directories that we write into must not be links.
void ExpectDirectories(const Store& store) {
  for (const char* name : {"corpus", "findings", "died", "jobs"})
    if (base::TypeOf(store.Path(name)) != fs::file_type::directory)
      throw base::UsageError{base::Shown(store.Path(name)) +
                             ": expected a directory, not a link"};
}

void ExpectNoLinks(const Store& store) {
  ExpectDirectories(store);
  for (const char* name : {"lock", "format", "log.jsonl", "report.html"}) {
    const fs::file_type type = base::TypeOf(store.Path(name));
    if (type != fs::file_type::regular && type != fs::file_type::not_found)
      throw base::UsageError{base::Shown(store.Path(name)) +
                             ": expected a regular file, not a link"};
  }
}

// Whether a slice writes files of exactly this name: others are notes beside
// them.
bool IsJobFile(std::string_view name) {
  for (const std::string_view one :
       {"what", "log", fuzz::kStatusFile, fuzz::kCurrentFile})
    if (name == one) return true;
  for (unsigned tries = 0; tries < kMostTries; ++tries)
    if (name == TryFile(tries)) return true;
  return fuzz::NamesInput(name, fuzz::kCausePrefix) ||
         fuzz::NamesInput(name, fuzz::kBrokenPrefix) ||
         fuzz::IsArtifact(name) || base::NamesTemporary(name);
}

}  // namespace

std::string TryFile(unsigned tries) { return absl::StrCat("try-", tries); }

bool IsCampaign(const std::string& directory) {
  const auto format = base::ReadWhole(directory + "/format", kMostFormat);
  return format && format->starts_with(kAnyFormat);
}

Store Store::Open(const std::string& directory) {
  Store store(directory);
  std::error_code error;
  const bool is_new = IsNew(directory);
  if (!is_new) CheckFormat(directory);
  fs::create_directories(directory, error);
  std::error_code none;
  if (error && !fs::is_directory(directory, none))
    base::FailPath(directory, error.value());
  if (on_step_for_test) on_step_for_test();
  const std::string lock = store.Path("lock");
  store.lock_ =
      ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (store.lock_ < 0) base::FailPath(directory, errno);
  struct flock held;
  const bool is_locked = Lock(store.lock_, F_OFD_SETLK, F_WRLCK, held);
  // Another error: a file system without locks.
  if (!is_locked && errno != EAGAIN && errno != EACCES)
    base::FailPath(lock, errno);
  if (!is_locked)
    throw base::UsageError{
        absl::StrCat(base::Shown(directory),
                     ": another campaign runs there; its status: vmtrunc "
                     "campaign ",
                     base::PathWord(directory), " --status")};
  // Another command may have started there before the lock.
  if (is_new && !IsNew(directory)) CheckFormat(directory);
  // The lock comes first: a campaign killed between the two leaves no format.
  if (base::TypeOf(store.Path("format")) == fs::file_type::not_found)
    base::WriteDurable(store.Path("format"), kFormat);
  CheckFormat(directory);
  for (const char* name : {"corpus", "findings", "died", "jobs"})
    if (!fs::create_directories(store.Path(name), error) && error)
      base::FailPath(store.Path(name), error.value());
  ExpectNoLinks(store);
  return store;
}

Store Store::Look(const std::string& directory) {
  Store store(directory);
  CheckFormat(directory);
  const int lock =
      ::open(store.Path("lock").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (lock < 0 && errno != ENOENT) base::FailPath(store.Path("lock"), errno);
  if (lock < 0) return store;  // nobody has begun there
  struct flock held;
  const bool is_known = Lock(lock, F_OFD_GETLK, F_RDLCK, held);
  const int error = errno;
  ::close(lock);
  if (!is_known) base::FailPath(store.Path("lock"), error);
  store.running_ = held.l_type != F_UNLCK;
  return store;
}

Store::Store(Store&& other) noexcept
    : directory_(std::move(other.directory_)),
      lock_(std::exchange(other.lock_, -1)),
      running_(other.running_) {}

Store::~Store() {
  if (lock_ >= 0) ::close(lock_);
}

bool Store::IsThere() const { return base::IsStill(lock_, Path("lock")); }

void Store::ExpectThere() const {
  if (!IsThere()) base::FailExchanged(directory_);
  ExpectDirectories(*this);
}

std::vector<uint64_t> Store::Jobs() const {
  std::vector<uint64_t> slices;
  std::error_code error;
  for (fs::directory_iterator at(Path("jobs"), error), end; !error && at != end;
       at.increment(error)) {
    uint64_t slice = 0;
    const std::string name = at->path().filename().string();
    if (absl::SimpleAtoi(name, &slice) && name == absl::StrCat(slice) &&
        slice <= kMostSlices &&
        base::TypeOf(at->path().string()) == fs::file_type::directory)
      slices.push_back(slice);
  }
  if (error && error != std::errc::no_such_file_or_directory)
    base::FailPath(Path("jobs"), error.value());
  std::sort(slices.begin(), slices.end());
  return slices;
}

std::string Store::JobDirectory(uint64_t slice) const {
  return Path(absl::StrCat("jobs/", slice));
}

bool Store::RemoveJob(uint64_t slice) const {
  const std::string directory = JobDirectory(slice);
  base::RemoveKnown(directory + "/corpus", fuzz::IsHash);
  return base::RemoveKnown(directory, IsJobFile) ||
         base::TypeOf(directory) == fs::file_type::not_found;
}

}  // namespace vmtrunc::campaign
