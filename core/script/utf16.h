// A text as some editors and shells write it: two bytes a letter.
#ifndef VMTRUNC_CORE_SCRIPT_UTF16_H_
#define VMTRUNC_CORE_SCRIPT_UTF16_H_

#include <string_view>

namespace vmtrunc {

inline constexpr const char* kNotUtf16 = "UTF-8, not UTF-16: write it in UTF-8";

// Of what is a text: one that is in UTF-8 begins with a letter, a blank or #.
inline bool IsUtf16(std::string_view text) {
  return text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff") ||
         (text.size() > 1 && (text[0] == '\0') != (text[1] == '\0'));
}

// Of what may be any bytes: whether it is a script, with the mark that such a
// text begins with and a letter, blank or # that a script begins with, or
// without the mark.
inline bool LooksLikeUtf16(std::string_view content) {
  constexpr std::string_view kFirst = "vV# \t\r\n";
  if (content.size() < 8) return false;
  if (content.starts_with("\xff\xfe"))
    return kFirst.find(content[2]) != std::string_view::npos &&
           content[3] == '\0' && content[4] >= '\t' && content[5] == '\0';
  if (content.starts_with("\xfe\xff"))
    return content[2] == '\0' &&
           kFirst.find(content[3]) != std::string_view::npos &&
           content[4] == '\0' && content[5] >= '\t';
  return content.starts_with(std::string_view("v\0m\0t\0r\0", 8)) ||
         content.starts_with(std::string_view("\0v\0m\0t\0r", 8));
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_SCRIPT_UTF16_H_
