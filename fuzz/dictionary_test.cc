// Reads the dictionary as engines do, and its bytes as docs/format.md says.
#include "fuzz/dictionary.h"

#include <gtest/gtest.h>

#include <cctype>
#include <map>
#include <set>
#include <sstream>

namespace vmtrunc::fuzz {
namespace {

// NAME="\xNN..." by line, comments left out.
std::map<std::string, std::vector<uint8_t>> Parse(const std::string& text) {
  std::map<std::string, std::vector<uint8_t>> tokens;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    const size_t equals = line.find("=\"");
    EXPECT_NE(equals, std::string::npos) << line;
    const std::string name = line.substr(0, equals);
    for (const char c : name)
      EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_')
          << name;
    EXPECT_FALSE(tokens.contains(name)) << name;
    std::vector<uint8_t>& bytes = tokens[name];
    size_t at = equals + 2;
    for (; at + 4 < line.size(); at += 4) {
      EXPECT_EQ(line.substr(at, 2), "\\x") << line;
      bytes.push_back(static_cast<uint8_t>(
          std::stoul(line.substr(at + 2, 2), nullptr, 16)));
    }
    EXPECT_EQ(line.substr(at), "\"") << line;
  }
  return tokens;
}

// The selectors of docs/format.md, copied from the page.
const std::map<std::string, unsigned> kSelectors = {
    {"mmap", 1},   {"munmap", 2},   {"mprotect", 3},    {"mremap", 4},
    {"read", 5},   {"write", 6},    {"fork", 7},        {"exit", 8},
    {"remap", 10}, {"truncate", 9}, {"invalidate", 12}, {"pin", 16},
    {"unpin", 17}, {"order", 18},   {"punch", 11},      {"step", 13},
    {"drop", 14},  {"finish", 15},  {"revoke", 19},     {"collapse", 20}};

std::string NameOf(const Event& event) {
  switch (event.kind) {
    case EventKind::kStart:
      return VerbName(event.verb);
    case EventKind::kBegin:
      return std::string(VerbName(event.verb)) + "_begin";
    case EventKind::kStep:
      return "step";
    case EventKind::kDrop:
      return "drop";
    case EventKind::kFinish:
      return "finish";
    case EventKind::kNone:
      break;
  }
  return "nothing";
}

TEST(Dictionary, EachRecordDecodesToTheEventOfItsName) {
  auto tokens = Parse(Dictionary(AllTokens()));
  const std::vector<uint8_t> header = tokens.at("header");
  std::set<std::string> events;
  for (const auto& [name, record] : tokens) {
    if (name.starts_with("header")) continue;
    ASSERT_EQ(record.size(), kRecordBytes) << name;
    std::vector<uint8_t> bytes = header;
    bytes.insert(bytes.end(), record.begin(), record.end());
    const Script script = DecodeBytes(bytes);
    ASSERT_EQ(script.events.size(), 1u) << name;
    EXPECT_EQ(NameOf(script.events[0]), name);
    EXPECT_EQ(EncodeBytes(script), bytes) << name;

    const size_t begin = name.find("_begin");
    const bool begins = begin != std::string::npos;
    EXPECT_EQ(record[0],
              kSelectors.at(name.substr(0, begin)) + (begins ? 32U : 0U))
        << name;
    events.insert(name);
  }
  // Every verb there is, both ways, and the three events that have none.
  EXPECT_EQ(events.size(), 2 * size_t{kVerbs} + 3);
}

TEST(Dictionary, TheHeadersDecodeToTheirSetups) {
  auto tokens = Parse(Dictionary(AllTokens()));
  ASSERT_EQ(tokens.at("header").size(), kHeaderBytes);
  ASSERT_EQ(tokens.at("header_one_mm").size(), kHeaderBytes);
  struct Setup setup = DecodeBytes(tokens.at("header")).setup;
  EXPECT_EQ(setup.tasks, 2);
  EXPECT_EQ(setup.block, 2);
  EXPECT_EQ(setup.sizes[0], 8);
  EXPECT_EQ(setup.mm_of[1], 1);
  setup.mm_of[1] = 0;
  EXPECT_EQ(DecodeBytes(tokens.at("header_one_mm")).setup, setup);
  setup.block = 1;
  setup.tlb = true;
  EXPECT_EQ(DecodeBytes(tokens.at("header_tlb")).setup, setup);
  setup.files = 2;
  setup.sizes[1] = 8;
  setup.folios[0].pfn = true;
  EXPECT_EQ(DecodeBytes(tokens.at("header_device")).setup, setup);
}

TEST(Options, TheLongestInputIsTheLongestScript) {
  const std::string options = Options("target", kMostBytes);
  EXPECT_NE(options.find("[libfuzzer]\nmax_len = 2080\n"), std::string::npos);
  EXPECT_NE(options.find("\ndict = target.dict\n"), std::string::npos);
}

// Those of the text are lines of it, or words that have a place in one.
TEST(Dictionary, TextTokensAreLinesOfAScript) {
  unsigned lines = 0;
  for (const Token& token : AllTextTokens()) {
    const std::string word(token.bytes.begin(), token.bytes.end());
    EXPECT_LE(word.size(), 128U) << "AFL++ takes no longer ones";
    if (!word.starts_with("a ") || !word.ends_with("\n")) continue;
    ++lines;
    const auto script = ParseText(R"(vmtrunc 1
file f 8
task a
)" + word);
    EXPECT_TRUE(script.ok()) << word << script.status();
  }
  EXPECT_GE(lines, unsigned{kVerbs});
  EXPECT_EQ(Parse(Dictionary(AllTextTokens())).size(), AllTextTokens().size());
}

}  // namespace
}  // namespace vmtrunc::fuzz
