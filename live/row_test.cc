#include "live/row.h"

#include <gtest/gtest.h>

namespace vmtrunc::live {
namespace {

TEST(Row, IsTheNewestThatIsNotNewerThanTheRelease) {
  const struct {
    const char* release;
    const char* kernel;
  } kCases[] = {
      {"2.6.8", "2.6.9-mm"},
      {"2.6.11.12", "2.6.11"},
      {"2.6.39", "2.6.38"},
      {"3.0.101", "3.0"},
      {"3.19.0-25-generic", "3.8"},
      {"4.9.0", "4.9"},
      {"5.15.0-91-generic", "5.4"},
      {"6.1.0-47-cloud-amd64", "6.1"},
      {"6.6.30", "6.1"},
      {"6.12.43+deb12-cloud-amd64", "6.12"},
      {"6.17.0", "6.12"},
      {"6.18.44-fc-v782", "6.18"},
      {"7.0.3", "7.0"},
      {"", "2.6.9-mm"},
  };
  for (const auto& [release, kernel] : kCases) {
    EXPECT_EQ(RowOf(release).kernel, kernel) << release;
    EXPECT_FALSE(RowOf(release).is_newer) << release;
  }
  for (const char* release : {"7.1.0-rc1", "8.0", "99999999999.1"}) {
    EXPECT_TRUE(RowOf(release).is_newer || RowOf(release).kernel == "2.6.9-mm")
        << release;
  }
  EXPECT_EQ(RowOf("7.1.0-rc1").kernel, "7.0");
  EXPECT_TRUE(RowOf("7.1.0-rc1").is_newer);
}

}  // namespace
}  // namespace vmtrunc::live
