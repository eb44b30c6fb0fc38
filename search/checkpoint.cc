#include "search/checkpoint.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/version.h"
#include "core/model/world.h"
#include "base/read_at.h"

namespace vmtrunc::search {
namespace {

constexpr uint64_t kMagic =  // "VTPROVE" and a digit, as bytes
    0x0045564f52505456 | uint64_t{'0' + kCheckpointVersion} << 56;

struct Head {
  uint64_t states, transitions, beyond, checksum;
};

// Of a state: its key and its node. Levels begin at multiples of it.
constexpr uint64_t kUnit = 2 * sizeof(uint64_t);

uint64_t Checksum(const Head& head, const uint64_t* keys, const void* nodes) {
  const uint64_t bytes = head.states * sizeof(uint64_t);
  const uint64_t parts[] = {head.states, head.transitions, head.beyond,
                            HashBytes(keys, bytes), HashBytes(nodes, bytes)};
  return HashBytes(parts, sizeof(parts));
}

// Whether there was all of it; in errno whether that is for an error, or 0.
bool ReadAllAt(int file, uint64_t at, void* to, size_t size) {
  int error = 0;
  const bool is_whole = base::ReadAt(file, at, to, size, error) == size;
  errno = error;
  return is_whole;
}
// Does all of it, or returns false.
bool WriteAt(int file, uint64_t at, const void* from, size_t size) {
  const auto* bytes = static_cast<const char*>(from);
  while (size > 0) {
    const ssize_t put = ::pwrite(file, bytes, size, static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) continue;
    if (put == 0) errno = ENOSPC;
    if (put <= 0) return false;
    bytes += put;
    at += static_cast<uint64_t>(put);
    size -= static_cast<size_t>(put);
  }
  return true;
}

absl::Status Errno(const std::string& path) {
  return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno)));
}

// Of a file that begins with `magic`, and is not that of this search.
absl::Status Another(const std::string& path, uint64_t magic) {
  constexpr uint64_t kName = (uint64_t{1} << 56) - 1;
  const auto version = static_cast<char>(magic >> 56);
  if (magic != kMagic && (magic & kName) == (kMagic & kName) && version != 0)
    return absl::FailedPreconditionError(absl::StrCat(
        path, ": expected a checkpoint of form ", kCheckpointVersion,
        " (vmtrunc --version), not ", std::string(1, version)));
  return absl::FailedPreconditionError(
      absl::StrCat(path,
                   ": expected a checkpoint of this kernel, bound, "
                   "property and build of the model"));
}

}  // namespace

Checkpoint::~Checkpoint() {
  if (file_ >= 0) ::close(file_);
}

absl::Status Checkpoint::Open(const std::string& directory, const char* name,
                              uint64_t id) {
  path_ = absl::StrCat(directory, "/", name);
  if (::mkdir(directory.c_str(), 0777) != 0 && errno != EEXIST)
    return Errno(directory);
  // Does not follow a link or block on a pipe: the file may be anything.
  file_ = ::open(path_.c_str(),
                 O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
  if (file_ < 0) return Errno(path_);
  const uint64_t mine[] = {kMagic, id};
  uint64_t has[2] = {};
  struct stat status;
  if (::fstat(file_, &status) != 0) return Errno(path_);
  if (S_ISREG(status.st_mode) && status.st_size == 0) {
    if (!WriteAt(file_, 0, mine, sizeof(mine))) {
      const absl::Status failed = Errno(path_);
      if (::ftruncate(file_, 0) != 0) return failed;
      return failed;
    }
  } else if (!S_ISREG(status.st_mode) ||
             !ReadAllAt(file_, 0, has, sizeof(has)) ||
             std::memcmp(has, mine, sizeof(mine)) != 0) {
    return S_ISREG(status.st_mode) && errno != 0 ? Errno(path_)
                                                 : Another(path_, has[0]);
  }
  end_ = sizeof(mine);
  return absl::OkStatus();
}

absl::Status Checkpoint::ExpectNoOther(const std::string& directory,
                                       const char* name,
                                       std::span<const uint64_t> ids) {
  const std::string path = absl::StrCat(directory, "/", name);
  const int file =
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0)
    return errno == ENOENT || errno == ENOTDIR ? absl::OkStatus() : Errno(path);
  uint64_t has[2] = {};
  struct stat status;
  const bool is_empty = ::fstat(file, &status) == 0 &&
                        S_ISREG(status.st_mode) && status.st_size == 0;
  const bool is_whole = ReadAllAt(file, 0, has, sizeof(has));
  ::close(file);
  if (is_empty || (is_whole && has[0] == kMagic &&
                   std::find(ids.begin(), ids.end(), has[1]) != ids.end()))
    return absl::OkStatus();
  return Another(path, has[0]);
}

absl::Status Checkpoint::OpenFor(const Problem& problem,
                                 const ProveOptions& options,
                                 uint64_t world_bytes) {
  // A hash of everything on which the states and their order depend.
  const auto id = [&](bool steps_only, bool reduce) {
    ProveOptions asked = options;
    asked.steps_only = steps_only;
    asked.reduce = reduce;
    const uint64_t parts[] = {ProblemId(problem, asked), world_bytes};
    return HashBytes(parts, sizeof(parts));
  };
  const auto name = [](bool reduce) {
    return reduce ? "prove-reduced" : "prove";
  };
  if (options.is_checkpoint_there && !options.is_checkpoint_there())
    return absl::UnavailableError(absl::StrCat(
        options.checkpoint, ": is no longer the directory of this search"));
  // One problem for each directory: the other search's file there is of it too.
  std::vector<uint64_t> others;
  for (const bool steps_only : {false, true})
    if (steps_only || options.reduce)
      others.push_back(id(steps_only, !options.reduce));
  const absl::Status other =
      ExpectNoOther(options.checkpoint, name(!options.reduce), others);
  if (!other.ok()) return other;
  return Open(options.checkpoint, name(options.reduce),
              id(options.steps_only, options.reduce));
}

absl::StatusOr<bool> Checkpoint::Read(Level& level) {
  Head head;
  struct stat status;
  if (::fstat(file_, &status) != 0) return Errno(path_);
  const auto size = static_cast<uint64_t>(status.st_size);
  // A kill, or a machine that was switched off, leaves a part of one level at
  // the end, or zeros. An error of the disk is no end: what is left would be
  // cut off.
  const auto end = [&](int error) -> absl::StatusOr<bool> {
    if (error != 0) {
      errno = error;
      return Errno(path_);
    }
    const absl::StatusOr<bool> more = HasLevelAfter(end_ + kUnit, size);
    if (!more.ok()) return more.status();
    if (!*more) return false;
    return absl::DataLossError(absl::StrCat(
        path_, ": expected a level as it was written at byte ", end_,
        ": it is damaged, and there are more after it (resumes before it: ",
        "truncate -s ", end_, ")"));
  };
  if (!ReadAllAt(file_, end_, &head, sizeof(head))) return end(errno);
  if (head.states > size / kUnit) return end(0);
  level.transitions = head.transitions;
  level.beyond = head.beyond;
  level.keys.resize(head.states);
  level.nodes.resize(head.states);
  const uint64_t bytes = head.states * sizeof(uint64_t);
  if (!ReadAllAt(file_, end_ + sizeof(head), level.keys.data(), bytes) ||
      !ReadAllAt(file_, end_ + sizeof(head) + bytes, level.nodes.data(), bytes))
    return end(errno);
  if (Checksum(head, level.keys.data(), level.nodes.data()) != head.checksum)
    return end(0);
  end_ += sizeof(head) + 2 * bytes;
  return true;
}

absl::StatusOr<bool> Checkpoint::HasLevelAfter(uint64_t from,
                                               uint64_t size) const {
  // Of a head that may be one: most that is there are hashes.
  const auto next_of = [&](uint64_t at, const Head& head) -> uint64_t {
    const uint64_t room = size - at - sizeof(head);
    if (head.checksum == 0 || head.states > room / kUnit) return 0;
    return at + sizeof(head) + head.states * kUnit;
  };
  // What may be a head and is none costs the reading of its level.
  uint64_t left = 4 * size;
  constexpr size_t kAtOnce = size_t{1} << 20;
  std::vector<char> bytes(kAtOnce + sizeof(Head));
  for (uint64_t block = from; block + sizeof(Head) <= size; block += kAtOnce) {
    const size_t got = std::min<uint64_t>(bytes.size(), size - block);
    if (!ReadAllAt(file_, block, bytes.data(), got)) {
      if (errno != 0) return Errno(path_);
      return false;
    }
    for (size_t i = 0; i < kAtOnce && i + sizeof(Head) <= got; i += kUnit) {
      Head head, after;
      std::memcpy(&head, bytes.data() + i, sizeof(head));
      const uint64_t at = block + i, next = next_of(at, head);
      if (next == 0) continue;
      // The next level begins where it ends, or it is the last.
      if (next != size && (!ReadAllAt(file_, next, &after, sizeof(after)) ||
                           next_of(next, after) == 0))
        continue;
      if (next - at > left) continue;
      left -= next - at;
      std::vector<uint64_t> words(head.states * 2);
      if (ReadAllAt(file_, at + sizeof(head), words.data(),
                    words.size() * sizeof(uint64_t)) &&
          Checksum(head, words.data(), words.data() + head.states) ==
              head.checksum)
        return true;
    }
  }
  return false;
}

absl::Status Checkpoint::Append(uint64_t transitions, uint64_t beyond,
                                std::span<const uint64_t> keys,
                                const void* nodes) {
  Head head{keys.size(), transitions, beyond, 0};
  head.checksum = Checksum(head, keys.data(), nodes);
  const uint64_t bytes = head.states * sizeof(uint64_t);
  if (::ftruncate(file_, static_cast<off_t>(end_)) != 0 ||
      !WriteAt(file_, end_, &head, sizeof(head)) ||
      !WriteAt(file_, end_ + sizeof(head), keys.data(), bytes) ||
      !WriteAt(file_, end_ + sizeof(head) + bytes, nodes, bytes) ||
      ::fdatasync(file_) != 0) {
    const absl::Status failed = Errno(path_);
    // The next search would truncate a partial level.
    if (::ftruncate(file_, static_cast<off_t>(end_)) != 0) return failed;
    return failed;
  }
  end_ += sizeof(head) + 2 * bytes;
  return absl::OkStatus();
}

}  // namespace vmtrunc::search
