// A story as one self-contained page: no network, no other file.
//
// Some 900 lines of script in it draw rectangles on a line of addresses and on
// one of steps; a drawing library would be ten times as large in each page.
#ifndef VMTRUNC_REPORT_EXPLAIN_PAGE_H_
#define VMTRUNC_REPORT_EXPLAIN_PAGE_H_

#include <string>
#include <string_view>

#include "report/explain/cause.h"
#include "report/explain/story.h"

namespace vmtrunc::report {

// `other`: the same script on another kernel, or nullptr. Requires: both have
// the same Folding.
std::string PageOf(const Story& story, const Story* other);

// The page of a story; if it violates a property, with the same kernel with the
// deciding rule flipped beside it, if there is one.
std::string ExplainedPage(const Story& story);

// The beginning of every page of vmtrunc, with its style, up to and with
// <body>.
std::string PageHead(std::string_view title, std::string_view more_css = "");

// Escapes text for HTML. What is no UTF-8 is written as base::Utf8() does.
std::string Escaped(std::string_view text);
// The path for an href: each byte that is not its own there as %XX.
std::string Linked(std::string_view path);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_PAGE_H_
