// Which bug a violation shows, by the pattern of its run: how a pass misses a
// page, and which rule repairs it. One bug violates properties in many ways,
// and many rules repair a script by accident; the pattern of a minimised script
// identifies the bug.
#ifndef VMTRUNC_REPORT_EXPLAIN_BUG_SHOWN_H_
#define VMTRUNC_REPORT_EXPLAIN_BUG_SHOWN_H_

#include <cstdint>
#include <span>

#include "report/explain/story.h"

namespace vmtrunc::report {

// The pattern of a violating run, as far as bugs differ in it.
enum class Pattern : uint8_t {
  kAny,  // the repair alone identifies the bug
  // The pass remembers a vma by its struct, which was freed and is another
  // vma's now.
  kReusedStruct,
  kMovedBelow,  // it remembers a vma, and mremap moves the page below its note
  kGrownBelow,  // it remembers a vma, which grew below its note
  kOtherRestart,   // it trusts a restart address that another pass wrote
  kOwnRestart,     // it trusts a restart address of its own
  kStamp,          // it counts the vma as scanned
  kComesBack,      // the page is mapped where the pass has been
  kCopyComesBack,  // the same, a private copy
  // A page is mapped after it was removed from the page cache.
  kMapsRemoved,
  // The pass scans an address again, the count was not written.
  kScansAgain,
  kCountOverwritten,  // the same after another operation wrote the count
};

// A known bug: from history (core/about/bugs.h), or found by vmtrunc and
// described in docs/findings.md.
struct ShownBug {
  const char* name;  // "HB-07", "F1"
  const char* what;  // one sentence
  const char* rule;  // the rule that repairs it
  Pattern pattern;
  bool is_rule = false;  // having the rule is the fault: its lack repairs it
};

// In the order in which they are tried.
std::span<const ShownBug> ShownBugs();

// Requires: the story violates a property and has rows.
Pattern PatternOf(const Story& story);

// The bug that the script shows on the kernel: the kernel lacks its repair, the
// repair restores the property that the script violates first, and its pattern
// matches. nullptr: no known bug.
const ShownBug* BugShownBy(const Script& script, const KernelSpec& kernel);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_BUG_SHOWN_H_
