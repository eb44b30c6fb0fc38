// Progress, on standard error. On a terminal that takes escape sequences one
// line, after two seconds, removed at the end. Otherwise, as in the log of a
// job, a plain line every ten seconds, which stays.
#ifndef VMTRUNC_BASE_PROGRESS_H_
#define VMTRUNC_BASE_PROGRESS_H_

#include <chrono>
#include <string_view>

namespace vmtrunc::base {

class ProgressLine {
 public:
  using Clock = std::chrono::steady_clock;

  ProgressLine();
  ~ProgressLine() { End(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Whether the line should be shown now.
  bool IsDue() const { return Clock::now() >= next_; }
  void Show(std::string_view line);
  void End();

  // Since construction.
  double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }

 private:
  const bool terminal_;
  bool shown_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_ + std::chrono::seconds(terminal_ ? 2 : 10);
};

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_PROGRESS_H_
