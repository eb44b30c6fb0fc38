// Which bug a violation shows, by what happens in its run: how a page escapes
// the pass, and which repair keeps the property. One bug is violated in many
// ways, and many rules repair a script by accident; what happens in a minimised
// script is the bug's own.
#ifndef VMTRUNC_REPORT_EXPLAIN_BUG_SHOWN_H_
#define VMTRUNC_REPORT_EXPLAIN_BUG_SHOWN_H_

#include <cstdint>
#include <span>

#include "report/explain/story.h"

namespace vmtrunc::report {

// What happens in a run that violates a property, as far as bugs differ in it.
enum class Pattern : uint8_t {
  kAny,           // the repair alone tells the bug
  kReusedStruct,  // the pass remembers a vma by its struct, which was freed and
                  // is another vma now
  kMovedBelow,  // it remembers a vma, and mremap moves the page below its note
  kGrownBelow,  // it remembers a vma, which grew below its note
  kOtherRestart,      // it believes a restart address that another pass wrote
  kOwnRestart,        // it believes a restart address of its own
  kStamp,             // it takes the vma for scanned
  kComesBack,         // the page comes where the pass has been
  kCopyComesBack,     // the same, a private copy
  kMapsRemoved,       // a page is mapped that has left the page cache
  kScansAgain,        // the pass scans an address again, nobody wrote its count
  kCountOverwritten,  // the same after another operation wrote the count
};

// A bug that is known: of history (core/about/bugs.h), or found by vmtrunc and
// written up in docs/findings.md.
struct ShownBug {
  const char* name;  // "HB-07", "F1"
  const char* what;  // one sentence
  const char* rule;  // that repairs it
  Pattern pattern;
};

// In the order in which they are tried.
std::span<const ShownBug> ShownBugs();

// Requires: the story violates a property and has rows.
Pattern PatternOf(const Story& story);

// The bug that the script shows on the kernel: the kernel lacks its repair, the
// repair keeps the property that the script violates first, and its pattern is
// the script's. nullptr: no known one.
const ShownBug* BugShownBy(const Script& script, const KernelSpec& kernel);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_BUG_SHOWN_H_
