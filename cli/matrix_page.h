// What `vmtrunc matrix` finds, and the page of it.
#ifndef VMTRUNC_CLI_MATRIX_PAGE_H_
#define VMTRUNC_CLI_MATRIX_PAGE_H_

#include <string>
#include <vector>

#include "cli/bound.h"
#include "core/script.h"
#include "fuzz/prove.h"

namespace vmtrunc {

// A kernel, and what it does with each property.
struct MatrixRow {
  KernelSpec spec;
  std::string kernel;                 // its name
  unsigned events[kProperties] = {};  // of the script that breaks it; 0: none
  Script script[kProperties];         // that one
  std::string path[kProperties];      // where it was put, if anywhere
  Answer rest = Answer::kHolds;       // what the others do
  ProveProgress progress;   // of the search that they were left over by
  bool is_reduced = false;  // that one
  bool stopped = false;     // by a signal
  double seconds = 0;
};

// What a kernel does without one of its rules.
struct RuleNeed {
  std::string kernel, rule;
  KernelSpec without;
  Answer answer = Answer::kHolds;
  Property property = Property::kNoPagePastSize;
  unsigned events = 0;
  Script script;
};

// "959 k states, 26 moves deep", after "ran out of" where it did.
std::string SearchedInWords(const MatrixRow& row);

// Writes the page to `path`, and one that explains each script that breaks to
// the directory beside it that has its name without the ending. Throws
// UsageError.
void WriteMatrixPage(const std::string& path,
                     const std::vector<MatrixRow>& rows,
                     const std::vector<RuleNeed>& needs,
                     const std::string& what);

}  // namespace vmtrunc

#endif  // VMTRUNC_CLI_MATRIX_PAGE_H_
