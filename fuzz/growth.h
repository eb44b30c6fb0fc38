// How many kinds of abstract states a search has seen, against executions.
#ifndef VMTRUNC_FUZZ_GROWTH_H_
#define VMTRUNC_FUZZ_GROWTH_H_

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <vector>

#include "core/check.h"
#include "core/checker.h"

namespace vmtrunc {

// Writes lines "EXECUTIONS SEEN" to a file, each a tenth more executions than
// the one before, so that a file of a million executions has some 120.
class Growth {
 public:
  // Requires: `path` can be written.
  explicit Growth(const char* path) : file_(std::fopen(path, "w")) {
    VMT_CHECK(file_ != nullptr);
  }

  // After each execution, with the bytes of RunOptions::features.
  void Note(std::span<const uint8_t> features) {
    seen_.resize(features.size());
    AddSeen(seen_, features);
    if (++executions_ < next_) return;
    next_ = std::max(next_ + 1, next_ + next_ / 10);
    std::fprintf(file_.get(), "%llu %zu\n",
                 static_cast<unsigned long long>(executions_),
                 CountSeen(seen_));
    std::fflush(file_.get());
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
  std::vector<uint8_t> seen_;
  uint64_t executions_ = 0;
  uint64_t next_ = 1;
};

}  // namespace vmtrunc

#endif  // VMTRUNC_FUZZ_GROWTH_H_
