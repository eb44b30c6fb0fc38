#include "fuzz/checkpoint.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/world.h"
#include "core/version.h"

namespace vmtrunc {
namespace {

constexpr uint64_t kMagic =  // "VTPROVE" and a digit, as bytes
    0x0045564f52505456 | uint64_t{'0' + kCheckpointVersion} << 56;

struct Head {
  uint64_t states, transitions, beyond, checksum;
};

uint64_t Checksum(const Checkpoint::Level& level) {
  const uint64_t parts[] = {
      level.keys.size(), level.transitions, level.beyond,
      HashBytes(level.keys.data(), level.keys.size() * sizeof(uint64_t)),
      HashBytes(level.nodes.data(), level.nodes.size() * sizeof(uint64_t))};
  return HashBytes(parts, sizeof(parts));
}

// All of it, or false.
bool ReadAt(int file, uint64_t at, void* to, size_t size) {
  auto* bytes = static_cast<char*>(to);
  while (size > 0) {
    const ssize_t got = ::pread(file, bytes, size, static_cast<off_t>(at));
    if (got <= 0) return false;
    bytes += got;
    at += static_cast<uint64_t>(got);
    size -= static_cast<size_t>(got);
  }
  return true;
}
bool WriteAt(int file, uint64_t at, const void* from, size_t size) {
  const auto* bytes = static_cast<const char*>(from);
  while (size > 0) {
    const ssize_t put = ::pwrite(file, bytes, size, static_cast<off_t>(at));
    if (put <= 0) return false;
    bytes += put;
    at += static_cast<uint64_t>(put);
    size -= static_cast<size_t>(put);
  }
  return true;
}

}  // namespace

Checkpoint::~Checkpoint() {
  if (file_ >= 0) ::close(file_);
}

absl::Status Checkpoint::Open(const std::string& directory, const char* name,
                              uint64_t id) {
  path_ = absl::StrCat(directory, "/", name);
  ::mkdir(directory.c_str(), 0777);
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0)
    return absl::UnavailableError(
        absl::StrCat(path_, ": ", std::strerror(errno)));
  const uint64_t mine[] = {kMagic, id};
  uint64_t has[2];
  struct stat status;
  if (::fstat(file_, &status) != 0)
    return absl::UnavailableError(
        absl::StrCat(path_, ": ", std::strerror(errno)));
  if (status.st_size == 0) {
    if (::ftruncate(file_, 0) != 0 || !WriteAt(file_, 0, mine, sizeof(mine)))
      return absl::UnavailableError(
          absl::StrCat(path_, ": ", std::strerror(errno)));
  } else if (!ReadAt(file_, 0, has, sizeof(has)) ||
             std::memcmp(has, mine, sizeof(mine)) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        path_, ": expected a checkpoint of this kernel, bound and property"));
  }
  end_ = sizeof(mine);
  return absl::OkStatus();
}

bool Checkpoint::Read(Level& level) {
  Head head;
  struct stat status;
  if (!ReadAt(file_, end_, &head, sizeof(head)) ||
      ::fstat(file_, &status) != 0 ||
      head.states > static_cast<uint64_t>(status.st_size) / 16)
    return false;
  level.transitions = head.transitions;
  level.beyond = head.beyond;
  level.keys.resize(head.states);
  level.nodes.resize(head.states);
  const uint64_t bytes = head.states * sizeof(uint64_t);
  if (!ReadAt(file_, end_ + sizeof(head), level.keys.data(), bytes) ||
      !ReadAt(file_, end_ + sizeof(head) + bytes, level.nodes.data(), bytes) ||
      Checksum(level) != head.checksum)
    return false;
  end_ += sizeof(head) + 2 * bytes;
  return true;
}

absl::Status Checkpoint::Append(const Level& level) {
  const Head head{level.keys.size(), level.transitions, level.beyond,
                  Checksum(level)};
  const uint64_t bytes = head.states * sizeof(uint64_t);
  if (::ftruncate(file_, static_cast<off_t>(end_)) != 0 ||
      !WriteAt(file_, end_, &head, sizeof(head)) ||
      !WriteAt(file_, end_ + sizeof(head), level.keys.data(), bytes) ||
      !WriteAt(file_, end_ + sizeof(head) + bytes, level.nodes.data(), bytes) ||
      ::fdatasync(file_) != 0)
    return absl::UnavailableError(
        absl::StrCat(path_, ": ", std::strerror(errno)));
  end_ += sizeof(head) + 2 * bytes;
  return absl::OkStatus();
}

}  // namespace vmtrunc
