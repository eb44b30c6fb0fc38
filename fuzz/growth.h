// Records the number of abstract states that a search has seen, against
// executions.
#ifndef VMTRUNC_FUZZ_GROWTH_H_
#define VMTRUNC_FUZZ_GROWTH_H_

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/run/checker.h"
#include "fuzz/settings.h"

namespace vmtrunc::fuzz {

// Writes lines "EXECUTIONS SEEN" to a file, each at ten percent more executions
// than the last, so that a file of a million executions has some 120. A file
// that is there stays as it is: it could be an input.
class Growth {
 public:
  explicit Growth(const std::string& path)
      : path_(path), file_(std::fopen(path.c_str(), "wx")) {
    if (file_ == nullptr) Fail();
  }

  // After each execution, or after several (a scout's turn), with the bytes of
  // RunOptions::features.
  void Note(std::span<const uint8_t> features, uint64_t executions = 1) {
    seen_.resize(features.size());
    AddSeen(seen_, features);
    executions_ += executions;
    if (executions_ < next_) return;
    while (next_ <= executions_)
      next_ = std::max(next_ + 1, next_ + next_ / 10);
    if (std::fprintf(file_.get(), "%llu %zu\n",
                     static_cast<unsigned long long>(executions_),
                     CountSeen(seen_)) < 0 ||
        std::fflush(file_.get()) != 0)
      Fail();
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  [[noreturn]] void Fail() const {
    EndTarget(path_ + ": " + std::strerror(errno));
  }

  const std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::vector<uint8_t> seen_;
  uint64_t executions_ = 0;
  uint64_t next_ = 1;
};

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_GROWTH_H_
