// Directories of scripts.
#ifndef VMTRUNC_CLI_CORPUS_H_
#define VMTRUNC_CLI_CORPUS_H_

#include <string>
#include <vector>

#include "core/script/script.h"

namespace vmtrunc::cli {

struct CorpusFile {
  std::string path, content;
  bool is_text = false;
  Script script;
};

// All files in the directories and below, of that extension if it is given,
// each directory's in the order of their names; a file stands for itself. Notes
// beside scripts (*.md) are none. Throws UsageError, also where something under
// such a name is no file: a directory that may not be read, a link to nothing
// or to a directory, a pipe.
std::vector<std::string> FilesBelow(const std::vector<std::string>& paths,
                                    const std::string& extension = "");

// Throws UsageError "FILE:LINE: ...". A file of no bytes is an input of a
// fuzzer's, in a directory; where it is one of those `named`, it is none.
CorpusFile ReadCorpusFile(const std::string& path,
                          const std::vector<std::string>& named = {});

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_CORPUS_H_
