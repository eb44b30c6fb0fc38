// Properties of any text that is read as a script.
#ifndef VMTRUNC_FUZZ_CHECK_TEXT_H_
#define VMTRUNC_FUZZ_CHECK_TEXT_H_

#include <functional>
#include <string>
#include <string_view>

#include "core/script/script.h"

namespace vmtrunc::fuzz {

using TextReader = std::function<absl::StatusOr<Script>(std::string_view)>;

// Checks how `read` parses the text; returns "" or the error. Either it is a
// script, whose canonical text reads back as the same and whose bytes are a
// script with the same bytes; or one line says "LINE: expected ...", for a line
// that the text has or that is missing after its last.
std::string WrongWithText(std::string_view text,
                          const TextReader& read = ParseText);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_CHECK_TEXT_H_
