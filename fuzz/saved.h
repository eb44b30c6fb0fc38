// The files by which a fuzz target tells who started it what it does:
// DIRECTORY/status and DIRECTORY/current, and the inputs that it keeps.
#ifndef VMTRUNC_FUZZ_SAVED_H_
#define VMTRUNC_FUZZ_SAVED_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/script/script.h"
#include "fuzz/status.h"

namespace vmtrunc::fuzz {

// What is saved is a script in bytes as it stands, and says the kernel that it
// ran on: `vmtrunc run FILE` runs it again. All files are in their final size
// from the start, so that a disk that fills up later costs nothing.
class Saved {
 public:
  // Makes the two files, or takes those that are there. The build id is in
  // `status` when it returns. Ends the process when that fails, and where a
  // file is no regular one: a link is not followed.
  explicit Saved(const std::string& directory);

  FuzzStatus& status() { return *status_; }

  // From now on inputs say that they run on this kernel, whatever they say
  // themselves.
  void Stamp(const KernelSpec& kernel) { stamp_ = kernel; }

  // The input is in `current` before it runs, followed by zeros, which are
  // records without an effect.
  void Save(std::span<const uint8_t> bytes);
  // It is the last one: without these zeros.
  void End();
  // The input that runs, in a file of its own. A file that is there is left
  // alone, and the name gets a number; or is replaced. Returns the name.
  std::string Keep(const std::string& stem);
  void KeepAgain(const std::string& name);

 private:
  std::string InputThatRuns() const;

  static constexpr size_t kMost = kHeaderBytes + kRecordBytes * kMaxEvents;

  std::string directory_;
  int current_ = -1;
  FuzzStatus* status_ = nullptr;
  std::optional<KernelSpec> stamp_;
  std::array<uint8_t, kMost> saved_{};
  size_t size_ = 0;
};

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_SAVED_H_
