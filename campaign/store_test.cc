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

TEST_F(StoreTest, ACampaignThatCannotBeReadIsNotCalledForeign) {
  {
    const Store store = Store::Open(Path("out"));
  }
  EXPECT_TRUE(base::WithoutDescriptors([&] {
                return base::ErrorOf([&] { Store::Look(Path("out")); });
              }).ends_with("out/format: Too many open files"));
}

// A number that no other can follow is nobody's slice.
TEST_F(StoreTest, PassesByNumbersThatNoSliceHas) {
  const Store store = Store::Open(Path("out"));
  for (const char* name :
       {"3", "007", "x", "9007199254740992", "9007199254740993",
        "18446744073709551615", "18446744073709551616"})
    std::filesystem::create_directory(Path("out") + "/jobs/" + name);
  EXPECT_EQ(store.Jobs(), (std::vector<uint64_t>{3, 9007199254740992}));
}

// What begins as a name of the slice's is a note of who looked at it.
TEST_F(StoreTest, RemovesOfASliceOnlyNamesThatItWrites) {
  const Store store = Store::Open(Path("out"));
  const std::string hash(40, 'a');
  const auto slice = [&](const std::set<std::string>& more) {
    std::filesystem::create_directories(Path("out/jobs/1/corpus"));
    for (const std::string& name :
         {std::string("what"), std::string("log"), std::string("status"),
          std::string("current"), std::string("cause-0.bytes"),
          std::string("cause-0-2.bytes"),
          std::string("broken-no-page-past-size.bytes"), TryFile(0),
          TryFile(kMostTries - 1), "crash-" + hash,
          std::string(".vmtrunc-0123456789abcdef.tmp"), "corpus/" + hash})
      Put("out/jobs/1/" + name, "");
    for (const std::string& name : more) Put("out/jobs/1/" + name, "mine");
    return store.RemoveJob(1);
  };
  EXPECT_TRUE(slice({}));
  EXPECT_EQ(Names("out/jobs"), std::set<std::string>{});
  for (const std::string name :
       {"cause-0.vmt", "cause-notes.txt", "cause-mine.bytes",
        "cause-0-mine.bytes", "broken-it.txt", "try-again", "try-3", "try-00",
        "crash-notes", ".vmtrunc", ".vmtrunc-notes",
        ".vmtrunc-0123456789abcde.tmp", ".vmtrunc-0123456789abcdeg.tmp"}) {
    EXPECT_FALSE(slice({name})) << name;
    EXPECT_EQ(Names("out/jobs/1"), std::set<std::string>{name});
    EXPECT_EQ(Get("out/jobs/1/" + name), "mine");
    std::filesystem::remove_all(Path("out/jobs/1"));
  }
  EXPECT_FALSE(slice({"corpus/.vmtrunc-notes"}));
  EXPECT_EQ(Names("out/jobs/1/corpus"),
            std::set<std::string>{".vmtrunc-notes"});
}

// Moved, it may have a link in its old place; another directory may not.
TEST_F(StoreTest, AnExchangedDirectoryIsRefused) {
  const Store store = Store::Open(Path("out"));
  const auto error = [&] {
    return base::ErrorOf([&] { store.ExpectThere(); });
  };
  EXPECT_EQ(error(), "");
  std::filesystem::rename(Path("out"), Path("moved"));
  EXPECT_NE(error(), "");
  std::filesystem::create_directory_symlink(Path("moved"), Path("out"));
  EXPECT_EQ(error(), "");
  std::filesystem::remove(Path("out"));
  std::filesystem::create_directory(Path("theirs"));
  std::filesystem::create_directory_symlink(Path("theirs"), Path("out"));
  EXPECT_NE(error(), "");
}

}  // namespace
}  // namespace vmtrunc::campaign
