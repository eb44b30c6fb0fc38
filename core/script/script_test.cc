#include "core/script/script.h"

#include <gtest/gtest.h>

#include <array>

#include "search/mutate.h"

namespace vmtrunc {
namespace {

Script RandomScript(base::Random& random, size_t max_events) {
  Script script = search::RandomSetup(random);
  for (int i = 0; i < 8; ++i) search::Mutate(script, max_events, random);
  return script;
}

std::string ErrorOf(const std::string& text) {
  return std::string(ParseText(text).status().message());
}

TEST(Text, ReportsTheLineAndWhatWasExpected) {
  EXPECT_EQ(ErrorOf(""), "1: expected vmtrunc 1");
  EXPECT_EQ(ErrorOf("# a comment\nvmtrunc 2\n"), "2: expected vmtrunc 1");
  // No line is named that is not there.
  EXPECT_EQ(ErrorOf("# c\rvmtrunc 1\rfile f 8"), "1: expected vmtrunc 1");
  EXPECT_EQ(ErrorOf("# a comment\n\n"), "2: expected vmtrunc 1");
  EXPECT_EQ(ErrorOf("vmtrunc 1\nblock 65\n"), "2: expected pages, 1..64");
  EXPECT_EQ(ErrorOf(R"(vmtrunc 1
task a
a munmap 1
)"),
            "3: expected LEN, 0..255");
  EXPECT_EQ(ErrorOf("vmtrunc 1\na mmap 1 1 f 0\n"),
            "2: expected the name of a declared file");
  EXPECT_EQ(ErrorOf("vmtrunc 1\na jump\n"),
            "2: expected a verb, step, drop or finish");
  EXPECT_EQ(ErrorOf("vmtrunc 1\na exit now\n"),
            "2: expected the end of the line, not now");
  EXPECT_EQ(ErrorOf("vmtrunc 1\nexpect 2.6.11 breaks nothing\n"),
            "2: expected a property");
  EXPECT_EQ(ErrorOf(R"(vmtrunc 1
expect 2.6.11 holds
a exit
)"),
            "3: expected expect, which comes last");
}

TEST(Text, InTwoBytesALetterIsNamed) {
  for (const std::string& text :
       {std::string("\xff\xfe#\0 \0v\0m\0", 10),
        std::string("\xfe\xff\0#\0 \0v\0m", 10),
        std::string("\xff\xfev\0m\0t\0r\0", 10), std::string("v\0m\0t\0r\0", 8),
        std::string("\0v\0m\0t\0r", 8)}) {
    EXPECT_EQ(ErrorOf(text),
              "1: expected UTF-8, not UTF-16: write it in UTF-8");
    EXPECT_TRUE(LooksLikeText("bytes", text));
  }
  // Of the byte form these are: what a number may be begins no script.
  for (const std::string& bytes :
       {std::string("\xff\xfe\4\0\10\0\0\0", 8), std::string("\xff\xfe#", 3),
        std::string("v\0m\0\0\0\0\0", 8)})
    EXPECT_FALSE(LooksLikeText("bytes", bytes));
}

// A script without its first line, prose, JSON: no bytes that somebody wrote.
TEST(Text, WithoutItsFirstLineIsText) {
  for (const char* const text :
       {"file f 8\ntask a\na mmap 10 1 f 0\n",
        "# nothing but a comment, wie sch\xc3\xb6n\n",
        "{\r\n\t\"answer\": \"holds\", \"events\": 3\n}\n"})
    EXPECT_TRUE(LooksLikeText("bytes", text)) << text;
  // What a fuzzer begins with, control characters, what is no UTF-8.
  for (const char* const bytes :
       {"\n", "task a", "file f 8\ntask a\na mmap 10 1 f 0\n\x01",
        "file f 8\ntask a\na mmap 10 1 f 0\n\x7f",
        "file f 8\ntask a\na mmap 10 1 f 0\n\xff",
        "file f 8\ntask a\na mmap 10 1 f 0\n\xc3"})
    EXPECT_FALSE(LooksLikeText("bytes", bytes)) << bytes;
  EXPECT_FALSE(LooksLikeText("bytes", std::string(kHeaderBytes, '\0')));
}

// The word came later: files with a task of that name keep working.
TEST(Text, ATaskMayBeNamedTlb) {
  const auto script = ParseText(R"(vmtrunc 1
tlb
file f 8
task tlb
tlb mmap 10 1 f 0
tlb read 10
)");
  ASSERT_TRUE(script.ok()) << script.status();
  EXPECT_TRUE(script->setup.tlb);
  EXPECT_EQ(script->task_names[0], "tlb");
  EXPECT_EQ(script->events.size(), 2U);
  const auto without =
      ParseText("vmtrunc 1\nfile f 8\ntask tlb\ntlb mmap 10 1 f 0\n");
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_FALSE(without->setup.tlb);
  EXPECT_EQ(ParseText("vmtrunc 1\ntlb 3\n").status().message(),
            "2: expected a verb, step, drop or finish");
  EXPECT_EQ(ParseText(ToText(*script))->setup.tlb, true);
}

TEST(Text, OfTwoValuesTheLastCounts) {
  const auto script = ParseText(
      "vmtrunc 1\nkernel 2.6.9-mm\nblock 2\ncount 5\ncount-bits 8\nkernel 3.0\n"
      "block 1\ncount 0\ncount-bits 32\nfile f 8\n");
  ASSERT_TRUE(script.ok()) << script.status();
  EXPECT_EQ(ToText(*script), "vmtrunc 1\nkernel 3.0\nfile f 8\n");
}

TEST(Text, TheKernelThatIsSetReplacesTheOneThatIsNamed) {
  auto script = ParseText("vmtrunc 1\nkernel unbuilt\nfile f 8\ntask a\n");
  ASSERT_TRUE(script.ok()) << script.status();
  script->kernel_from_file = true;
  SetKernel(*ParseKernelSpec("2.6.11"), *script);
  EXPECT_EQ(ToText(*script), "vmtrunc 1\nkernel 2.6.11\nfile f 8\ntask a\n");
  EXPECT_FALSE(script->kernel_from_file);
}

TEST(Text, MoreThan256EventsAreAnError) {
  std::string text = "vmtrunc 1\ntask a\n";
  for (int i = 0; i < 256; ++i) text += "a step\n";
  EXPECT_TRUE(ParseText(text).ok());
  EXPECT_EQ(ErrorOf(text + "a step\n"), "259: expected at most 256 events");
}

TEST(Text, CanonicalTextReadsBackAsItself) {
  const char* text =
      R"(vmtrunc 1
kernel 2.6.11-leap
block 2
count 5
count-bits 12
file f 8
file other 3
task a
task b mm a
a mmap 100 8 f 1 private r populate
b mremap 1 2 3 4 fail 0
a truncate other 2 &
a drop 3
a fork kid
kid write 7
expect 2.6.11 holds
expect 9.9 breaks no-deadlock
)";
  const auto script = ParseText(text);
  ASSERT_TRUE(script.ok()) << script.status();
  EXPECT_EQ(ToText(*script), text);
}

TEST(Bytes, TextAndBytesCarryTheSameScript) {
  base::Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const Script script = RandomScript(random, 40);
    const Script back = DecodeBytes(EncodeBytes(script));
    EXPECT_EQ(back.setup, script.setup);
    ASSERT_EQ(back.events, script.events) << ToText(script);
    EXPECT_EQ(ToText(back), ToText(script));
    const auto parsed = ParseText(ToText(script));
    ASSERT_TRUE(parsed.ok()) << parsed.status() << ToText(script);
    EXPECT_EQ(ToText(*parsed), ToText(script));
  }
}

TEST(Bytes, AnyBytesAreAScriptAndEncodingIsCanonical) {
  base::Random random(2);
  for (int i = 0; i < 2000; ++i) {
    std::vector<uint8_t> bytes(random.Below(400));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Next());
    const Script script = DecodeBytes(bytes);
    const std::vector<uint8_t> once = EncodeBytes(script);
    EXPECT_EQ(EncodeBytes(DecodeBytes(once)), once);
    EXPECT_TRUE(ParseText(ToText(script)).ok());
  }
}

TEST(Bytes, CountsBytesPastTheLastEvent) {
  const std::vector<uint8_t> bytes(kHeaderBytes + kRecordBytes * kMaxEvents +
                                   5);
  EXPECT_EQ(DecodeBytes(bytes).ignored_bytes, 5u);
}

// A file of version 1, byte by byte: it must mean this for ever.
TEST(Bytes, Version1KeepsItsMeaning) {
  constexpr std::array<uint8_t, 64> kFile = {
      1,  3,    1,   0, 5,   0, 0, 0, 0, 0x84, 1, 8, 0, 0, 0, 0,  // header
      8,  0,    0,   0, 0,   0, 0, 0, 0, 0,    0, 0, 0, 0, 0, 0,  // flips: leap
      1,  0x51, 100, 8, 0,   0, 2, 0,                             // mmap
      41, 0,    3,   0, 0,   0, 0, 0,                             // truncate &
      14, 0,    1,   0, 0,   0, 0, 0,                             // drop 2
      4,  1,    100, 4, 110, 5, 0, 2};                            // mremap
  EXPECT_EQ(ToText(DecodeBytes(kFile)),
            R"(vmtrunc 1
kernel 2.6.11-leap
block 2
count 5
file f 8
file g 4
task a
task b mm a
b mmap 100 8 f 2 private populate
a truncate f 3 &
a drop 2
b mremap 100 4 110 5 fail 1
)");
}

// What each release of version 1 could write: `core/script/script_bytes.cc` has
// had verbs and kernels added, and neither moved.
TEST(Bytes, FilesOfEachAgeOfVersion1KeepTheirMeaning) {
  struct Age {
    std::vector<uint8_t> file;
    const char* text;
  };
  const auto with = [](uint8_t kernel, uint8_t flips,
                       std::vector<uint8_t> records) {
    std::vector<uint8_t> file(kHeaderBytes);
    file[0] = 1;
    file[1] = kernel;
    file[16] = flips;
    file.insert(file.end(), records.begin(), records.end());
    return file;
  };
  const std::string tasks = "file f 8\ntask a\ntask b\ntask c\n";
  const Age kAges[] = {
      // Three kernels; no remap, punch and invalidate.
      {with(2, 1, {9, 0, 4, 0, 0, 0, 0, 0, 13, 1, 0, 0, 0, 0, 0, 0}),
       "kernel 2.6.9-mm-drop-lock\n#a truncate f 4\nb step\n"},
      // Eight, and the three verbs.
      {with(8, 0, {10, 1, 3, 2, 0,  0, 5, 0, 11, 2, 1, 2,
                   0,  0, 0, 0, 12, 0, 6, 1, 0,  0, 0, 0}),
       "kernel 6.18\n#b remap 3 2 5\nc punch f 1 2\n"
       "a invalidate f 6 1\n"},
      // Nine.
      {with(9, 2, {8, 1, 0, 0, 0, 0, 0, 0}),
       "kernel repaired-stamp-vmas\n#b exit\n"},
  };
  for (const Age& age : kAges) {
    std::string text = age.text;
    text.replace(text.find('#'), 1, tasks);
    EXPECT_EQ(ToText(DecodeBytes(age.file)), "vmtrunc 1\n" + text);
    EXPECT_EQ(EncodeBytes(DecodeBytes(age.file)), age.file);
  }
}

// On 2.6.11: a header that flips the rule alone.
std::vector<uint8_t> HeaderThatFlips(size_t rule) {
  std::vector<uint8_t> header(kHeaderBytes);
  header[0] = 1;
  header[1] = 3;
  header[16 + rule / 8] = static_cast<uint8_t>(1 << rule % 8);
  return header;
}

TEST(Bytes, Rule62IsTheLastButOneBitOfByte23) {
  const std::vector<uint8_t> kHeader = {1, 3,  0, 0, 0, 0, 0, 0, 0, 0, 0,
                                        0, 0,  0, 0, 0, 0, 0, 0, 0, 0, 0,
                                        0, 64, 0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(HeaderThatFlips(62), kHeader);
  const Script script = DecodeBytes(kHeader);
  EXPECT_EQ(script.kernel->ToString(), "2.6.11+restart-names-pass");
  EXPECT_EQ(EncodeBytes(script), kHeader);
}

TEST(Bytes, BitsThatNoRuleHasAreIgnored) {
  for (const size_t rule : {63U, 64U, 127U}) {
    if (rule < AllRules().size()) continue;
    const Script script = DecodeBytes(HeaderThatFlips(rule));
    EXPECT_EQ(script.kernel->ToString(), "2.6.11");
    std::vector<uint8_t> without(kHeaderBytes);
    without[0] = 1;
    without[1] = 3;
    EXPECT_EQ(EncodeBytes(script), without);
  }
}

// Whether or not there is such a rule.
TEST(Bytes, EachRuleHasItsBitInTheHeader) {
  for (const size_t rule : {0U, 62U, 63U, 64U, 127U}) {
    std::vector<uint8_t> header(kHeaderBytes, 0xff);
    header[0] = 1;
    header[1] = 0;
    SetKernel({.kernel = 2, .flips = RuleSet::Of(rule)},
              std::span(header).first<kHeaderBytes>());
    std::vector<uint8_t> expected = HeaderThatFlips(rule);
    std::fill(expected.begin() + 2, expected.begin() + 16, uint8_t{0xff});
    EXPECT_EQ(header, expected) << rule;
    EXPECT_EQ(FlipsOf(std::span(header).first<kHeaderBytes>()),
              RuleSet::Of(rule));
  }
}

}  // namespace
}  // namespace vmtrunc
