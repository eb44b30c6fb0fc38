// Which structs mmap takes from the slab, and when it gives them back.
#include <gtest/gtest.h>

#include <string>

#include "core/model/machine-inl.h"
#include "core/run/run.h"
#include "core/run/scripts_test.h"

namespace vmtrunc {
namespace {

World<LargeCaps> WorldAfter(const std::string& text, const Rules& rules) {
  const Script script = Parse(text.c_str());
  EXPECT_TRUE(vmtrunc::Run(script, rules).holds());
  World<LargeCaps> w = MakeWorld<LargeCaps>(script.setup, rules);
  NoProbe<LargeCaps> probe;
  Machine<LargeCaps, NoProbe<LargeCaps>> machine(w, rules, probe);
  for (const Event& event : script.events) machine.Apply(event);
  return w;
}

// How many structs have been allocated.
unsigned Births(const World<LargeCaps>& w) {
  unsigned births = 0;
  for (const Vma& vma : w.vmas) births += vma.birth;
  return births;
}

constexpr char kMerges[] = R"(vmtrunc 1
file f 4
task a
a mmap 1 1 f 0
a mmap 2 1 f 1
)";

TEST(Mmap, AllocatesAStructBeforeItMergesUpTo2_6_28) {
  for (const char* kernel : {"2.6.9-mm", "2.6.10", "2.6.11", "2.6.23"})
    EXPECT_EQ(Births(WorldAfter(kMerges, RulesOf(kernel))), 2U) << kernel;
  for (const char* kernel : {"2.6.38", "3.0", "5.4", "6.1", "6.12", "7.0"})
    EXPECT_EQ(Births(WorldAfter(kMerges, RulesOf(kernel))), 1U) << kernel;
}

// Where the slab is empty, the range still joins a neighbour, from 2.6.29 on.
TEST(Mmap, MergesWithoutMemory) {
  std::string text = R"(vmtrunc 1
file f 64
task a
)";
  for (int i = 0; i < LargeCaps::kVmas; ++i)
    text += "a mmap " + std::to_string(2 * i + 1) + " 1 f 0\n";
  const std::string merges = text + "a mmap 2 1 f 1\n";
  const auto end = [&](const char* kernel) {
    const World<LargeCaps> w = WorldAfter(merges, RulesOf(kernel));
    return w.vmas[w.mms[0].mmap].end;
  };
  EXPECT_EQ(end("2.6.23"), 2);
  EXPECT_EQ(end("2.6.38"), 3);
}

// The slot of the vma at address 1 after a mmap over a mapping.
Slot SlotAfter(const std::string& more, const Rules& rules) {
  const World<LargeCaps> w = WorldAfter(R"(vmtrunc 1
file f 8
task a
a mmap 1 2 f 0
a read 1
)" + more,
                                        rules);
  EXPECT_EQ(w.free_count + 1U, unsigned{LargeCaps::kVmas});
  return w.mms[0].mmap;
}

// Freed last, used first: by the same mmap up to 6.11.
TEST(Mmap, FreesWhatItHasUnmappedLastFrom6_12On) {
  const std::string over = "a mmap 1 2 f 4\n";
  const Slot old = SlotAfter("", RulesOf("6.18"));
  EXPECT_NE(SlotAfter(over, RulesOf("6.18")), old);
  EXPECT_EQ(SlotAfter(over, RulesOf("6.18-mmap-frees-last")), old);
  EXPECT_EQ(SlotAfter(over, RulesOf("6.1")), old);
  // The next one gets it.
  EXPECT_EQ(SlotAfter(over + "a mmap 1 2 f 2\n", RulesOf("6.18")), old);
}

// Where the range joins a neighbour, the structs go after that has grown.
TEST(Mmap, FreesWhatItHasUnmappedAfterAMerge) {
  const std::string merges = "a mmap 3 1 f 5\na mmap 1 2 f 3\n";
  for (const char* kernel : {"6.1", "6.12", "6.18", "7.0"})
    SlotAfter(merges, RulesOf(kernel));
}

}  // namespace
}  // namespace vmtrunc
