// The inputs that a campaign has for one kernel, and their coverage.
#ifndef VMTRUNC_CAMPAIGN_CORPUS_H_
#define VMTRUNC_CAMPAIGN_CORPUS_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "campaign/schedule.h"
#include "core/run/run.h"
#include "search/cost.h"

namespace vmtrunc::campaign {

// Keeps an entry for coverage that no earlier entry has: abstract states, and
// branches with how often they are taken (libFuzzer's classes). All engines are
// measured by this alone, so no engine benefits from its own notion of new
// coverage, and the corpus is bounded.
class KernelCorpus {
 public:
  // Larger files are not inputs; a script of 256 events has 2,080 bytes.
  static constexpr size_t kMostBytes = size_t{1} << 16;

  // Loads the directory, which is created if missing. Any regular file that can
  // be read is an input; others are counted and left alone. Throws UsageError
  // if the directory cannot be created.
  KernelCorpus(std::string directory, const KernelSpec& kernel);

  // Takes the files of another directory, in any form and of any name, that add
  // coverage, until `stop`; none through a link. Returns the new coverage. The
  // files are written but not flushed to disk: the caller does that once for
  // all. Throws UsageError, also if one of them cannot be read.
  Gain Take(
      const std::string& from,
      const std::function<bool()>& stop = [] { return false; });

  // The same of one file that the user names, as it was read. A counterexample
  // is taken also if it adds no coverage: jobs run what the corpus has.
  Gain TakeSeed(const std::string& path, const std::string& content);

  const std::string& directory() const { return directory_; }
  const std::vector<std::string>& names() const { return names_; }
  std::span<const uint8_t> states() const { return states_; }  // 0 or 1 each
  size_t StateCount() const;
  // Files that were skipped: not regular, unreadable or too large.
  size_t skipped() const { return skipped_; }
  // The first of these that was there already, or "".
  const std::string& first_skipped() const { return first_skipped_; }

 private:
  // Throws UsageError if a link has its name by now.
  void ExpectDirectory() const;
  void Keep(const std::string& name, const std::string& content) const;
  Gain TakeFile(const std::string& path, const std::string& content,
                bool is_seed);
  struct Reached {
    Gain gain;  // what no input before it reached
    bool holds;
  };
  // Runs the input, and marks its coverage as seen.
  Reached Reach(const Draft& draft);

  std::string directory_;
  Rules rules_;
  std::vector<std::string> names_;  // files named as by NameOf()
  std::vector<uint8_t> states_, taken_, branches_;  // branches: by class
  size_t skipped_ = 0;
  std::string first_skipped_;
};

// As `bytes` in the byte form.
Draft DraftOf(const std::string& bytes);

}  // namespace vmtrunc::campaign

#endif  // VMTRUNC_CAMPAIGN_CORPUS_H_
