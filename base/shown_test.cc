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

TEST(Shown, WhatIsNoCharacterIsEscaped) {
  EXPECT_EQ(Utf8("x\xff.vmt"), "x\\xff.vmt");
  EXPECT_EQ(Utf8("\xc0\x80"), "\\xc0\\x80");           // overlong
  EXPECT_EQ(Utf8("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(Utf8("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(Utf8("cut \xe2\x82"), "cut \\xe2\\x82");
}

TEST(Shown, NothingReachesATerminalThatItObeys) {
  EXPECT_EQ(Shown("a\x1b[31m\nb\t\x7f"), "a\\x1b[31m\\nb\\t\\x7f");
  EXPECT_EQ(Shown("\xc2\x9b"
                  "31m"),
            "\\xc2\\x9b31m");
  EXPECT_EQ(Utf8("a\nb"), "a\nb");
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
