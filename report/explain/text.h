// A story as text for a terminal.
#ifndef VMTRUNC_REPORT_EXPLAIN_TEXT_H_
#define VMTRUNC_REPORT_EXPLAIN_TEXT_H_

#include <string>

#include "report/explain/cause.h"
#include "report/explain/story.h"

namespace vmtrunc::report {

inline constexpr size_t kTextColumns = 100;   // where there is no terminal
inline constexpr size_t kFewestColumns = 40;  // narrower is cut by the terminal
inline constexpr size_t kMostColumns = 10000;  // some line ends somewhere

// What a terminal can do.
struct Look {
  bool colours = false;  // ANSI escapes
  size_t columns = kTextColumns;
};

// Words in lines of so many columns; those after the first are indented.
std::string Wrapped(const std::string& text, size_t indent,
                    size_t columns = kTextColumns);

// A column for each task, a line or more for each row, and under a row the
// vmas that it changes, before and after. `cause`: of a story that violates a
// property, or nullptr.
std::string ToText(const Story& story, const Cause* cause, const Look& look);

// Where the runs of one script on two kernels part (PartingRow()): what each
// does there and leaves, side by side, and the rules that part them so.
std::string PartingText(const Story& left, const Story& right, size_t columns);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_TEXT_H_
