// The directory of vmtrunc fuzz --out: what is in it, and whether what
// libFuzzer writes there, without looking, arrives.
//
//   log, status, current       of the last run; replaced
//   corpus/                    what libFuzzer keeps, of all runs
//   job-N/                     of --jobs: log, status, current of the N-th
//   seeds/, seeds.list         --corpus in bytes; replaced
//   KERNEL-PROPERTY.vmt        what broke, shrunk
//   broken-PROPERTY.bytes      --keep-going: an input that broke it
//   torn-HASH.bytes            what libFuzzer has not written whole, or
//                              somebody has edited
//   crash-HASH, timeout-HASH, ...   what libFuzzer stopped at, with a note of
//                              its kernel in crash-HASH.md: cli/fuzz_notes.h
//   crash-HASH-KERNEL.bytes    the same input, found on another kernel too;
//                              it has a note of its own
#ifndef VMTRUNC_CLI_FUZZ_DIRECTORY_H_
#define VMTRUNC_CLI_FUZZ_DIRECTORY_H_

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/work_directory.h"

namespace vmtrunc::cli {

class FuzzDirectory {
 public:
  // Creates or opens the directory, and locks it. Sets aside, as
  // SetTornAside() does, what an earlier run left under a name of libFuzzer's
  // and is not what that says: it was edited, or its run was killed, and
  // libFuzzer would write over it. Throws UsageError; also if it would write
  // through a link, or into a pipe.
  explicit FuzzDirectory(const std::string& directory);

  std::string Path(const std::string& name) const {
    return directory_.Path(name);
  }
  // The directory of that job, from 0, with its log, status and current. The
  // first job uses the directory itself, others get one in it.
  std::string JobDirectory(unsigned job) const;
  size_t CorpusSize() const;
  // How many files were set aside before the run.
  size_t others() const { return others_; }

  // Throws UsageError if it, or a directory in it that the fuzzer writes to,
  // has been removed since, or another or a link has its name, or if that
  // cannot be found out.
  void ExpectThere() const;

  // Throws UsageError if there is no room for another input.
  void ExpectRoom() const;
  // Sets new files aside that have a name of libFuzzer's and another content,
  // as torn-NAME.bytes: libFuzzer was writing them when the disk was full or
  // the run ended. Returns their number. Does nothing in a directory that is no
  // longer ours.
  size_t SetTornAside() const;
  // Names of the files that libFuzzer stopped at in this run.
  std::vector<std::string> NewArtifacts() const;
  // The same of earlier runs.
  std::vector<std::string> ArtifactsBefore() const;
  // Names of the inputs that earlier runs kept with --keep-going, of all jobs.
  std::vector<std::string> KeptBefore() const;

 private:
  using Identity = std::pair<dev_t, ino_t>;
  // From now on ExpectThere() expects this directory under its name.
  void Watch(const std::string& path) const;
  static Identity IdentityOf(const std::string& path);

  std::string name_;
  base::WorkDirectory directory_;
  mutable std::map<std::string, Identity> inside_;  // directories, by path
  size_t others_ = 0;
  std::set<std::string> before_, corpus_before_;
};

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_FUZZ_DIRECTORY_H_
