#include "cli/kernel_argument.h"

#include <deque>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/read.h"
#include "base/shown.h"

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;

bool IsFileName(const std::string& text, const fs::path& path) {
  if (text.find('\0') != std::string::npos) return false;
  if (text.find('/') != std::string::npos || text.ends_with(".kernel"))
    return true;
  std::error_code ignored;
  return !text.empty() && !ParseKernelSpec(text).ok() &&
         fs::is_regular_file(path, ignored);
}

// A kernel that has been read, and its file; a KernelSpec points to its name.
struct OwnKernel {
  OwnName own;
  std::string path;
};

KernelSpec SpecOf(const OwnName& own) {
  return {.kernel = own.kernel, .flips = own.flips, .own = &own};
}

// Each file is read once, as it may be a pipe.
KernelSpec ReadOnce(const std::string& path) {
  static std::deque<OwnKernel> all;
  for (const OwnKernel& it : all)
    if (it.path == path) return SpecOf(it.own);
  const KernelFile file = ReadKernelFile(path);
  const KernelSpec spec = file.spec();
  for (const OwnKernel& it : all)
    if (it.own.name == file.name && spec != SpecOf(it.own))
      throw base::UsageError{
          absl::StrCat(base::Shown(path), ": expected another name than ",
                       file.name, ", which ", base::Shown(it.path), " has")};
  std::cerr << base::Shown(path) << ": kernel " << file.name << " is "
            << spec.ToString() << "\n";
  all.push_back({{file.name, spec.kernel, spec.flips}, path});
  return SpecOf(all.back().own);
}

}  // namespace

KernelFile ReadKernelFile(const std::string& path) {
  auto file = ParseKernelFile(base::ReadFile(path, kMostKernelFile));
  if (!file.ok())
    throw base::UsageError{absl::StrCat(base::Shown(path), ":",
                                        std::string(file.status().message()))};
  return *std::move(file);
}

std::optional<KernelSpec> KernelInFile(const std::string& text,
                                       const std::string& directory) {
  const fs::path path = fs::path(directory) / text;
  if (!IsFileName(text, path)) return std::nullopt;
  return ReadOnce(path.string());
}

}  // namespace vmtrunc::cli
