// The directory of vmtrunc fuzz --out: what is in it, and whether what
// libFuzzer writes there, without looking, arrives.
//
//   log, status, current       of the last run; replaced
//   corpus/                    what libFuzzer keeps, of all runs
//   job-N/                     of --jobs: log, status, current of the N-th
//   seeds/, seeds.list         --corpus in bytes; replaced
//   KERNEL-PROPERTY.vmt        what broke, shrunk
//   broken-PROPERTY.bytes      --keep-going: an input that broke it
//   crash-HASH, timeout-HASH, ...   what libFuzzer stopped at, with a note of
//                              the kernel in crash-HASH.md
#ifndef VMTRUNC_CLI_FUZZ_DIRECTORY_H_
#define VMTRUNC_CLI_FUZZ_DIRECTORY_H_

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "base/work_directory.h"

namespace vmtrunc::cli {

class FuzzDirectory {
 public:
  // Makes it or takes it, and locks it. Throws UsageError.
  explicit FuzzDirectory(const std::string& directory);

  std::string Path(const std::string& name) const {
    return directory_.Path(name);
  }
  // Of the job with that number, from 0: its log, status and current. That of
  // the first is the directory itself, those of others are made in it.
  std::string JobDirectory(unsigned job) const;
  size_t CorpusSize() const;

  // Throws UsageError when it has been removed since: what the fuzzer says of
  // its run is lost.
  void ExpectThere() const;

  // Throws UsageError when there is no room left for an input.
  void ExpectRoom() const;
  // Removes what this run was writing when there was no room, or when it ended:
  // files whose content is not what libFuzzer named them by. Returns how many
  // there were.
  size_t RemoveTorn() const;
  // What libFuzzer has stopped at in this run: file names.
  std::vector<std::string> NewArtifacts() const;

 private:
  std::string name_;
  base::WorkDirectory directory_;
  std::set<std::string> before_, corpus_before_;
};

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_FUZZ_DIRECTORY_H_
