#include "fuzz/kernel_in_file.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/read.h"
#include "base/shown.h"

namespace vmtrunc::fuzz {

bool NamesKernelFile(const std::string& text, const std::string& path) {
  if (text.find('\0') != std::string::npos) return false;
  if (text.find('/') != std::string::npos || text.ends_with(".kernel"))
    return true;
  std::error_code ignored;
  return !text.empty() && !ParseKernelSpec(text).ok() &&
         std::filesystem::is_regular_file(path, ignored);
}

KernelFile ReadKernelFile(const std::string& path) {
  auto file = ParseKernelFile(base::ReadFile(path, kMostKernelFile));
  if (!file.ok())
    throw base::UsageError{absl::StrCat(base::Shown(path), ":",
                                        std::string(file.status().message()))};
  return *std::move(file);
}

}  // namespace vmtrunc::fuzz
