#include "base/shown.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>

namespace vmtrunc::base {
namespace {

TEST(Shown, ValidTextComesBackAsItIs) {
  for (const char* text : {"", "plain", "\xc3\xa9t\xc3\xa9", "\xe2\x82\xac",
                           "\xf0\x9f\x90\xa7", "a\\xffb"}) {
    EXPECT_EQ(Utf8(text), text);
    EXPECT_EQ(Shown(text), text);
  }
}

TEST(Shown, EscapesInvalidCharacters) {
  EXPECT_EQ(Utf8("x\xff.vmt"), "x\\xff.vmt");
  EXPECT_EQ(Utf8("\xc0\x80"), "\\xc0\\x80");           // overlong
  EXPECT_EQ(Utf8("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(Utf8("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(Utf8("cut \xe2\x82"), "cut \\xe2\\x82");
}

TEST(Shown, EscapesTerminalControls) {
  EXPECT_EQ(Shown("a\x1b[31m\nb\t\x7f"), "a\\x1b[31m\\nb\\t\\x7f");
  EXPECT_EQ(Shown("\xc2\x9b"
                  "31m"),
            "\\xc2\\x9b31m");
  EXPECT_EQ(Utf8("a\nb"), "a\nb");
}

// What is quoted of what was given, and not the words around it.
TEST(Shown, AnErrorQuotesNoMoreThanANameOrAPath) {
  const std::string name(1020, 'n');  // 255 bytes, each as \xNN
  const std::string path = "/" + std::string(255, 'a') + "/" + name + ": gone";
  EXPECT_EQ(ShownInError(path), path);
  for (const std::string& given :
       {std::string(1 << 20, '7'), std::string(1 << 20, '\xff')}) {
    const std::string line =
        ShownInError("--seed " + given + ": expected a number");
    EXPECT_LT(line.size(), 700U);
    EXPECT_TRUE(line.starts_with("--seed " + Shown(given.substr(0, 60))));
    EXPECT_NE(line.find(" bytes)..."), std::string::npos) << line;
    EXPECT_TRUE(line.ends_with("expected a number")) << line;
  }
  std::string many = "expected the end of the line, not ";
  for (int i = 0; i < 100'000; ++i) many += "x ";
  EXPECT_LT(ShownInError(many).size(), 2000U);
  std::string euros;
  for (int i = 0; i < 1000; ++i) euros += "\xe2\x82\xac";
  for (size_t shift = 0; shift < 3; ++shift)
    EXPECT_EQ(ShownInError(std::string(shift, 'x') + euros).find("\\x"),
              std::string::npos);
}

// What a shell makes of the word is what it stands for.
TEST(ShellWord, AShellReadsItBack) {
  for (const std::string word :
       {"plain", "", "two words", "it's", "$HOME `x` \"q\" \\", "new\nline",
        "x\xff.vmt", "\x1b[0m9'\\", "-o", "\xc3\xa9"}) {
    const std::string command =
        "bash -c " + ShellWord("printf '%s' " + ShellWord(word));
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    std::array<char, 256> read{};
    const size_t got = std::fread(read.data(), 1, read.size(), pipe);
    ::pclose(pipe);
    EXPECT_EQ(std::string(read.data(), got), word) << command;
  }
}

}  // namespace
}  // namespace vmtrunc::base
