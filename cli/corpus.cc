#include "cli/corpus.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/own_directory.h"
#include "base/shown.h"
#include "cli/input.h"

namespace vmtrunc {
namespace {

namespace fs = std::filesystem;

}  // namespace

std::vector<std::string> FilesBelow(const std::vector<std::string>& paths,
                                    const std::string& extension) {
  const auto wanted = [&](const fs::path& path) {
    if (IsBookkeeping(path.filename().string())) return false;
    return extension.empty() ? path.extension() != ".md"
                             : path.extension() == extension;
  };
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    const auto first = static_cast<std::ptrdiff_t>(files.size());
    for (fs::recursive_directory_iterator at(path, error), end;
         !error && at != end; at.increment(error))
      if (at->is_regular_file() && wanted(at->path()))
        files.push_back(at->path().string());
    if (error)
      throw UsageError{absl::StrCat(Shown(path), ": ", error.message())};
    std::sort(files.begin() + first, files.end());
  }
  return files;
}

CorpusFile ReadCorpusFile(const std::string& path) {
  CorpusFile file;
  file.path = path;
  file.content = ReadFile(path);
  file.is_text = LooksLikeText(path, file.content);
  file.script = ParseScript(path, file.content, file.is_text);
  return file;
}

}  // namespace vmtrunc
