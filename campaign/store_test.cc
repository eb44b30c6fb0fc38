// The directory of a campaign and who else wants it.
#include "campaign/store.h"

#include "base/scratch_test.h"
#include "base/work_directory.h"

namespace vmtrunc::campaign {
namespace {

class StoreTest : public base::Scratch {
 protected:
  // What Open() says when this comes between its look and its lock.
  std::string Meanwhile(const std::function<void()>& other) const {
    Store::on_step_for_test = [&] {
      Store::on_step_for_test = nullptr;
      other();
    };
    return base::ErrorOf([&] { Store::Open(Path("out")); });
  }
};

TEST_F(StoreTest, ASecondCampaignIsRefused) {
  EXPECT_EQ(Meanwhile([&] { Store::Open(Path("out")); }), "");
  std::filesystem::remove_all(Path("out"));
  EXPECT_NE(
      Meanwhile([&] { base::WorkDirectory("--out", Path("out"), "fuzz"); }),
      "");
  EXPECT_EQ(Names("out"), (std::set<std::string>{".vmtrunc", "lock"}));
}

}  // namespace
}  // namespace vmtrunc::campaign
