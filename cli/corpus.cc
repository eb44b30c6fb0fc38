#include "cli/corpus.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <system_error>

#include "base/own_directory.h"
#include "base/place.h"
#include "base/shown.h"
#include "base/work_directory.h"
#include "campaign/store.h"
#include "cli/input.h"

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;

using Wanted = std::function<bool(const fs::path&, bool is_directory)>;

// Nothing is skipped silently: what cannot be looked at, as it is in a
// directory that may not be searched or its path is too long, is an error and
// not gone.
fs::file_type Looked(const fs::path& path, fs::file_status there,
                     std::error_code error) {
  if (there.type() == fs::file_type::none)
    base::FailPath(path.string(), error.value());
  return there.type();
}

// A name that matches is read or refused.
void ExpectScript(const fs::path& path) {
  std::error_code error;
  const fs::file_status there = fs::status(path, error);
  Looked(path, there, error);
  if (fs::is_regular_file(there)) return;
  const std::string name = base::Shown(path.string());
  if (fs::is_directory(there))
    throw base::UsageError{name +
                           ": expected a script, not a link to a directory"};
  if (fs::exists(there))
    throw base::UsageError{name +
                           ": expected a script, not a pipe or a device"};
  if (fs::is_symlink(fs::symlink_status(path, error)))
    throw base::UsageError{name + ": expected a script, not a link to nothing"};
  // A running fuzzer replaces inputs by smaller ones.
}

void AddBelow(const fs::path& directory, const Wanted& wanted,
              std::vector<std::string>& files) {
  std::error_code error;
  fs::directory_iterator at(directory, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const fs::path& path = at->path();
    if (base::IsBookkeeping(path.filename().string())) continue;
    std::error_code unseen;
    const fs::file_status there = at->symlink_status(unseen);
    const fs::file_type type = Looked(path, there, unseen);
    if (type == fs::file_type::directory) {
      if (wanted(path, true)) AddBelow(path, wanted, files);
      continue;
    }
    // A directory's name says nothing of the scripts in it.
    const bool hides_scripts =
        type == fs::file_type::symlink && base::IsDirectory(path.string());
    if (!wanted(path, false) && !hides_scripts) continue;
    ExpectScript(path);
    files.push_back(path.string());
  }
  if (error) base::FailPath(directory.string(), error.value());
}

// A campaign's directory has a log, a page and findings besides, and a
// fuzzer's a log and its status.
void ExpectNoFuzzer(const fs::path& directory) {
  const bool is_campaign = campaign::IsCampaign(directory.string());
  if (!is_campaign && !base::WorkDirectory::IsOf(directory.string(), "fuzz"))
    return;
  throw base::UsageError{base::Shown(directory.string()) +
                         ": expected scripts; the inputs of this " +
                         (is_campaign ? "campaign" : "fuzzer") + " are in " +
                         base::Shown((directory / "corpus").string())};
}

}  // namespace

std::vector<std::string> FilesBelow(const std::vector<std::string>& paths,
                                    const std::string& extension) {
  // A name that is only the extension matches too.
  const Wanted wanted = [&](const fs::path& path, bool is_directory) {
    if (extension.empty())
      return !base::IsBesideInputs(path.filename().string(), is_directory);
    return is_directory || path.string().ends_with(extension);
  };
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    if (extension.empty()) ExpectNoFuzzer(path);
    const auto first = static_cast<std::ptrdiff_t>(files.size());
    AddBelow(path, wanted, files);
    std::sort(files.begin() + first, files.end());
  }
  return files;
}

std::vector<std::string> ScriptsBelow(const std::vector<std::string>& paths,
                                      const std::string& extension) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    const std::vector<std::string> its = FilesBelow({path}, extension);
    if (its.empty())
      throw base::UsageError{base::Shown(path) +
                             ": expected scripts, or a directory with some"};
    files.insert(files.end(), its.begin(), its.end());
  }
  return files;
}

CorpusFile ReadCorpusFile(const std::string& path,
                          const std::vector<std::string>& named) {
  CorpusFile file;
  file.path = path;
  file.content = base::ReadFile(path);
  if (file.content.empty() &&
      std::find(named.begin(), named.end(), path) != named.end())
    throw base::UsageError{base::Shown(path) +
                           ": expected a script; there is nothing in it"};
  file.is_text = LooksLikeText(path, file.content);
  file.script = ParseScript(path, file.content, file.is_text);
  return file;
}

std::optional<CorpusFile> ReadListed(const std::string& path,
                                     const base::Places& places,
                                     const std::vector<std::string>& named) {
  try {
    return ReadCorpusFile(path, named);
  } catch (const base::UsageError&) {
    const bool is_named =
        std::find(named.begin(), named.end(), path) != named.end();
    if (is_named || !places.HasLost(path)) throw;
    return std::nullopt;
  }
}

}  // namespace vmtrunc::cli
