#include "live/held.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "core/model/machine-inl.h"

namespace vmtrunc::live {
namespace {

// Whether somebody else's reference explains that the events end with these
// pages mapped from address 16 on, a bit each.
bool Explains(const char* events, uint64_t mapped) {
  const auto script = ParseText(absl::StrCat(R"(vmtrunc 1
file f 8 shmem order 0..2
task a
a order f 0
a mmap 16 8 f 0 populate
)",
                                             events, "\n"));
  EXPECT_TRUE(script.ok()) << script.status();
  const Rules rules = ParseKernelSpec("6.18")->rules();
  const Sequence sequence = MakeSequence(*script, rules);
  EXPECT_EQ(sequence.refused, "") << events;
  return ElseHeld(*script, sequence, sequence.turns.back(), rules,
                  [mapped](const World<LargeCaps>& held) {
                    uint64_t bits = 0;
                    for (unsigned i = 0; i < 8; ++i)
                      if (held.mms[0].ptes[16 + i].present()) bits |= 1U << i;
                    return bits == mapped;
                  });
}

TEST(ElseHeldTest, ExplainsAFolioThatWasNotSplit) {
  EXPECT_TRUE(Explains("a truncate f 6", 0x3f));
  EXPECT_TRUE(Explains("a punch f 1 1", 0xfd));
  EXPECT_TRUE(Explains("a punch f 2 4", 0xc3));  // both ends
  EXPECT_TRUE(Explains("a punch f 2 4", 0x03));  // the low one alone
  EXPECT_TRUE(Explains("a punch f 2 4", 0xc0));  // the high one
  // The folio was not mapped then: it shows later.
  EXPECT_TRUE(
      Explains("a munmap 16 8\na truncate f 6\na mmap 16 8 f 0\n"
               "a read 16",
               0xff));
}

TEST(ElseHeldTest, ExplainsNothingElse) {
  EXPECT_FALSE(Explains("a truncate f 6", 0x0f));  // it was split
  EXPECT_FALSE(Explains("a truncate f 6", 0x7f));
  EXPECT_FALSE(Explains("a truncate f 6", 0x37));
  EXPECT_FALSE(Explains("a truncate f 4", 0xff));  // there is nothing to split
  EXPECT_FALSE(Explains("a pin f 1", 0xff));
  EXPECT_FALSE(Explains("a munmap 16 2", 0xfc));
}

}  // namespace
}  // namespace vmtrunc::live
