// Directories of scripts.
#ifndef VMTRUNC_CLI_CORPUS_H_
#define VMTRUNC_CLI_CORPUS_H_

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

// Throws UsageError "FILE:LINE: ...". An empty file in a directory is a
// fuzzer's input; one of those `named` is an error.
CorpusFile ReadCorpusFile(const std::string& path,
                          const std::vector<std::string>& named = {});

// The same of a file that was listed. Nothing if it has gone from its directory
// meanwhile, and is none of those `named`.
std::optional<CorpusFile> ReadListed(const std::string& path,
                                     const base::Places& places,
                                     const std::vector<std::string>& named);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_CORPUS_H_
