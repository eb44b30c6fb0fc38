#include "base/work_directory.h"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/own_directory.h"
#include "base/place.h"
#include "base/read.h"
#include "base/shown.h"
#include "base/write.h"

namespace vmtrunc::base {
namespace {

namespace fs = std::filesystem;

// Whether it contains only vmtrunc's own bookkeeping.
bool IsEmpty(const std::string& directory) {
  std::error_code error;
  fs::directory_iterator at(directory, error);
  if (error) FailPath(directory, error.value());
  for (const fs::directory_entry& entry : at)
    if (!IsBookkeeping(entry.path().filename().string())) return false;
  return true;
}

std::string MarkerOf(const std::string& command) {
  return absl::StrCat("vmtrunc ", command, " 1\n");
}

void Step() {
  if (WorkDirectory::on_step_for_test) WorkDirectory::on_step_for_test();
}

// Creates or finds the directory. Touches nothing in it before it is known to
// be ours.
std::string Made(const std::string& option, const std::string& directory,
                 const std::string& command) {
  if (directory.empty())
    throw UsageError{option +
                     ": expected a directory's name, not an empty one"};
  std::error_code error;
  fs::create_directories(directory, error);
  std::error_code none;
  if (error && !fs::is_directory(directory, none))
    throw UsageError{
        absl::StrCat(option, " ", Shown(directory), ": ", error.message())};
  const std::string marker =
      absl::StrCat(directory, "/", OwnDirectory::kMarker);
  const fs::file_type type = TypeOf(marker);
  if (type == fs::file_type::not_found && IsEmpty(directory)) return directory;
  if (type != fs::file_type::regular ||
      !WorkDirectory::IsOf(directory, command))
    throw UsageError{absl::StrCat(
        option, " ", Shown(directory), ": expected a directory of vmtrunc ",
        command, " (its file .vmtrunc says so), an empty one, or none")};
  return directory;
}

}  // namespace

bool WorkDirectory::IsOf(const std::string& directory,
                         const std::string& command) {
  return ReadKnown(absl::StrCat(directory, "/", OwnDirectory::kMarker), 200) ==
         MarkerOf(command);
}

WorkDirectory::WorkDirectory(const std::string& option,
                             const std::string& directory,
                             const std::string& command)
    : directory_(Made(option, directory, command)),
      lock_((Step(), directory_), "vmtrunc " + command) {
  // Another process may have come before the lock.
  Made(option, directory, command);
  const std::string marker = Path(OwnDirectory::kMarker);
  if (!ReadKnown(marker, 200)) WriteFile(marker, MarkerOf(command));
}

void WorkDirectory::ExpectThere() const {
  if (!IsThere()) FailExchanged(directory_);
}

}  // namespace vmtrunc::base
