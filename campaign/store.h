// The directory of a campaign.
//
//   format        "vmtrunc campaign 1"
//   lock          held by the campaign that runs here
//   log.jsonl     campaign/log.h
//   corpus/K/     inputs for kernel K, named by a hash of what is in them
//   findings/     K-CAUSE.vmt, and K-CAUSE.html that explains it;
//                 base/own_files.h
//   died/         inputs that jobs died of, by the number of the slice
//   jobs/N/       of slice N, until its line is in the log
//   report.html
#ifndef VMTRUNC_CAMPAIGN_STORE_H_
#define VMTRUNC_CAMPAIGN_STORE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace vmtrunc::campaign {

// Marks in a slice's directory that it is being processed, with a number:
// "try-0" for the first time. There is no mark for kMostTries.
inline constexpr unsigned kMostTries = 3;
std::string TryFile(unsigned tries);

// Whether it is a campaign's directory, of this version or another.
bool IsCampaign(const std::string& directory);

class Store {
 public:
  // Creates the directory if missing, and locks it. Throws UsageError if
  // another campaign runs there, or if it has another version or is not a
  // campaign's.
  static Store Open(const std::string& directory);
  // Opens it read-only, running or not. Throws UsageError.
  static Store Look(const std::string& directory);

  // Called when the directory exists and is not locked yet.
  static inline std::function<void()> on_step_for_test;

  Store(Store&& other) noexcept;
  ~Store();

  // After Look(): whether a campaign runs there.
  bool running() const { return running_; }
  std::string Path(const std::string& name) const {
    return directory_ + "/" + name;
  }
  const std::string& directory() const { return directory_; }
  // After Open(), to be called before something is written under a name in the
  // directory. Throws UsageError if another directory, or a link, has its name
  // by now.
  void ExpectThere() const;
  bool IsThere() const;
  // Numbers of the slices that have a directory, ascending. Throws UsageError
  // if their directories cannot be read.
  std::vector<uint64_t> Jobs() const;
  std::string JobDirectory(uint64_t slice) const;
  // Removes a slice's files and its directory. Returns false if there are other
  // files, which stay.
  bool RemoveJob(uint64_t slice) const;

 private:
  explicit Store(std::string directory) : directory_(std::move(directory)) {}

  std::string directory_;
  int lock_ = -1;
  bool running_ = false;
};

}  // namespace vmtrunc::campaign

#endif  // VMTRUNC_CAMPAIGN_STORE_H_
