// Which vmas merge, and into what.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "core/model/machine-inl.h"
#include "core/run/run.h"
#include "core/run/scripts_test.h"

namespace vmtrunc {
namespace {

using Vmas = std::map<int, int>;  // start -> end

Vmas VmasAfter(const Script& script, const Rules& rules) {
  World<LargeCaps> w = MakeWorld<LargeCaps>(script.setup, rules);
  NoProbe<LargeCaps> probe;
  Machine<LargeCaps, NoProbe<LargeCaps>> machine(w, rules, probe);
  for (const Event& event : script.events) machine.Apply(event);
  Vmas vmas;
  for (Slot slot = w.mms[0].mmap; slot != kNone; slot = w.vmas[slot].mm_next)
    vmas[w.vmas[slot].start] = w.vmas[slot].end;
  return vmas;
}

// mprotect and mmap reach all eight cases of vma_merge.
TEST(Merge, EachCaseGivesTheGeometryOfTheKernel) {
  struct Case {
    int number;
    const char* events;
    Vmas vmas;
  };
  const Case kCases[] = {
      {1, "a mmap 10 2 f 0\na mmap 14 2 f 4\na mmap 12 2 f 2\n", {{10, 16}}},
      {2, "a mmap 10 2 f 0\na mmap 12 2 f 2\n", {{10, 14}}},
      {3, "a mmap 12 2 f 2\na mmap 10 2 f 0\n", {{10, 14}}},
      {4,
       "a mmap 10 4 f 0\na mmap 14 2 f 4 r\na mprotect 12 2 r\n",
       {{10, 12}, {12, 16}}},
      {5,
       "a mmap 10 2 f 0 r\na mmap 12 4 f 2\na mprotect 12 2 r\n",
       {{10, 14}, {14, 16}}},
      {6,
       "a mmap 10 6 f 0\na mprotect 12 2 r\na mprotect 12 2 rw\n",
       {{10, 16}}},
      {7,
       "a mmap 10 4 f 0\na mprotect 12 2 r\na mmap 14 2 g 0\n"
       "a mprotect 12 2 rw\n",
       {{10, 14}, {14, 16}}},
      {8,
       "a mmap 10 4 f 0\na mprotect 10 2 r\na mprotect 10 2 rw\n",
       {{10, 14}}},
  };
  for (const Case& it : kCases) {
    const std::string text =
        R"(vmtrunc 1
file f 8
file g 8
task a
)" + std::string(it.events);
    const Script script = Parse(text.c_str());
    const Rules rules = RulesOf("2.6.11");
    EXPECT_TRUE(vmtrunc::Run(script, rules).holds());
    EXPECT_EQ(VmasAfter(script, rules), it.vmas) << "case " << it.number;
  }
}

// Two private mappings with a gap; those that are written to have an anon_vma.
// Seen on Linux 6.1 and 6.12 (ci/live-kernels).
TEST(Merge, WhatIsMappedBetweenTwoAsksThemInTheOrderOfTheKernel) {
  const Vmas lower = {{10, 14}, {14, 16}}, upper = {{10, 12}, {12, 16}},
             both = {{10, 16}};
  const struct {
    const char* writes;
    Vmas on_6_1, on_6_12;
  } kCases[] = {
      {"a write 10\na write 14\n", upper, lower},
      {"a write 14\n", upper, both},
      {"a write 10\n", both, both},
      {"", both, both},
  };
  for (const auto& it : kCases) {
    const Script script = Parse(std::string(R"(vmtrunc 1
file f 8
task a
a mmap 10 2 f 0 private
a mmap 14 2 f 4 private
)") + it.writes + "a mmap 12 2 f 2 private\n");
    EXPECT_EQ(VmasAfter(script, RulesOf("6.1")), it.on_6_1) << it.writes;
    for (const char* kernel : {"5.4", "6.12", "6.18", "6.1-mmap-asks-next"})
      EXPECT_EQ(VmasAfter(script, RulesOf(kernel)), it.on_6_12)
          << kernel << " " << it.writes;
  }
}

}  // namespace
}  // namespace vmtrunc
