#include "fuzz/dictionary.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/check.h"
#include "core/run/checker.h"

namespace vmtrunc::fuzz {
namespace {

// Two tasks and blocks of two pages: the minimum for interesting scripts.
constexpr const char* kSetup = "vmtrunc 1\nblock 2\nfile f 8\ntask a\ntask b\n";
constexpr const char* kOneMm =
    "vmtrunc 1\nblock 2\nfile f 8\ntask a\ntask b mm a\n";
constexpr const char* kTlb = "vmtrunc 1\ntlb\nfile f 8\ntask a\ntask b mm a\n";
constexpr const char* kDevice =
    "vmtrunc 1\ntlb\nfile f 8 pfn\nfile g 8\ntask a\ntask b mm a\n";

// An operation of each verb, with arguments that fit together: a mapping of the
// whole file at 10, ranges that split it, a truncation in the middle.
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
    "pin f 1",
    "unpin f 1",
    "order f 1",
    "revoke f 2 4",
    "collapse f 0",
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
      {.name = "header_tlb", .bytes = Bytes(kTlb, "")},
      {.name = "header_device", .bytes = Bytes(kDevice, "")},
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

std::vector<Token> AllTextTokens() {
  std::vector<std::string> words = {"vmtrunc 1\n",
                                    "kernel ",
                                    "block 2\n",
                                    "count 5\n",
                                    "count-bits 13\n",
                                    "tlb\n",
                                    "file f 8\n",
                                    "file f 8 pfn\n",
                                    "file f 16 hugetlb\n",
                                    "task a\n",
                                    "task b mm a\n",
                                    "expect ",
                                    "holds\n",
                                    "breaks ",
                                    "shared ",
                                    "private ",
                                    "populate ",
                                    "r ",
                                    "rw ",
                                    "fail 1 ",
                                    "a ",
                                    "b ",
                                    "f ",
                                    " &\n",
                                    "# ",
                                    "\n",
                                    "0x10 ",
                                    "255 ",
                                    "256 ",
                                    "a step\n",
                                    "a drop\n",
                                    "a drop 2\n",
                                    "a finish\n"};
  for (const std::string operation : kOperations) {
    words.push_back("a " + operation + "\n");
    words.push_back("b " + operation + " &\n");
  }
  for (const KernelInfo& kernel : AllKernels()) {
    words.emplace_back(kernel.name);
    words.push_back(absl::StrCat("expect ", kernel.name, " holds\n"));
    words.push_back(absl::StrCat("expect ", kernel.name, " breaks "));
  }
  for (const RuleInfo& rule : AllRules()) {
    words.push_back(absl::StrCat("-", rule.name));
    words.push_back(absl::StrCat("+", rule.name));
  }
  for (const PropertyInfo& property : AllProperties())
    words.push_back(absl::StrCat(property.name, "\n"));
  std::vector<Token> tokens;
  for (const std::string& word : words)
    tokens.push_back({.name = absl::StrCat("word_", tokens.size()),
                      .bytes = {word.begin(), word.end()}});
  return tokens;
}

std::string Dictionary(const std::vector<Token>& tokens) {
  std::string text =
      "# Made from the code by fuzz_dictionary; docs/format.md says what the "
      "bytes mean.\n";
  for (const Token& token : tokens) {
    absl::StrAppend(&text, token.name, "=\"");
    for (const uint8_t byte : token.bytes)
      absl::StrAppendFormat(&text, "\\x%02X", byte);
    absl::StrAppend(&text, "\"\n");
  }
  return text;
}

std::string Options(std::string_view target, size_t max_len) {
  return absl::StrFormat(
      "# Made from the code by fuzz_dictionary. Bytes past max_len would be\n"
      "# ignored.\n"
      "[libfuzzer]\n"
      "max_len = %u\n"
      "timeout = 10\n"
      "dict = %s.dict\n",
      max_len, target);
}

}  // namespace vmtrunc::fuzz
