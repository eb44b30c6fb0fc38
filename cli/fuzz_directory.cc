#include "cli/fuzz_directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "base/error.h"
#include "base/own_directory.h"
#include "base/place.h"
#include "base/read.h"
#include "base/sha1.h"
#include "base/shown.h"
#include "base/write.h"
#include "fuzz/artifact.h"
#include "fuzz/status.h"

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostInputFile = size_t{1} << 20;  // libFuzzer's own limit

std::set<std::string> NamesIn(const std::string& directory) {
  std::set<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error))
    names.insert(at->path().filename().string());
  if (error) base::FailPath(directory, error.value());
  return names;
}

// Creates it if missing.
void MakeInside(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0777) != 0 && errno != EEXIST)
    base::FailPath(directory, errno);
  if (base::TypeOf(directory) != fs::file_type::directory)
    throw base::UsageError{base::Shown(directory) +
                           ": expected a directory, not a link"};
}

std::string HashIn(const std::string& name) {
  return name.substr(name.rfind('-') + 1);  // npos + 1 is 0
}

// Sets the file aside, unless its content is what its name says. Nothing: it is
// larger than any input.
bool PutAside(const std::string& path, const std::string& stem,
              const std::optional<std::string>& content) {
  const std::string name = fs::path(path).filename().string();
  if (content && base::Sha1(*content) == HashIn(name)) return false;
  base::SetAside(path, stem + name, ".bytes");
  return true;
}

// New files whose content does not match their names.
size_t SetTornAsideIn(const std::string& directory, const std::string& stem,
                      const std::set<std::string>& before) {
  size_t torn = 0;
  for (const std::string& name : NamesIn(directory)) {
    const std::string path = directory + "/" + name;
    if (before.contains(name) ||
        !(fuzz::IsHash(name) || fuzz::IsArtifact(name)) ||
        !base::IsRegularFile(path))
      continue;
    const auto content = base::ReadWhole(path, kMostInputFile);
    if (content && PutAside(path, stem, content)) ++torn;
  }
  return torn;
}

// What has one of libFuzzer's names before it runs, and is not what the name
// says: libFuzzer would write over it, or through it. Throws UsageError if it
// is a link, a pipe or a device, or if nobody knows what it has.
size_t SetOthersAsideIn(const std::string& directory, const std::string& stem,
                        bool (*is_written)(std::string_view name)) {
  size_t others = 0;
  for (const std::string& name : NamesIn(directory)) {
    if (!is_written(name)) continue;
    const std::string path = directory + "/" + name;
    const fs::file_type type = base::TypeOf(path);
    // Neither can be written, and the run does not end by that.
    if (type == fs::file_type::directory || type == fs::file_type::socket)
      continue;
    if (type != fs::file_type::regular)
      throw base::UsageError{
          base::Shown(path) +
          ": expected a regular file: libFuzzer writes to this name"};
    std::optional<std::string> content;
    try {
      content = base::ReadKnown(path, kMostInputFile);
    } catch (const base::UsageError&) {
      if (::access(path.c_str(), W_OK) == 0) throw;
      continue;
    }
    if (PutAside(path, stem, content)) ++others;
  }
  return others;
}

}  // namespace

FuzzDirectory::FuzzDirectory(const std::string& directory)
    : name_(directory), directory_("--out", directory, "fuzz") {
  const std::string corpus = Path("corpus");
  MakeInside(corpus);
  Watch(corpus);
  others_ = SetOthersAsideIn(directory, Path("torn-"), fuzz::IsArtifact) +
            SetOthersAsideIn(corpus, Path("torn-"), fuzz::IsHash);
  before_ = NamesIn(directory);
  corpus_before_ = NamesIn(corpus);
}

std::string FuzzDirectory::JobDirectory(unsigned job) const {
  if (job == 0) return name_;
  std::string directory = Path("job-" + std::to_string(job + 1));
  MakeInside(directory);
  Watch(directory);
  return directory;
}

void FuzzDirectory::Watch(const std::string& path) const {
  inside_[path] = IdentityOf(path);
}

// Of what has the name, not of what a link leads to; zeros if nothing has.
FuzzDirectory::Identity FuzzDirectory::IdentityOf(const std::string& path) {
  struct stat about{};
  if (::lstat(path.c_str(), &about) == 0)
    return Identity(about.st_dev, about.st_ino);
  if (errno != ENOENT && errno != ENOTDIR) base::FailPath(path, errno);
  return Identity();
}

size_t FuzzDirectory::CorpusSize() const {
  size_t count = 0;
  std::error_code error;
  for (fs::directory_iterator at(Path("corpus"), error), end;
       !error && at != end; at.increment(error))
    count += at->is_regular_file(error) ? 1 : 0;
  return count;
}

void FuzzDirectory::ExpectThere() const {
  const std::string marker = Path(base::OwnDirectory::kMarker);
  if (base::TypeOf(marker) != fs::file_type::regular)
    throw base::UsageError{base::Shown(marker) +
                           ": has been removed, or its directory, while the "
                           "fuzzer ran"};
  directory_.ExpectThere();
  for (const auto& [path, identity] : inside_)
    if (IdentityOf(path) != identity) base::FailExchanged(path);
}

void FuzzDirectory::ExpectRoom() const {
  static constexpr std::array<char, 4096> kBlock{};
  const std::string corpus = Path("corpus");
  std::string path = corpus + "/.vmtrunc-room-XXXXXX";
  const int file = ::mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) base::FailPath(corpus, errno);
  const int error = base::WriteAndFinish(file, {kBlock.data(), kBlock.size()},
                                         /*durable=*/false);
  ::unlink(path.c_str());
  if (error != 0) base::FailPath(corpus, error);
}

size_t FuzzDirectory::SetTornAside() const {
  const std::string stem = Path("torn-");
  const std::string corpus = Path("corpus");
  size_t torn = 0;
  if (directory_.IsThere()) torn += SetTornAsideIn(Path("."), stem, before_);
  if (directory_.IsThere() && IdentityOf(corpus) == inside_.at(corpus))
    torn += SetTornAsideIn(corpus, stem, corpus_before_);
  return torn;
}

std::vector<std::string> FuzzDirectory::NewArtifacts() const {
  std::vector<std::string> artifacts;
  for (const std::string& name : NamesIn(Path(".")))
    if (fuzz::IsArtifact(name) && !before_.contains(name))
      artifacts.push_back(name);
  return artifacts;
}

std::vector<std::string> FuzzDirectory::ArtifactsBefore() const {
  std::vector<std::string> names;
  for (const std::string& name : before_)
    if (fuzz::IsArtifact(name) && base::IsRegularFile(Path(name)))
      names.push_back(name);
  return names;
}

std::vector<std::string> FuzzDirectory::KeptBefore() const {
  std::vector<std::string> names;
  const auto add = [&](const std::string& where, const std::string& name) {
    if (fuzz::NamesInput(name, fuzz::kBrokenPrefix) &&
        base::IsRegularFile(Path(where + name)))
      names.push_back(where + name);
  };
  for (const std::string& name : before_) {
    add("", name);
    if (name.starts_with("job-") &&
        base::TypeOf(Path(name)) == fs::file_type::directory)
      for (const std::string& inside : NamesIn(Path(name)))
        add(name + "/", inside);
  }
  return names;
}

}  // namespace vmtrunc::cli
