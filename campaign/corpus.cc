#include "campaign/corpus.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/own_directory.h"
#include "base/place.h"
#include "base/read.h"
#include "base/shown.h"
#include "base/write.h"
#include "fuzz/status.h"
#include "search/covered.h"

namespace vmtrunc::campaign {
namespace {

namespace fs = std::filesystem;

constexpr size_t kClasses = 9;  // CountClass(): 0..8

// Paths in the directory, in the order of their names; none if it is not there.
// Throws UsageError if it cannot be read.
std::vector<std::string> Entries(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error))
    paths.push_back(at->path().string());
  if (error && error != std::errc::no_such_file_or_directory)
    base::FailPath(directory, error.value());
  std::sort(paths.begin(), paths.end());
  return paths;
}

Script ScriptOf(const std::string& path, const std::string& content) {
  if (LooksLikeText(path, content)) {
    auto script = ParseText(content);
    if (script.ok()) return *std::move(script);
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(content.data());
  return DecodeBytes(std::span(bytes, content.size()));
}

// Whether it is a leftover of a process that was killed while it wrote.
bool IsPart(const std::string& path) {
  return path.ends_with(".part") ||
         base::IsBookkeeping(fs::path(path).filename().string());
}

}  // namespace

Draft DraftOf(const std::string& bytes) {
  const Script script = ScriptOf("", bytes);
  return script;
}

KernelCorpus::KernelCorpus(std::string directory, const KernelSpec& kernel)
    : directory_(std::move(directory)),
      rules_(kernel.rules()),
      states_(Checker<LargeCaps>::kFeatures),
      taken_(search::BranchCount()),
      branches_(search::BranchCount() * kClasses) {
  std::error_code error;
  fs::create_directories(directory_, error);
  if (error) base::FailPath(directory_, error.value());
  ExpectDirectory();
  std::vector<std::string> foreign;
  for (const std::string& path : Entries(directory_)) {
    if (IsPart(path)) continue;  // of a killed process
    const auto content = base::ReadWhole(path, kMostBytes);
    const std::string name = fs::path(path).filename().string();
    if (!content) {
      if (skipped_++ == 0) first_skipped_ = path;
    } else if (name == base::NameOf(*content)) {
      const Script script = ScriptOf("", *content);
      Reach(script);
      names_.push_back(name);
    } else {
      foreign.push_back(path);
    }
  }
  for (const std::string& path : foreign)
    if (const auto content = base::ReadWhole(path, kMostBytes))
      TakeSeed(path, *content);
}

void KernelCorpus::ExpectDirectory() const {
  if (base::TypeOf(directory_) != fs::file_type::directory)
    throw base::UsageError{base::Shown(directory_) +
                           ": expected a directory, not a link"};
}

size_t KernelCorpus::StateCount() const { return CountSeen(states_); }

Gain KernelCorpus::Take(const std::string& from,
                        const std::function<bool()>& stop) {
  Gain gain;
  ExpectDirectory();
  // A link is somebody's, and stays.
  if (base::TypeOf(from) == fs::file_type::symlink) return gain;
  for (const std::string& path : Entries(from)) {
    if (stop()) break;
    if (IsPart(path)) continue;
    // What cannot be read now may be later: it is removed when it was taken.
    const auto content = base::ReadKnown(path, kMostBytes);
    if (!content) {
      ++skipped_;
      continue;
    }
    const Gain one = TakeFile(path, *content, /*is_seed=*/false);
    gain.states += one.states;
    gain.features += one.features;
  }
  return gain;
}

Gain KernelCorpus::TakeSeed(const std::string& path,
                            const std::string& content) {
  return TakeFile(path, content, /*is_seed=*/true);
}

// Jobs keep counterexamples themselves, one for each cause.
Gain KernelCorpus::TakeFile(const std::string& path, const std::string& content,
                            bool is_seed) {
  const Script script = ScriptOf(path, content);
  const std::vector<uint8_t> before_states = states_, before = branches_;
  const auto [gain, holds] = Reach(script);
  if (gain.Worth() == 0 && (holds || !is_seed)) return gain;
  const std::vector<uint8_t> bytes = EncodeBytes(script);
  const std::string encoded(bytes.begin(), bytes.end());
  const std::string name = base::NameOf(encoded);
  try {
    Keep(name, encoded);
  } catch (const base::UsageError&) {
    states_ = before_states;  // not seen until written
    branches_ = before;
    throw;
  }
  if (std::find(names_.begin(), names_.end(), name) == names_.end())
    names_.push_back(name);
  return gain;
}

// A file of this name with other content was changed by someone: it stays, and
// ours gets the next free name.
void KernelCorpus::Keep(const std::string& name,
                        const std::string& content) const {
  const std::string path = directory_ + "/" + name;
  if (base::TypeOf(path) == fs::file_type::not_found)
    base::WriteFile(path, content);
  else if (base::ReadWhole(path, kMostBytes) != content)
    base::WriteUnused(path, fuzz::kInputExtension, content);
}

KernelCorpus::Reached KernelCorpus::Reach(const Draft& draft) {
  std::vector<uint8_t> seen(states_.size());
  const RunResult result = search::RunCovered(
      draft, rules_, {.hash_state = false, .features = seen.data()}, taken_);
  Gain gain;
  for (size_t i = 0; i < seen.size(); ++i)
    if (seen[i] != 0 && states_[i] == 0) {
      states_[i] = 1;
      ++gain.states;
    }
  for (size_t i = 0; i < taken_.size(); ++i) {
    uint8_t& known = branches_[i * kClasses + search::CountClass(taken_[i])];
    if (taken_[i] == 0 || known != 0) continue;
    known = 1;
    ++gain.features;
  }
  return {gain, result.holds()};
}

}  // namespace vmtrunc::campaign
