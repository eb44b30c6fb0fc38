// What is checked of texts holds of those that we have, and is seen to fire.
#include "fuzz/check_text.h"

#include <gtest/gtest.h>

#include "core/run/scripts_test.h"

namespace vmtrunc::fuzz {
namespace {

constexpr std::string_view kText =
    R"(vmtrunc 1
file f 8
task a
a mmap 10 8 f 0
a read 10
a exit
)";

TEST(CheckText, HoldsOfTheCorpus) {
  for (const Script& script : CorpusScripts())
    EXPECT_EQ(WrongWithText(ToText(script)), "");
  EXPECT_EQ(WrongWithText(""), "");
  EXPECT_EQ(WrongWithText("vmtrunc 1\na mmap\n"), "");
}

TEST(CheckText, EachCheckFires) {
  const auto loses_an_event = [](std::string_view text) {
    auto script = ParseText(text);
    if (script.ok() && script->events.size() > 1) script->events.pop_back();
    return script;
  };
  EXPECT_EQ(WrongWithText(kText), "");
  EXPECT_EQ(WrongWithText(kText, loses_an_event),
            "its canonical text has another canonical text");
  const auto says = [](const char* message) {
    return [message](std::string_view) {
      return absl::StatusOr<Script>(absl::InvalidArgumentError(message));
    };
  };
  EXPECT_EQ(WrongWithText(kText, says("3: expected a task")), "");
  for (const char* const bad :
       {"expected a task", "x: expected a task", "3: it is wrong",
        "3: expected a task\n4: and more", "0: expected a task",
        "7: expected a task"})
    EXPECT_NE(WrongWithText(kText, says(bad)), "") << bad;
  const auto reads_once = [first = true](std::string_view text) mutable {
    auto script = first ? ParseText(text)
                        : absl::StatusOr<Script>(
                              absl::InvalidArgumentError("1: expected more"));
    first = false;
    return script;
  };
  EXPECT_EQ(WrongWithText(kText, reads_once),
            "its canonical text is none: 1: expected more");
}

}  // namespace
}  // namespace vmtrunc::fuzz
