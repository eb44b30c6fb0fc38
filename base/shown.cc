#include "base/shown.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace vmtrunc::base {
namespace {

uint8_t At(std::string_view bytes, size_t i) {
  return i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0;
}

bool IsNext(uint8_t byte) { return (byte & 0xc0) == 0x80; }

// The size of the character at `i`; 0: invalid. (Unicode, table 3-7: no
// overlong form, no surrogate, nothing above U+10FFFF.)
size_t CharacterAt(std::string_view bytes, size_t i) {
  const uint8_t b0 = At(bytes, i), b1 = At(bytes, i + 1), b2 = At(bytes, i + 2),
                b3 = At(bytes, i + 3);
  if (b0 < 0x80) return 1;
  if (b0 >= 0xc2 && b0 <= 0xdf) return IsNext(b1) ? 2 : 0;
  if (b0 >= 0xe0 && b0 <= 0xef) {
    const uint8_t least = b0 == 0xe0 ? 0xa0 : 0x80;
    const uint8_t most = b0 == 0xed ? 0x9f : 0xbf;
    return b1 >= least && b1 <= most && IsNext(b2) ? 3 : 0;
  }
  if (b0 >= 0xf0 && b0 <= 0xf4) {
    const uint8_t least = b0 == 0xf0 ? 0x90 : 0x80;
    const uint8_t most = b0 == 0xf4 ? 0x8f : 0xbf;
    return b1 >= least && b1 <= most && IsNext(b2) && IsNext(b3) ? 4 : 0;
  }
  return 0;
}

bool IsControl(std::string_view bytes, size_t i, size_t size) {
  const uint8_t first = At(bytes, i);
  if (size == 1) return first < 0x20 || first == 0x7f;
  return size == 2 && first == 0xc2 && At(bytes, i + 1) < 0xa0;  // C1
}

std::string Escaped(std::string_view bytes) {
  std::string escaped;
  for (const char c : bytes)
    absl::StrAppendFormat(&escaped, "\\x%02x", static_cast<uint8_t>(c));
  return escaped;
}

std::string Rendered(std::string_view bytes, bool escape_controls) {
  std::string text;
  for (size_t i = 0; i < bytes.size();) {
    const size_t size = CharacterAt(bytes, i);
    const std::string_view part = bytes.substr(i, size == 0 ? 1 : size);
    i += part.size();
    if (size == 0 || (escape_controls && IsControl(part, 0, size) &&
                      part != "\n" && part != "\t"))
      text += Escaped(part);
    else if (escape_controls && part == "\n")
      text += "\\n";
    else if (escape_controls && part == "\t")
      text += "\\t";
    else
      text += part;
  }
  return text;
}

// Not inside a character.
size_t Boundary(std::string_view bytes, size_t i) {
  for (int back = 0; back < 3 && i > 0 && IsNext(At(bytes, i)); ++back) --i;
  return i;
}

std::string Cut(std::string_view bytes, size_t most) {
  if (bytes.size() <= most) return std::string(bytes);
  const size_t first = Boundary(bytes, most / 16);
  const size_t last = Boundary(bytes, bytes.size() - most / 16);
  return absl::StrFormat("%s...(%d bytes)...%s", bytes.substr(0, first),
                         last - first, bytes.substr(last));
}

bool IsPlainInShell(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("_-+=./:,@%").find(c) != std::string_view::npos;
}

}  // namespace

std::string Utf8(std::string_view bytes) { return Rendered(bytes, false); }

std::string Shown(std::string_view bytes) { return Rendered(bytes, true); }

std::string ShownInError(std::string_view bytes) {
  // A name of 255 bytes, each written \\xNN; two paths of 4096 and some words.
  constexpr size_t kMostWord = 1024, kMostLine = 10'000;
  std::string line;
  for (size_t i = 0; i < bytes.size();) {
    size_t end = bytes.find_first_of(" /", i);
    end = end == std::string_view::npos ? bytes.size() : end + 1;
    line += Cut(bytes.substr(i, end - i), kMostWord);
    i = end;
  }
  return Shown(Cut(line, kMostLine));
}

std::string ShellWord(std::string_view bytes) {
  bool plain = !bytes.empty();
  for (const char c : bytes) plain = plain && IsPlainInShell(c);
  if (plain) return std::string(bytes);
  const bool dollar = Shown(bytes) != bytes;
  std::string word = dollar ? "$'" : "'";
  for (size_t i = 0; i < bytes.size();) {
    const size_t size = CharacterAt(bytes, i);
    const std::string_view part = bytes.substr(i, size == 0 ? 1 : size);
    i += part.size();
    if (dollar && (size == 0 || IsControl(part, 0, size)))
      // Three octal digits are always complete; hex escapes could absorb what
      // follows.
      for (const char c : part)
        absl::StrAppendFormat(&word, "\\%03o", static_cast<uint8_t>(c));
    else if (part == "'")
      word += dollar ? "\\'" : "'\\''";
    else if (dollar && part == "\\")
      word += "\\\\";
    else
      word += part;
  }
  return word + "'";
}

std::string PathArgument(std::string_view path) {
  std::string given = path.starts_with('-') ? "./" : "";
  given += path;
  return given;
}

std::string PathWord(std::string_view path) {
  return ShellWord(PathArgument(path));
}

}  // namespace vmtrunc::base
