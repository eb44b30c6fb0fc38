#include "fuzz/check_text.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace vmtrunc::fuzz {
namespace {

std::string WrongWithMessage(std::string_view text,
                             const std::string& message) {
  const bool open = !text.empty() && text.back() != '\n';
  const auto lines =
      std::count(text.begin(), text.end(), '\n') + (open ? 1 : 0);
  const size_t colon = message.find(": expected ");
  unsigned line = 0;
  if (message.find('\n') != std::string::npos ||
      !absl::SimpleAtoi(message.substr(0, colon), &line))
    return absl::StrCat("no line \"LINE: expected ...\": ", message);
  return line >= 1 && line <= std::max<std::ptrdiff_t>(lines, 1)
             ? ""
             : absl::StrCat("a line that is not there: ", message);
}

}  // namespace

std::string WrongWithText(std::string_view text, const TextReader& read) {
  const auto script = read(text);
  if (!script.ok())
    return WrongWithMessage(text, std::string(script.status().message()));
  const std::string canonical = ToText(*script);
  const auto again = read(canonical);
  if (!again.ok())
    return absl::StrCat("its canonical text is none: ",
                        std::string(again.status().message()));
  if (ToText(*again) != canonical)
    return "its canonical text has another canonical text";
  const std::vector<uint8_t> bytes = EncodeBytes(*script);
  if (EncodeBytes(*again) != bytes) return "its canonical text is another run";
  if (EncodeBytes(DecodeBytes(bytes)) != bytes)
    return "its bytes are another run";
  return "";
}

}  // namespace vmtrunc::fuzz
