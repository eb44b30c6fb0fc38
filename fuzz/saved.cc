#include "fuzz/saved.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>
#include <string_view>
#include <system_error>

#include "base/error.h"
#include "base/lock.h"
#include "base/place.h"
#include "base/read.h"
#include "base/write.h"
#include "core/build_id.h"
#include "fuzz/settings.h"

namespace vmtrunc::fuzz {
namespace {

[[noreturn]] void Fail(const std::string& path, int error) {
  EndTarget(path + ": " + std::strerror(error));
}

// Allocates all of it at once: on a full disk a write to a mapped page without
// a block is a signal.
int OpenWhole(const std::string& path, size_t size) {
  const int file =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (file < 0) Fail(path, errno);
  struct stat about{};
  if (::fstat(file, &about) != 0) Fail(path, errno);
  if (!S_ISREG(about.st_mode) || about.st_nlink > 1)
    EndTarget(path + ": expected a regular file with no other name");
  if (const int error = ::posix_fallocate(file, 0, static_cast<off_t>(size)))
    Fail(path, error);
  return file;
}

// Reads the start of the file. Returns how many bytes: 0 where there is none.
size_t ReadBuild(const std::string& path, std::span<char> build) {
  const int file =
      ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t got = ::pread(file, build.data(), build.size(), 0);
  ::close(file);
  return got < 0 ? 0 : static_cast<size_t>(got);
}

// Nothing is written over that a fuzz target did not write: its `status` begins
// with a build id, or with zeros where it was killed before that, and `current`
// is made after it.
void ExpectOurs(const std::string& directory) {
  std::error_code error;
  if (std::filesystem::equivalent(directory, "/", error))
    EndTarget(directory + ": expected a directory other than the root");
  char build[sizeof(FuzzStatus::build)] = {};
  const size_t got = ReadBuild(directory + "/" + kStatusFile, build);
  const std::string_view id(build, ::strnlen(build, sizeof(build)));
  const auto refuse = [&](const char* name) {
    EndTarget(directory + "/" + name +
              ": expected a file of a fuzz target, or none");
  };
  // A build id, or none yet, where the target ended before it was written.
  const bool is_id =
      id.size() == std::string_view(BuildId()).size() &&
      id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  const bool is_new =
      id.empty() && std::filesystem::file_size(directory + "/" + kStatusFile,
                                               error) == sizeof(FuzzStatus);
  if (got != 0 && (got < sizeof(build) || (!is_id && !is_new)))
    refuse(kStatusFile);
  struct stat about{};
  const std::string current = directory + "/" + kCurrentFile;
  if (got == 0 && ::lstat(current.c_str(), &about) == 0 &&
      S_ISREG(about.st_mode) && about.st_size > 0)
    refuse(kCurrentFile);
}

// One target at a time, as long as it lives. What libFuzzer starts for -merge,
// -jobs and the like is of the target that holds the lock.
void Lock(int status, const std::string& path) {
  constexpr const char* kHeld = "VMTRUNC_HELD";
  const bool is_held = base::TryLock(status) == EAGAIN;
  const char* const held = std::getenv(kHeld);
  if (is_held && (held == nullptr || held != path))
    EndTarget(path + ": in use by another fuzz target");
  ::setenv(kHeld, path.c_str(), 1);
}

}  // namespace

Saved::Saved(const std::string& directory) : directory_(directory) {
  ExpectOurs(directory);
  std::error_code error;
  for (std::filesystem::directory_iterator at(directory, error), end;
       !error && at != end; at.increment(error))
    before_.insert(at->path().filename().string());
  const std::string path = directory + "/" + kStatusFile;
  const int status = OpenWhole(path, sizeof(FuzzStatus));  // stays open
  Lock(status, path);
  void* const map = ::mmap(nullptr, sizeof(FuzzStatus), PROT_READ | PROT_WRITE,
                           MAP_SHARED, status, 0);
  if (map == MAP_FAILED) Fail(path, errno);
  status_ = static_cast<FuzzStatus*>(map);
  // Else what an earlier run saw first would not be kept again, of another
  // kernel neither.
  std::memset(status_, 0, sizeof(FuzzStatus));
  std::strncpy(status_->build, BuildId(), sizeof(status_->build) - 1);
  current_ = OpenWhole(directory + "/" + kCurrentFile, kMost);
}

void Saved::Save(std::span<const uint8_t> bytes) {
  const size_t before = size_;
  size_ = std::min(bytes.size(), saved_.size());
  std::copy_n(bytes.begin(), size_, saved_.begin());
  const size_t written = std::max({size_, before, kHeaderBytes});
  std::fill(saved_.begin() + static_cast<std::ptrdiff_t>(size_),
            saved_.begin() + static_cast<std::ptrdiff_t>(written), uint8_t{0});
  if (stamp_) {
    size_ = std::max(size_, kHeaderBytes);
    SetKernel(*stamp_, std::span(saved_).first<kHeaderBytes>());
  }
  const ssize_t wrote = ::pwrite(current_, saved_.data(), written, 0);
  if (wrote != static_cast<ssize_t>(written))
    Fail(directory_ + "/" + kCurrentFile, wrote < 0 ? errno : ENOSPC);
}

void Saved::End() {
  [[maybe_unused]] const int cut =
      ::ftruncate(current_, static_cast<off_t>(size_));
}

std::string Saved::InputThatRuns() const {
  return {saved_.begin(), saved_.begin() + static_cast<std::ptrdiff_t>(size_)};
}

std::string Saved::Keep(const std::string& stem) {
  return KeepInstead("", stem);
}

std::string Saved::KeepInstead(const std::string& old,
                               const std::string& stem) {
  const std::string input = InputThatRuns();
  const std::string path = directory_ + "/" + old;
  const auto before = kept_.find(old);
  try {
    const bool is_ours = before != kept_.end() && base::IsRegularFile(path) &&
                         base::ReadWhole(path, kMost) == before->second;
    if (is_ours) base::WriteOwn(path, input);
    const std::string name =
        is_ours
            ? old
            : base::WriteUnused(directory_ + "/" + stem, kInputExtension, input)
                  .substr(directory_.size() + 1);
    if (!before_.contains(name)) kept_[name] = input;
    return name;
  } catch (const base::UsageError& error) {
    EndTarget(error.what);
  }
}

}  // namespace vmtrunc::fuzz
