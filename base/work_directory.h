// A directory that a command works in, run after run, marked as its own.
#ifndef VMTRUNC_BASE_WORK_DIRECTORY_H_
#define VMTRUNC_BASE_WORK_DIRECTORY_H_

#include <functional>
#include <string>

#include "base/lock.h"

namespace vmtrunc::base {

// New, empty, or one where this command has worked before, as its file .vmtrunc
// says. Locked for the object's lifetime. In it the command replaces and
// removes only files under the names that docs/files.md lists for it.
class WorkDirectory {
 public:
  // Creates the directory if missing. `option` is the option with this value
  // ("--out"), `command` the owner ("fuzz"). Throws UsageError.
  WorkDirectory(const std::string& option, const std::string& directory,
                const std::string& command);

  // Whether the command has worked there.
  static bool IsOf(const std::string& directory, const std::string& command);

  // To be called before something is written under a name in the directory.
  // Throws UsageError if another directory, or a link, has its name by now.
  void ExpectThere() const;
  bool IsThere() const { return lock_.IsThere(); }

  // Called when the directory exists and is not locked yet.
  static inline std::function<void()> on_step_for_test;

  // A path in the directory. A link there is not followed: opens fail with
  // ELOOP by O_NOFOLLOW, and writers replace the link.
  std::string Path(const std::string& name) const {
    return directory_ + "/" + name;
  }

 private:
  std::string directory_;
  DirectoryLock lock_;
};

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_WORK_DIRECTORY_H_
