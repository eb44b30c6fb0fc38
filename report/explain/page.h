// A story as one page that needs nothing else: no network, no other file.
//
// It is drawn by some 400 lines of script in it, without a library: what is
// drawn are rectangles on a line of addresses and on one of steps, and a
// drawing library would be ten times as much to carry in each page.
#ifndef VMTRUNC_REPORT_EXPLAIN_PAGE_H_
#define VMTRUNC_REPORT_EXPLAIN_PAGE_H_

#include <string>
#include <string_view>

#include "report/explain/cause.h"
#include "report/explain/story.h"

namespace vmtrunc::report {

// `other`: the same script on another kernel, or nullptr. Requires: both were
// told with one Folding.
std::string PageOf(const Story& story, const Story* other);

// The page of a story, beside the same kernel with the rule that decides
// flipped, where it violates a property and one does.
std::string ExplainedPage(const Story& story);

// What any page of vmtrunc begins with, its look in it, up to and with <body>.
std::string PageHead(std::string_view title, std::string_view more_css = "");

// Text for HTML.
std::string Escaped(std::string_view text);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_PAGE_H_
