// A story as text for a terminal, at most kTextColumns wide.
#ifndef VMTRUNC_EXPLAIN_TEXT_H_
#define VMTRUNC_EXPLAIN_TEXT_H_

#include <string>

#include "explain/cause.h"
#include "explain/story.h"

namespace vmtrunc {

inline constexpr size_t kTextColumns = 100;

// Words in lines of kTextColumns; those behind the first are indented.
std::string Wrapped(const std::string& text, size_t indent);

// A column for each task, a line or more for each row, and under a row the
// vmas that it changes, before and behind. `cause`: of a story that breaks,
// or nullptr. `colours`: with ANSI escapes.
std::string ToText(const Story& story, const Cause* cause, bool colours);

// Where the runs of one script on two kernels part (PartingRow()): what each
// does there and leaves, side by side, and the rules that part them so.
std::string PartingText(const Story& left, const Story& right);

}  // namespace vmtrunc

#endif  // VMTRUNC_EXPLAIN_TEXT_H_
