// The row of the model's table that stands for a release of Linux.
#ifndef VMTRUNC_LIVE_ROW_H_
#define VMTRUNC_LIVE_ROW_H_

#include <string>
#include <string_view>

namespace vmtrunc::live {

struct Row {
  std::string kernel;     // the newest one that is not newer than the release
  bool is_newer = false;  // than all of them: nobody has compared the two
};

// `release` as uname(2) has it: "6.12.43-cloud-amd64". One that is no version,
// or older than every kernel, gets the oldest.
Row RowOf(std::string_view release);

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_ROW_H_
