#include "cli/kernel_argument.h"

#include <deque>
#include <filesystem>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/shown.h"
#include "fuzz/kernel_in_file.h"

namespace vmtrunc::cli {
namespace {

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
  const KernelFile file = fuzz::ReadKernelFile(path);
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

std::optional<KernelSpec> KernelInFile(const std::string& text,
                                       const std::string& directory,
                                       KernelFiles files) {
  const std::string path = (std::filesystem::path(directory) / text).string();
  if (!fuzz::NamesKernelFile(text, path)) return std::nullopt;
  std::error_code error;
  const std::filesystem::file_status about =
      std::filesystem::status(path, error);
  if (files == KernelFiles::kRegular && std::filesystem::exists(about) &&
      !std::filesystem::is_regular_file(about))
    throw base::UsageError{base::Shown(path) + ": expected a regular file"};
  return ReadOnce(path);
}

}  // namespace vmtrunc::cli
