#include "base/name_part.h"

#include <gtest/gtest.h>

namespace vmtrunc::base {
namespace {

TEST(NamePartTest, KeepsWhatIsShort) {
  EXPECT_EQ(NamePart("2.6.11-leap"), "2.6.11-leap");
  EXPECT_EQ(NamePart(std::string(110, 'x')), std::string(110, 'x'));
}

TEST(NamePartTest, KeepsLongWordsApart) {
  const std::string word(2000, 'x');
  EXPECT_EQ(NamePart(word).size(), 110U);
  EXPECT_NE(NamePart(word), NamePart(word + "x"));
  EXPECT_NE(NamePart(word), NamePart(word + "y"));
}

TEST(NumberedNameTest, BeginsWithTheNameItself) {
  EXPECT_EQ(NumberedName("d/x", 1, ".vmt"), "d/x.vmt");
  EXPECT_EQ(NumberedName("d/x", 2, ".vmt"), "d/x-2.vmt");
  EXPECT_EQ(NumberedName("x-2", 10, ""), "x-2-10");
}

}  // namespace
}  // namespace vmtrunc::base
