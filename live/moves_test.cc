// What the check of moved mappings says of each value.
#include "live/moves.h"

#include <gtest/gtest.h>

namespace vmtrunc::live {
namespace {

constexpr unsigned kSome = 3;

// A read in epochs 5..6, after a write that ended in epoch `epoch`.
bool Allows(uint64_t value, uint64_t epoch = 5) {
  const LastWrite write{.value = OwnerStamp(Owner::kToucher, kSome, 70),
                        .epoch = epoch};
  return JudgeMoved(value, kSome, 5, 6, write) == nullptr;
}

TEST(MovesTest, AllowsWhatTheFileHas) {
  EXPECT_TRUE(Allows(0));
  EXPECT_TRUE(Allows(OwnerStamp(Owner::kMapped, kSome, 5)));
  EXPECT_TRUE(Allows(OwnerStamp(Owner::kMapped, kSome, 6)));
  EXPECT_TRUE(Allows(OwnerStamp(Owner::kToucher, kSome, 70)));
}

TEST(MovesTest, RefusesWhatOthersHave) {
  for (const Owner owner : {Owner::kFile0, Owner::kFile1, Owner::kAnon})
    EXPECT_FALSE(Allows(OwnerStamp(owner, kSome, 5)));
  EXPECT_FALSE(Allows(1));  // nobody's
  EXPECT_FALSE(Allows(OwnerStamp(Owner::kMapped, kSome + 1, 5)));
  EXPECT_FALSE(Allows(OwnerStamp(Owner::kToucher, kSome + 1, 70)));
}

TEST(MovesTest, RefusesWhatWasRemoved) {
  EXPECT_FALSE(Allows(OwnerStamp(Owner::kMapped, kSome, 4)));
  EXPECT_FALSE(Allows(OwnerStamp(Owner::kMapped, kSome, 7)));  // not yet
  EXPECT_FALSE(Allows(OwnerStamp(Owner::kToucher, kSome, 70), 4));
  EXPECT_FALSE(Allows(OwnerStamp(Owner::kToucher, kSome, 69)));
}

}  // namespace
}  // namespace vmtrunc::live
