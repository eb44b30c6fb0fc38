// Whether bytes are what people write.
#ifndef VMTRUNC_CORE_SCRIPT_PLAIN_TEXT_H_
#define VMTRUNC_CORE_SCRIPT_PLAIN_TEXT_H_

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace vmtrunc {

// Letters and signs of UTF-8, tabs and newlines, and no other control
// character. No byte form that vmtrunc writes is: its first byte is 1.
inline bool IsPlainText(std::string_view content) {
  const auto follows = [](char c) { return (c & 0xc0) == 0x80; };
  for (size_t i = 0; i < content.size();) {
    const auto c = static_cast<unsigned char>(content[i++]);
    const bool is_control = c < ' ' || c == 0x7f;
    if (is_control && c != '\t' && c != '\n' && c != '\r') return false;
    if (c < 0x80) continue;
    const size_t more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    const std::string_view rest = content.substr(i, more);
    if (c < 0xc2 || c > 0xf4 || rest.size() < more ||
        !std::all_of(rest.begin(), rest.end(), follows))
      return false;
    i += more;
  }
  return true;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_SCRIPT_PLAIN_TEXT_H_
