// The result of `vmtrunc matrix`, and its page.
#ifndef VMTRUNC_CLI_MATRIX_PAGE_H_
#define VMTRUNC_CLI_MATRIX_PAGE_H_

#include <string>
#include <vector>

#include "cli/bound.h"
#include "core/script/script.h"
#include "search/prove.h"

namespace vmtrunc::cli {

// A kernel, and its result for each property.
struct MatrixRow {
  KernelSpec spec;
  std::string kernel;                 // its name
  unsigned events[kProperties] = {};  // of the counterexample; 0: none
  Script script[kProperties];         // the counterexample
  std::string path[kProperties];      // where it was written, if anywhere
  uint32_t fewest = 0;  // where `events` is proved the fewest, a bit each
  uint32_t looked = 0;  // the properties that were searched, a bit each
  // The result for the others of them.
  search::Answer rest = search::Answer::kHolds;
  search::ProveProgress progress;                     // of the search for these
  bool is_reduced = false;                            // that one
  search::RanOut ran_out = search::RanOut::kNothing;  // that one
  double seconds = 0;
};

// The result for a property that no script violates: "holds", "ran out", "not
// searched".
const char* RestInWords(const MatrixRow& row, int property);

// The result for a kernel without one of its rules.
struct RuleNeed {
  std::string kernel, name, rule;  // name: the kernel's, for people
  KernelSpec without;
  search::Answer answer = search::Answer::kHolds;
  Property property = Property::kNoPagePastSize;
  unsigned events = 0;
  bool fewest = false;  // `events` is proved that
  Script script;
};

// All results of a matrix.
struct MatrixFound {
  std::string what;  // the bound
  Within within;
  std::vector<MatrixRow> rows;
  std::vector<RuleNeed> needs;
  std::vector<KernelSpec> not_begun;
};

// Whether no script within the bound violates it with fewer events.
inline bool IsFewest(const MatrixRow& row, int property) {
  return (row.fewest >> property & 1) != 0;
}
// What comes after a number of events: nothing if it is proved the fewest.
const char* HowFewInWords(bool fewest);
// What comes after "the smallest counterexample": nothing if that is proved of
// all.
const char* SmallerInWords(const MatrixFound& found);

// "959 k states", or "ran out after 959 k states".
std::string StatesInWords(const MatrixRow& row);

// What the table alone does not say: a sentence each, without its end.
std::vector<std::string> NotesInWords(const MatrixFound& found);

// The directory beside a page, named like it without the extension, for a page
// about each counterexample. Throws UsageError.
std::string PagesBeside(const std::string& page);

// Writes these pages, and returns the main one. Throws UsageError.
std::string MatrixPage(const std::string& page, const MatrixFound& found);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_MATRIX_PAGE_H_
