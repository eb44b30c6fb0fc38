// Lets one command at a time work in a directory.
#ifndef VMTRUNC_BASE_LOCK_H_
#define VMTRUNC_BASE_LOCK_H_

#include <string>

namespace vmtrunc::base {

// Held for the object's lifetime, and released when the process ends in any
// way. DIRECTORY/.vmtrunc-lock names the holder, and is removed with the lock.
class DirectoryLock {
 public:
  // Requires: the directory exists. `command` is the holder's name: "vmtrunc
  // fuzz". Throws UsageError if another process holds the lock, with its name,
  // or if it cannot be taken.
  DirectoryLock(const std::string& directory, const std::string& command);
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;

  // Whether the directory's name still leads to the directory that was locked.
  bool IsThere() const;

  static constexpr const char* kFile = ".vmtrunc-lock";

 private:
  std::string path_;
  int file_ = -1;
};

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_LOCK_H_
