// What `vmtrunc matrix` finds, and the page of it.
#ifndef VMTRUNC_CLI_MATRIX_PAGE_H_
#define VMTRUNC_CLI_MATRIX_PAGE_H_

#include <string>
#include <vector>

#include "cli/bound.h"
#include "core/script/script.h"
#include "search/prove.h"

namespace vmtrunc::cli {

// A kernel, and what it does with each property.
struct MatrixRow {
  KernelSpec spec;
  std::string kernel;                 // its name
  unsigned events[kProperties] = {};  // of the script that breaks it; 0: none
  Script script[kProperties];         // that one
  std::string path[kProperties];      // where it was put, if anywhere
  search::Answer rest = search::Answer::kHolds;  // what the others do
  search::ProveProgress progress;  // of the search that they were left over by
  bool is_reduced = false;         // that one
  search::RanOut ran_out = search::RanOut::kNothing;  // that one
  double seconds = 0;
};

// What a kernel does without one of its rules.
struct RuleNeed {
  std::string kernel, name, rule;  // name: the kernel's, for people
  KernelSpec without;
  search::Answer answer = search::Answer::kHolds;
  Property property = Property::kNoPagePastSize;
  unsigned events = 0;
  Script script;
};

// All that a matrix has.
struct MatrixFound {
  std::string what;  // the bound
  Within within;
  std::vector<MatrixRow> rows;
  std::vector<RuleNeed> needs;
  std::vector<KernelSpec> not_begun;
};

// "959 k states", or "ran out after 959 k states".
std::string StatesInWords(const MatrixRow& row);

// What is said of properties that hold where one pass alone was looked at: they
// are about what passes do to one another, too. Empty where there were more.
std::string OnePassInWords(const MatrixFound& found);

// The directory beside a page that has its name without the ending, for a page
// that explains each script that breaks. Throws UsageError.
std::string PagesBeside(const std::string& page);

// Writes these, and returns the page itself. Throws UsageError.
std::string MatrixPage(const std::string& page, const MatrixFound& found);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_MATRIX_PAGE_H_
