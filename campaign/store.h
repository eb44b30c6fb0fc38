// The directory of a campaign, and files that are whole or not there.
//
//   format        "vmtrunc campaign 1"
//   lock          held by the campaign that runs here
//   log.jsonl     campaign/log.h
//   corpus/K/     inputs for kernel K, named by a hash of what is in them
//   findings/     K-CAUSE.vmt, and K-CAUSE.html that explains it
//   died/         inputs that jobs died of, by the number of the slice
//   jobs/N/       of slice N, until its line is in the log
//   report.html
#ifndef VMTRUNC_CAMPAIGN_STORE_H_
#define VMTRUNC_CAMPAIGN_STORE_H_

#include <optional>
#include <string>
#include <vector>

namespace vmtrunc {

// What a regular file of at most `most` bytes has in it; nothing where it is
// none, cannot be read, or is larger. Never waits, as a pipe would make it.
std::optional<std::string> ReadWhole(const std::string& path, size_t most);

// Whole and on disk, or as it was: throws UsageError.
void WriteWhole(const std::string& path, const std::string& content);

// A name for an input: 16 digits that only the same bytes have.
std::string NameOf(const std::string& content);

class Store {
 public:
  // Makes the directory if it is not there, and locks it. Throws UsageError:
  // another campaign runs there; it is of another version; it is something
  // else.
  static Store Open(const std::string& directory);
  // To look at, whether it runs or not. Throws UsageError.
  static Store Look(const std::string& directory);

  Store(Store&& other) noexcept;
  ~Store();

  // Of Look(): whether a campaign runs there.
  bool running() const { return running_; }
  std::string Path(const std::string& name) const {
    return directory_ + "/" + name;
  }
  const std::string& directory() const { return directory_; }
  // Numbers of slices that have a directory, ascending.
  std::vector<uint64_t> Jobs() const;
  std::string JobDirectory(uint64_t slice) const;
  void RemoveJob(uint64_t slice) const;

 private:
  explicit Store(std::string directory) : directory_(std::move(directory)) {}

  std::string directory_;
  int lock_ = -1;
  bool running_ = false;
};

}  // namespace vmtrunc

#endif  // VMTRUNC_CAMPAIGN_STORE_H_
