// The files by which a fuzz target reports to its parent: DIRECTORY/status and
// DIRECTORY/current, and the inputs that it keeps.
#ifndef VMTRUNC_FUZZ_SAVED_H_
#define VMTRUNC_FUZZ_SAVED_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "core/script/script.h"
#include "fuzz/status.h"

namespace vmtrunc::fuzz {

// Saved inputs are scripts in bytes that contain the kernel that they ran on:
// `vmtrunc run FILE` replays them. All files have their final size from the
// start, so a disk that fills up later does no harm.
class Saved {
 public:
  static constexpr size_t kMost = kHeaderBytes + kRecordBytes * kMaxEvents;

  // Creates or opens the two files. `status` has the build id and no counts
  // when it returns: an earlier run's are gone. Ends the process if that fails,
  // or if a file is not regular: a link is not followed.
  explicit Saved(const std::string& directory);

  FuzzStatus& status() { return *status_; }

  // From now on, saved inputs name this kernel instead of their own.
  void Stamp(const KernelSpec& kernel) { stamp_ = kernel; }

  // Writes the input to `current` before it runs, followed by zeros, which are
  // records without an effect.
  void Save(std::span<const uint8_t> bytes);
  // Marks it as the last one: without these zeros.
  void End();
  // Saves the running input in a file of its own. An existing file is kept, and
  // the name gets a number. Returns the name.
  std::string Keep(const std::string& stem);
  // The same in the place of `old`, which Keep() returned, or "". What is no
  // longer the file that was written there stays, and the name gets a number.
  std::string KeepInstead(const std::string& old, const std::string& stem);

 private:
  std::string InputThatRuns() const;

  std::string directory_;
  std::set<std::string> before_;             // names that were there
  std::map<std::string, std::string> kept_;  // content by name, of new files
  int current_ = -1;
  FuzzStatus* status_ = nullptr;
  std::optional<KernelSpec> stamp_;
  std::array<uint8_t, kMost> saved_{};
  size_t size_ = 0;
};

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_SAVED_H_
