// The inputs that a campaign has for one kernel, and what they reach.
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

// An entry stays for what it reaches and no entry before it did: abstract
// states, and branches by how often they were taken (libFuzzer's classes). All
// engines are measured by this alone, so that one that calls more things new
// is not preferred, and the corpus is bounded by the number of these.
class KernelCorpus {
 public:
  // Larger files are no inputs; a script of 256 events has 2,080 bytes.
  static constexpr size_t kMostBytes = size_t{1} << 16;

  // What is in the directory, which is made if it is not there. Any regular
  // file that can be read is an input; what else is there is counted and left
  // alone. Throws UsageError when the directory cannot be made.
  KernelCorpus(std::string directory, const KernelSpec& kernel);

  // Takes the files of another directory, in any form and of any name, that
  // reach something new, until `stop`. Returns what that was. They are written,
  // not yet on disk: that is the caller's, once for all that it takes. Throws
  // UsageError.
  Gain Take(
      const std::string& from,
      const std::function<bool()>& stop = [] { return false; });

  // The same of one file, as it was read.
  Gain TakeFile(const std::string& path, const std::string& content);

  const std::string& directory() const { return directory_; }
  const std::vector<std::string>& names() const { return names_; }
  std::span<const uint8_t> states() const { return states_; }  // 0 or 1 each
  size_t StateCount() const;
  // Of all that was looked at: what was no regular file, could not be read, or
  // was too large.
  size_t skipped() const { return skipped_; }
  // The first of these that was there already, or "".
  const std::string& first_skipped() const { return first_skipped_; }

 private:
  void Keep(const std::string& name, const std::string& content) const;
  // Returns what of the input is new, and counts it as seen.
  Gain Reach(const Draft& draft);

  std::string directory_;
  Rules rules_;
  std::vector<std::string> names_;  // files that are named as NameOf() does
  std::vector<uint8_t> states_, taken_, branches_;  // branches: by class
  size_t skipped_ = 0;
  std::string first_skipped_;
};

// As `bytes` of the byte form.
Draft DraftOf(const std::string& bytes);

}  // namespace vmtrunc::campaign

#endif  // VMTRUNC_CAMPAIGN_CORPUS_H_
