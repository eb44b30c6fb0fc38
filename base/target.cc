#include "base/target.h"

#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "absl/strings/numbers.h"

namespace vmtrunc::base {
namespace {

namespace fs = std::filesystem;

// Whether the directory has the descriptors of this process; its threads share
// them: /proc/PID/fd, /proc/PID/task/TID/fd.
bool HasOurDescriptors(const fs::path& directory) {
  if (directory == "/dev/fd") return true;
  std::error_code error;
  const fs::path self = fs::canonical("/proc/self", error);
  return !error && directory.filename() == "fd" &&
         (directory.parent_path() == self ||
          directory.parent_path().parent_path() == self / "task");
}

// The descriptor of this process that the name means, or -1.
int DescriptorOf(const std::string& path) {
  if (path == "-") return STDOUT_FILENO;
  const std::string name = fs::path(path).filename().string();
  int number = -1;
  const bool is_number = absl::SimpleAtoi(name, &number);
  if (!is_number && name != "stdout" && name != "stderr") return -1;
  // However the directory is written.
  std::error_code error;
  const fs::path directory =
      fs::weakly_canonical(fs::path(path).parent_path(), error);
  if (error) return -1;
  if (is_number) return HasOurDescriptors(directory) ? number : -1;
  if (directory != "/dev") return -1;
  return name == "stdout" ? STDOUT_FILENO : STDERR_FILENO;
}

// Where that cannot be found out too: what is opened is not replaced.
bool IsInProc(const fs::path& link) {
  const fs::path parent = link.parent_path();
  struct statfs about{};
  return ::statfs(parent.empty() ? "." : parent.c_str(), &about) != 0 ||
         about.f_type == PROC_SUPER_MAGIC;
}

}  // namespace

Target TargetOf(const std::string& name) {
  Target target{.path = name, .descriptor = DescriptorOf(name)};
  std::error_code error;
  for (int links = 0; links < 40 && target.descriptor < 0; ++links) {
    const fs::path to = fs::read_symlink(target.path, error);
    if (error) break;
    target.is_link_of_proc = IsInProc(target.path);
    if (target.is_link_of_proc) break;
    target.path = (fs::path(target.path).parent_path() / to).string();
    target.descriptor = DescriptorOf(target.path);
  }
  return target;
}

}  // namespace vmtrunc::base
