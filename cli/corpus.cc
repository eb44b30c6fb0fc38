#include "cli/corpus.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "cli/input.h"

namespace vmtrunc {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Fail(const std::string& path) {
  throw UsageError{absl::StrCat(path, ": ", std::strerror(errno))};
}

// A full disk may show when the data is written, or only when it is flushed.
void WriteThrough(const std::string& path, const std::string& content) {
  const int file =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) Fail(path);
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t wrote =
        ::write(file, content.data() + done, content.size() - done);
    if (wrote <= 0) break;
    done += static_cast<size_t>(wrote);
  }
  const bool whole = done == content.size() && ::fsync(file) == 0;
  const int error = errno;
  ::close(file);
  errno = error;
  if (!whole) Fail(path);
}

void Flush(const std::string& directory) {
  const int file =
      ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) Fail(directory);
  const int result = ::fsync(file);
  ::close(file);
  if (result != 0) Fail(directory);
}

}  // namespace

std::vector<std::string> FilesBelow(const std::vector<std::string>& paths,
                                    const std::string& extension) {
  const auto wanted = [&](const fs::path& path) {
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
    if (error) throw UsageError{absl::StrCat(path, ": ", error.message())};
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

void WriteDirectory(
    const std::string& path,
    const std::vector<std::pair<std::string, std::string>>& files) {
  std::string plain = path;
  while (plain.size() > 1 && plain.back() == '/') plain.pop_back();
  const std::string part = plain + ".part";
  std::error_code error;
  fs::remove_all(part, error);  // of one that was killed
  if (!fs::create_directory(part, error))
    throw UsageError{absl::StrCat(
        part, ": ", error ? error.message() : std::string("is in the way"))};
  try {
    for (const auto& [name, content] : files)
      WriteThrough(absl::StrCat(part, "/", name), content);
    Flush(part);
    // With what was there in its place, which then goes.
    const bool there = fs::exists(plain, error);
    if (::renameat2(AT_FDCWD, part.c_str(), AT_FDCWD, plain.c_str(),
                    there ? RENAME_EXCHANGE : RENAME_NOREPLACE) != 0)
      Fail(plain);
  } catch (...) {
    fs::remove_all(part, error);
    throw;
  }
  fs::remove_all(part, error);
  const fs::path above = fs::path(plain).parent_path();
  Flush(above.empty() ? "." : above.string());
}

}  // namespace vmtrunc
