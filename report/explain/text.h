// A story as text for a terminal.
#ifndef VMTRUNC_REPORT_EXPLAIN_TEXT_H_
#define VMTRUNC_REPORT_EXPLAIN_TEXT_H_

#include <string>

#include "report/explain/cause.h"
#include "report/explain/story.h"

namespace vmtrunc::report {

inline constexpr size_t kTextColumns = 100;    // without a terminal
inline constexpr size_t kFewestColumns = 40;   // narrower terminals wrap
inline constexpr size_t kMostColumns = 10000;  // an upper limit

// The capabilities of a terminal.
struct Look {
  bool colours = false;  // ANSI escapes
  size_t columns = kTextColumns;
};

// Wraps words to lines of so many columns; all but the first line are indented.
std::string Wrapped(const std::string& text, size_t indent,
                    size_t columns = kTextColumns);

// A column for each task, one or more lines for each row, and under a row the
// vmas that it changes, before and after. `cause`: for a story that violates a
// property, or nullptr.
std::string ToText(const Story& story, const Cause* cause, const Look& look);

// Where the runs of one script on two kernels differ (PartingRow()): what each
// does there and its result, side by side, and the rules that cause it.
std::string PartingText(const Story& left, const Story& right, size_t columns);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_TEXT_H_
