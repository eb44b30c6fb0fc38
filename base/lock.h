// One command at a time in a directory that it writes into.
#ifndef VMTRUNC_BASE_LOCK_H_
#define VMTRUNC_BASE_LOCK_H_

#include <string>

namespace vmtrunc::base {

// Held from when it is made until it goes; a process that ends, however it
// does, holds nothing. DIRECTORY/.vmtrunc-lock says who has it, and goes with
// it.
class DirectoryLock {
 public:
  // The directory is there. `command` is what to call the holder: "vmtrunc
  // fuzz". Throws UsageError: another has it, and who; or it cannot be had.
  DirectoryLock(const std::string& directory, const std::string& command);
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;

  static constexpr const char* kFile = ".vmtrunc-lock";

 private:
  std::string path_;
  int file_ = -1;
};

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_LOCK_H_
