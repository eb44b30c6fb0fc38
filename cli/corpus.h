// Directories of scripts: reading one, and writing one whole or not at all.
#ifndef VMTRUNC_CLI_CORPUS_H_
#define VMTRUNC_CLI_CORPUS_H_

#include <string>
#include <utility>
#include <vector>

#include "core/script.h"

namespace vmtrunc {

struct CorpusFile {
  std::string path, content;
  bool is_text = false;
  Script script;
};

// All files in the directories and below, of that extension if it is given,
// each directory's in the order of their names; a file stands for itself. Notes
// beside scripts (*.md) are none. Throws UsageError.
std::vector<std::string> FilesBelow(const std::vector<std::string>& paths,
                                    const std::string& extension = "");

// Throws UsageError "FILE:LINE: ...".
CorpusFile ReadCorpusFile(const std::string& path);

// Makes the directory with these files, names and contents, on disk and whole;
// or throws UsageError and leaves what was there. A directory that is there is
// replaced at once.
void WriteDirectory(
    const std::string& path,
    const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace vmtrunc

#endif  // VMTRUNC_CLI_CORPUS_H_
