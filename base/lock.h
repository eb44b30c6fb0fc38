// Lets one command at a time work in a directory.
#ifndef VMTRUNC_BASE_LOCK_H_
#define VMTRUNC_BASE_LOCK_H_

#include <string>

namespace vmtrunc::base {

// Locks the file that is open for writing, for as long as the open file
// description is there. Returns 0; EAGAIN if it is locked by another; or why it
// cannot be locked, as errno. Not lost when another descriptor of the
// same file is closed, and not inherited by a job that outlives us.
int TryLock(int file);

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
