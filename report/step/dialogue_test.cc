#include "report/step/dialogue.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "base/scratch_test.h"

namespace vmtrunc::report {
namespace {

constexpr const char* kText = R"(vmtrunc 1
kernel 2.6.9-mm
block 2
file f 8
task a
task w
task t
a mmap 100 8 f 0 populate
w mmap 100 8 f 0 populate
t truncate f 2 &
t drop 2
a munmap 100 8
w mprotect 100 3 r
t finish
)";

class DialogueTest : public base::Scratch {
 protected:
  DialogueTest()
      : script_(*ParseText(kText)), play_(script_, *script_.kernel) {}
  void Expect(const std::string& line, const std::string& part) {
    const std::string answer = dialogue_.Answer(line);
    EXPECT_NE(answer.find(part), std::string::npos)
        << line << " says\n"
        << answer << "and not " << part;
  }

  Script script_;
  Play play_;
  Dialogue dialogue_{play_, Look{.columns = 400}};
};

// The bug of 2004, by numbers and by events.
TEST_F(DialogueTest, PrintsTheRunAndItsViolation) {
  Expect("1", "event 1: a mmap 100 8 f 0 populate\n");
  Expect("w mmap 100 8 f 0 populate",
         "[100, 108) of w pages 0..7  ########  slot 1");
  Expect("t truncate f 2 &", "t: in truncate, at \"pass: before i_mmap_lock\"");
  Expect("t drop 2", " at 106\n");
  Expect("a munmap 100 8", "frees [100, 108) of a: slot 0");
  Expect("w mprotect 100 3 r", "gets slot 0, which was [100, 108) of a");
  Expect("t finish",
         ">> violates no-page-past-size: page 3 is mapped at 103 "
         "of w");
  EXPECT_EQ(dialogue_.Status(), base::kExitBroken);
  Expect("u", "undone\nevent 6: w mprotect");
  Expect("l", "w mprotect 100 3 r\n");
  Expect("undo", "undone\nevent 5: a munmap");
  Expect("t finish", "event 6: t finish");
  EXPECT_EQ(dialogue_.Status(), base::kExitHeld);
}

// One line for all that is no move.
TEST_F(DialogueTest, AnswersNonsenseInOneLine) {
  for (const char* nonsense :
       {"", "  ", "0", "7", "99999999999999999999", "-1", "hello", "a", "u 2",
        "r", "\x01\xff", "a step now", "task z", "expect 3.0 holds", "r"}) {
    const std::string answer = dialogue_.Answer(nonsense);
    EXPECT_TRUE(answer.starts_with("expected ")) << nonsense << ": " << answer;
    EXPECT_EQ(std::count(answer.begin(), answer.end(), '\n'), 1) << nonsense;
  }
  EXPECT_EQ(play_.played().events.size(), 0u);
}

TEST_F(DialogueTest, SaysWhatABlockedTaskWaitsFor) {
  Expect("a mmap 100 8 f 0 populate", "event 1");
  Expect("t truncate f 2 &", "t: in truncate");
  Expect("w mmap 100 8 f 0 populate &", "w step");
  Expect("w step", "before i_mmap_lock\", holds mmap_sem write");
  Expect("t step", " -  w step  waits: t holds i_mmap_lock\n");
  Expect("w step", "event 6: w step   (no effect)\n");
  Expect("1", "event 7: a ");
}

// A task named as a command is a task.
TEST_F(DialogueTest, AcceptsAnEventOfATaskNamedLikeACommand) {
  Expect("w read 3", "event 1: w read 3");
  Expect("a fork write", "event 2: a fork write");
  Expect("write munmap 20 1", "event 3: write munmap 20 1");
  Expect("write out", "expected");
  Expect("u", "undone");
  Expect("u", "undone");
  Expect("write " + Path("out"), "written to ");  // no task has the name
}

TEST_F(DialogueTest, WritesAndReplacesNothing) {
  const std::string path = Path("x.vmt");
  for (const char* none :
       {"write", "write .", "write a/", "write ..", "write -", "write x/.vmt"})
    Expect(none, "expected w FILE: a name\n");
  EXPECT_NE(dialogue_.End().find("the run holds"), std::string::npos);
  Expect("1", "event 1");
  EXPECT_NE(dialogue_.End().find("not written"), std::string::npos);
  Expect("write " + path, "written to " + path + "\n");
  EXPECT_EQ(Get("x.vmt"), ToText(play_.played()));
  EXPECT_NE(dialogue_.End().find("vmtrunc explain " + path + "\n"),
            std::string::npos);
  Expect("1", "event 2");
  Expect("write " + path, "x-2.vmt\n");
  Expect("write " + path + std::string(1, '\0') + "b",
         "expected w FILE: a name without a NUL byte\n");
  EXPECT_EQ(Names("."), (std::set<std::string>{"x.vmt", "x-2.vmt"}));
  Expect("write " + Path("none/x"), "expected a file that can");
  EXPECT_EQ(dialogue_.Status(), base::kExitUsage);
}

TEST_F(DialogueTest, Quits) {
  EXPECT_EQ(dialogue_.Answer("q"), "");
  EXPECT_TRUE(dialogue_.ended());
}

// A folio, its pin, and who holds it.
TEST(Dialogue, ShowsFolios) {
  const Script script = *ParseText(R"(vmtrunc 1
kernel 6.18
file f 4 order 2
task a
a mmap 1 4 f 0
a pin f 1
a write 1
)");
  Play play(script, *script.kernel);
  Dialogue dialogue(play, Look{.columns = 400});
  for (const char* const line : {"a mmap 1 4 f 0", "a pin f 1", "a write 1"})
    dialogue.Answer(line);
  const std::string state = dialogue.Answer("u");
  EXPECT_NE(state.find("f: i_size 4, page cache 0..3; folio 0..3 (order 2): "
                       "pinned by page 1\n"),
            std::string::npos)
      << state;
}

TEST(Dialogue, ShowsTheTlb) {
  const Script script = *ParseText(R"(vmtrunc 1
kernel 3.8
tlb
file f 2
task a
a mmap 1 2 f 0 populate
)");
  Play play(script, *script.kernel);
  Dialogue dialogue(play, Look{.columns = 400});
  for (const char* const line : {"a mmap 1 2 f 0 populate", "a munmap 1 1 &",
                                 "a step", "a step", "a step", "a step"})
    dialogue.Answer(line);
  const std::string state = dialogue.Answer("u");
  EXPECT_NE(state.find("TLB of a: page 0 of f at 1\n"), std::string::npos)
      << state;
  EXPECT_NE(state.find("gather of a in a: 1 to flush, 1 frame to release (page "
                       "0 of f)\n"),
            std::string::npos)
      << state;
}

// A pass has read the entry of a page table that has moved.
TEST(Dialogue, ShowsPageTables) {
  const Script script = *ParseText(R"(vmtrunc 1
kernel 5.4
file f 1
task a
task b
a mmap 16 16 f 0 r
)");
  Play play(script, *script.kernel);
  Dialogue dialogue(play, Look{.columns = 400});
  for (const char* const line :
       {"a mmap 16 16 f 0 r", "a read 16", "a mremap 16 16 48 16 &", "a step",
        "a step", "a step", "a step", "b truncate f 0 &", "b step", "b step"})
    dialogue.Answer(line);
  EXPECT_EQ(dialogue.Answer("s").find("page tables of"), std::string::npos);
  dialogue.Answer("a step");
  const std::string state = dialogue.Answer("s");
  EXPECT_NE(state.find("page tables of a: none at 16..31 (1 was there), 1 at "
                       "48..63\n"),
            std::string::npos)
      << state;
  EXPECT_NE(state.find("the pass of b relies on the entry at 16..31 of a: page "
                       "table 1, which is at 48..63 by now\n"),
            std::string::npos)
      << state;
}

// Who has found a vma, who holds its lock for read, who waits for it and has it
// for write.
TEST(Dialogue, ShowsTheLocksOfVmas) {
  const Script script = *ParseText(R"(vmtrunc 1
kernel 6.18
file f 4
task a
task b mm a
)");
  Play play(script, *script.kernel);
  Dialogue dialogue(play, Look{.columns = 400});
  const auto after = [&](const std::vector<const char*>& lines) {
    for (const char* const line : lines) dialogue.Answer(line);
    return dialogue.Answer("s");
  };
  const auto expect = [](const std::string& text, const std::string& part,
                         bool is) {
    EXPECT_EQ(text.find(part) != std::string::npos, is) << part << text;
  };
  std::string state = after({"a mmap 1 4 f 0", "b read 2 &", "b step"});
  expect(state, "at \"vma found, before its lock\" in slot 0, holds no lock\n",
         true);
  expect(state, " by ", false);
  state = after({"b step"});
  expect(state, "[1, 5) of a pages 0..3  ....  slot 0, read by b\n", true);
  state = after({"a mprotect 1 4 r &", "a step", "a step"});
  expect(state, "slot 0, read by b\n", true);
  expect(state, "a step  waits: b holds read lock of the vma in slot 0\n",
         true);
  state = after({"b finish", "a step"});
  expect(state, "slot 0, locked by a\n", true);
  state = after({"a finish"});
  expect(state, " by ", false);
}

}  // namespace
}  // namespace vmtrunc::report
