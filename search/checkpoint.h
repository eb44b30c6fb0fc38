// A search on disk, so that it resumes after a kill: the states of each level,
// appended when the level is complete. Incomplete levels are ignored.
#ifndef VMTRUNC_SEARCH_CHECKPOINT_H_
#define VMTRUNC_SEARCH_CHECKPOINT_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "search/prove.h"

namespace vmtrunc::search {

class Checkpoint {
 public:
  // The state of the search after one level.
  struct Level {
    uint64_t transitions = 0, beyond = 0;
    std::vector<uint64_t> keys;   // of its states
    std::vector<uint64_t> nodes;  // how each was first reached
  };

  Checkpoint() = default;
  ~Checkpoint();
  Checkpoint(const Checkpoint&) = delete;
  Checkpoint& operator=(const Checkpoint&) = delete;

  // Opens or creates DIRECTORY/NAME. `id` identifies the kernel and the
  // problem: FailedPrecondition if the file belongs to another, Unavailable if
  // it cannot be read or written. Truncates what follows the last complete
  // level.
  absl::Status Open(const std::string& directory, const char* name,
                    uint64_t id);

  // Opens or creates the file of this search in its options' directory, where
  // no search of another problem may be. `world_bytes` is the size of the world
  // that is searched. Requires: the options name a directory.
  absl::Status OpenFor(const Problem& problem, const ProveOptions& options,
                       uint64_t world_bytes);

  // OK if DIRECTORY/NAME does not exist or has one of these ids.
  static absl::Status ExpectNoOther(const std::string& directory,
                                    const char* name,
                                    std::span<const uint64_t> ids);

  // Reads the next level, false after the last, also if a part of another
  // follows. An error if it cannot be read, or is damaged and more follow. Call
  // before any Append(), which truncates what was not read.
  absl::StatusOr<bool> Read(Level& level);

  // Appends a level, on disk when it returns; on failure the file is unchanged.
  // There are as many `nodes` as keys, of 8 bytes each.
  absl::Status Append(uint64_t transitions, uint64_t beyond,
                      std::span<const uint64_t> keys, const void* nodes);

 private:
  // Whether the file of `size` bytes has a whole level at `from` or after it.
  absl::StatusOr<bool> HasLevelAfter(uint64_t from, uint64_t size) const;

  std::string path_;
  int file_ = -1;
  uint64_t end_ = 0;  // of the complete levels, bytes
};

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_CHECKPOINT_H_
