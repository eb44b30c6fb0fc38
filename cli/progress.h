// Progress: one line on standard error, on a terminal alone, from two seconds
// on, and gone when what it tells of is over.
#ifndef VMTRUNC_CLI_PROGRESS_H_
#define VMTRUNC_CLI_PROGRESS_H_

#include <chrono>
#include <string_view>

namespace vmtrunc {

class ProgressLine {
 public:
  using Clock = std::chrono::steady_clock;

  ProgressLine();
  ~ProgressLine() { End(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Whether the line should be shown now; twice a second.
  bool IsDue() const { return terminal_ && Clock::now() >= next_; }
  void Show(std::string_view line);
  void End();

  // Since this was made.
  double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }

 private:
  const bool terminal_;
  bool shown_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_ + std::chrono::seconds(2);
};

}  // namespace vmtrunc

#endif  // VMTRUNC_CLI_PROGRESS_H_
