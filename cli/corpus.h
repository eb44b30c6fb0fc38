// Directories of scripts.
#ifndef VMTRUNC_CLI_CORPUS_H_
#define VMTRUNC_CLI_CORPUS_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/place.h"
#include "core/script/script.h"

namespace vmtrunc::cli {

struct CorpusFile {
  std::string path, content;
  bool is_text = false;
  Script script;
};

// All files in the directories and below, only those of `extension` if it is
// given, each directory's in the order of their names; a file stands for
// itself. Skips notes beside scripts (*.md) and the kernels that they name
// (*.kernel). Throws UsageError, also if such a name is not a readable file: an
// unreadable directory, a dangling link, a pipe; for any link to a directory;
// and for any name of which that cannot be found out.
std::vector<std::string> FilesBelow(const std::vector<std::string>& paths,
                                    const std::string& extension = "");

// The same, and throws UsageError if there is none in one of the paths.
std::vector<std::string> ScriptsBelow(const std::vector<std::string>& paths,
                                      const std::string& extension = "");

// The directories of files, as they are when it is made.
class Places {
 public:
  Places() = default;
  explicit Places(const std::vector<std::string>& files);

  // Whether the file is no longer in its directory, as a running fuzzer
  // replaces inputs by smaller ones. One that may not be read is there; and if
  // the directory has another name by now, nobody can say what is in it.
  bool HasLost(const std::string& file) const;

  // Throws UsageError if one of the directories has another name by now.
  void ExpectThere() const;

 private:
  std::map<std::string, std::optional<base::Identity>> directories_;
};

// Throws UsageError "FILE:LINE: ...". An empty file in a directory is a
// fuzzer's input; one of those `named` is an error.
CorpusFile ReadCorpusFile(const std::string& path,
                          const std::vector<std::string>& named = {});

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_CORPUS_H_
