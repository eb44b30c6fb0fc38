// The text of JSON that a command prints or writes.
#ifndef VMTRUNC_REPORT_JSON_TEXT_H_
#define VMTRUNC_REPORT_JSON_TEXT_H_

#include <nlohmann/json.hpp>
#include <string>

namespace vmtrunc::report {

// The only way to print JSON: a name or a line of an input is bytes, of which
// nlohmann's dump() throws where they are not UTF-8, and the answer is lost.
// Such strings are written as base::Utf8() writes them. `indent`: -1 is one
// line; `ascii`: each other character is \uNNNN.
std::string JsonText(nlohmann::json json, int indent = 2, bool ascii = false);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_JSON_TEXT_H_
