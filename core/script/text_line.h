// A line of a text: its tokens, and what was expected of it.
#ifndef VMTRUNC_CORE_SCRIPT_TEXT_LINE_H_
#define VMTRUNC_CORE_SCRIPT_TEXT_LINE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace vmtrunc {

inline bool IsName(std::string_view token) {
  if (token.empty()) return false;
  for (const char c : token) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_' &&
        c != '-')
      return false;
  }
  return true;
}

inline bool ToNumber(std::string_view token, uint64_t& value) {
  const absl::string_view text(token.data(), token.size());
  // SimpleHexAtoi() itself would take a sign, and a second 0x.
  if (token.starts_with("0x") || token.starts_with("0X"))
    return token.find_first_not_of("0123456789abcdefABCDEF", 2) ==
               std::string_view::npos &&
           absl::SimpleHexAtoi(text.substr(2), &value);
  if (token.empty() ||
      !absl::ascii_isdigit(static_cast<unsigned char>(token[0])))
    return false;
  return absl::SimpleAtoi(text, &value);
}

// The tokens of one line, taken one by one. error() keeps the first thing that
// was expected and missing.
class Line {
 public:
  Line(std::string_view text, int number) : number_(number) {
    const size_t comment = text.find('#');
    if (comment != std::string_view::npos) text = text.substr(0, comment);
    size_t at = 0;
    while (at < text.size()) {
      if (absl::ascii_isspace(static_cast<unsigned char>(text[at]))) {
        ++at;
        continue;
      }
      size_t end = at;
      while (end < text.size() &&
             !absl::ascii_isspace(static_cast<unsigned char>(text[end])))
        ++end;
      tokens_.push_back(text.substr(at, end - at));
      at = end;
    }
  }

  bool empty() const { return tokens_.empty(); }
  bool at_end() const { return next_ == tokens_.size(); }
  int number() const { return number_; }
  std::string_view peek() const { return at_end() ? "" : tokens_[next_]; }
  std::string_view take() { return at_end() ? "" : tokens_[next_++]; }
  bool TakeIf(std::string_view word) {
    if (peek() != word) return false;
    ++next_;
    return true;
  }
  // If nothing else is left of the line.
  bool TakeIfLast(std::string_view word) {
    return next_ + 1 == tokens_.size() && TakeIf(word);
  }
  // The rest of the line, tokens joined by one blank.
  std::string Rest() {
    std::string rest;
    while (!at_end()) {
      if (!rest.empty()) rest += ' ';
      rest += take();
    }
    return rest;
  }
  uint8_t Number(const char* what, unsigned low, unsigned high) {
    return static_cast<uint8_t>(Number32(what, low, high));
  }
  uint32_t Number32(const char* what, uint64_t low, uint64_t high) {
    uint64_t value = 0;
    if (!ToNumber(peek(), value) || value < low || value > high) {
      Expected(absl::StrFormat("%s, %u..%u", what, low, high));
      return static_cast<uint32_t>(low);
    }
    ++next_;
    return static_cast<uint32_t>(value);
  }
  std::string Name(const char* what) {
    if (!IsName(peek())) {
      Expected(what);
      return "";
    }
    return std::string(take());
  }
  void Expected(std::string_view what) {
    if (error_.empty())
      error_ = absl::StrFormat("%d: expected %s", number_, what);
  }
  const std::string& error() const { return error_; }

 private:
  std::vector<std::string_view> tokens_;
  size_t next_ = 0;
  int number_;
  std::string error_;
};

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_SCRIPT_TEXT_LINE_H_
