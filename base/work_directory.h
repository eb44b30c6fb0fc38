// A directory that a command works in, run after run, and that it can be told
// from all others by.
#ifndef VMTRUNC_BASE_WORK_DIRECTORY_H_
#define VMTRUNC_BASE_WORK_DIRECTORY_H_

#include <functional>
#include <string>

#include "base/lock.h"

namespace vmtrunc::base {

// New, empty, or one where this command has worked before: its file .vmtrunc
// says so. Locked as long as this lives. In it the command replaces and removes
// only files under the names that docs/files.md lists for it.
class WorkDirectory {
 public:
  // Makes it where it is not there. `option` says whose value it is ("--out"),
  // `command` whose directory ("fuzz"). Throws UsageError.
  WorkDirectory(const std::string& option, const std::string& directory,
                const std::string& command);

  // Called when the directory is there and not locked yet.
  static inline std::function<void()> on_step_for_test;

  // A path in it. A link in that place is not followed: opens fail with ELOOP
  // by O_NOFOLLOW, and writers replace the link.
  std::string Path(const std::string& name) const {
    return directory_ + "/" + name;
  }

 private:
  std::string directory_;
  DirectoryLock lock_;
};

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_WORK_DIRECTORY_H_
