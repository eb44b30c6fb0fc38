#include "fuzz/dictionary.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/check.h"

namespace vmtrunc {
namespace {

// Two tasks and blocks of two pages: the least in which much can happen.
constexpr const char* kSetup = "vmtrunc 1\nblock 2\nfile f 8\ntask a\ntask b\n";
constexpr const char* kOneMm =
    "vmtrunc 1\nblock 2\nfile f 8\ntask a\ntask b mm a\n";

// An operation of each verb, with arguments that fit together: a mapping of
// the whole file at 10, ranges that cut it, a truncation in the middle.
constexpr const char* kOperations[] = {
    "mmap 10 8 f 0 populate",
    "munmap 10 3",
    "mprotect 10 3 r",
    "mremap 10 8 14 8",
    "read 10",
    "write 10",
    "fork c",
    "exit",
    "truncate f 2",
    "remap 10 3 1",
    "punch f 2 4",
    "invalidate f 2 4",
};

std::vector<uint8_t> Bytes(const std::string& setup, const std::string& event) {
  const auto script = ParseText(setup + event);
  VMT_CHECK(script.ok());
  return EncodeBytes(*script);
}

Token RecordToken(const std::string& name, const std::string& event) {
  const std::vector<uint8_t> bytes = Bytes(kSetup, event);
  return {.name = name, .bytes = {bytes.begin() + kHeaderBytes, bytes.end()}};
}

}  // namespace

std::vector<Token> AllTokens() {
  std::vector<Token> tokens = {
      {.name = "header", .bytes = Bytes(kSetup, "")},
      {.name = "header_one_mm", .bytes = Bytes(kOneMm, "")},
      RecordToken("step", "a step"),
      RecordToken("drop", "a drop"),
      RecordToken("finish", "a finish"),
  };
  for (const std::string operation : kOperations) {
    const std::string verb = operation.substr(0, operation.find(' '));
    tokens.push_back(RecordToken(verb, "a " + operation));
    tokens.push_back(RecordToken(verb + "_begin", "a " + operation + " &"));
  }
  return tokens;
}

std::string Dictionary() {
  std::string text =
      "# Made from the code by fuzz_dictionary; docs/format.md says what the "
      "bytes mean.\n";
  for (const Token& token : AllTokens()) {
    absl::StrAppend(&text, token.name, "=\"");
    for (const uint8_t byte : token.bytes)
      absl::StrAppendFormat(&text, "\\x%02X", byte);
    absl::StrAppend(&text, "\"\n");
  }
  return text;
}

std::string Options(std::string_view target) {
  return absl::StrFormat(
      "# Made from the code by fuzz_dictionary. Bytes past max_len would be\n"
      "# ignored.\n"
      "[libfuzzer]\n"
      "max_len = %u\n"
      "timeout = 10\n"
      "dict = %s.dict\n",
      kHeaderBytes + kRecordBytes * kMaxEvents, target);
}

}  // namespace vmtrunc
