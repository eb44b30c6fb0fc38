#include "campaign/store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/read.h"
#include "base/write.h"

namespace vmtrunc {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFormat = "vmtrunc campaign 1\n";

// Open file description locks: as flock(), but that there is one can be seen
// without taking it, which a campaign that starts just then would fail for.
bool Lock(int file, int command, short type, struct flock& lock) {
  lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return ::fcntl(file, command, &lock) == 0;
}

void CheckFormat(const std::string& path) {
  const auto format = ReadWhole(path + "/format", 100);
  if (!format)
    throw UsageError{path + ": expected a campaign's directory, or none"};
  if (*format != kFormat)
    throw UsageError{
        path + ": expected the format of this version, vmtrunc campaign 1"};
}

}  // namespace

Store Store::Open(const std::string& directory) {
  Store store(directory);
  std::error_code error;
  const bool is_new =
      !fs::exists(directory, error) || fs::is_empty(directory, error);
  fs::create_directories(directory, error);
  const std::string lock = store.Path("lock");
  if (!is_new && !fs::exists(store.Path("format"), error) &&
      !fs::exists(lock, error))
    CheckFormat(directory);
  store.lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (store.lock_ < 0) FailPath(directory, errno);
  struct flock held;
  if (!Lock(store.lock_, F_OFD_SETLK, F_WRLCK, held))
    throw UsageError{directory +
                     ": another campaign runs there; to see it: vmtrunc "
                     "campaign " +
                     directory + " --status"};
  // The lock comes first: one that was killed between the two left no format.
  if (!fs::exists(store.Path("format"), error))
    WriteDurable(store.Path("format"), kFormat);
  CheckFormat(directory);
  for (const char* name : {"corpus", "findings", "died", "jobs"})
    if (!fs::create_directories(store.Path(name), error) && error)
      FailPath(store.Path(name), error.value());
  return store;
}

Store Store::Look(const std::string& directory) {
  Store store(directory);
  CheckFormat(directory);
  const int lock =
      ::open(store.Path("lock").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct flock held;
  store.running_ = lock >= 0 && Lock(lock, F_OFD_GETLK, F_RDLCK, held) &&
                   held.l_type != F_UNLCK;
  if (lock >= 0) ::close(lock);
  return store;
}

Store::Store(Store&& other) noexcept
    : directory_(std::move(other.directory_)),
      lock_(std::exchange(other.lock_, -1)),
      running_(other.running_) {}

Store::~Store() {
  if (lock_ >= 0) ::close(lock_);
}

std::vector<uint64_t> Store::Jobs() const {
  std::vector<uint64_t> slices;
  std::error_code error;
  for (fs::directory_iterator at(Path("jobs"), error), end; !error && at != end;
       at.increment(error)) {
    uint64_t slice = 0;
    const std::string name = at->path().filename().string();
    if (absl::SimpleAtoi(name, &slice) && name == absl::StrCat(slice))
      slices.push_back(slice);
  }
  std::sort(slices.begin(), slices.end());
  return slices;
}

std::string Store::JobDirectory(uint64_t slice) const {
  return Path(absl::StrCat("jobs/", slice));
}

void Store::RemoveJob(uint64_t slice) const {
  std::error_code error;
  fs::remove_all(JobDirectory(slice), error);
}

}  // namespace vmtrunc
