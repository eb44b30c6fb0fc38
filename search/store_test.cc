// The set of fingerprints.
#include "search/store.h"

#include <gtest/gtest.h>

#include "absl/container/flat_hash_set.h"
#include "base/random.h"
#include "search/found.h"

namespace vmtrunc::search {
namespace {

// Of keys that come twice, from few to many.
TEST(Fingerprints, AreASet) {
  for (const unsigned range : {1U, 50U, 5'000U, 500'000U, 50'000'000U}) {
    base::Random random(range);
    Fingerprints set;
    absl::flat_hash_set<uint64_t> model;
    for (int i = 0; i < 300'000; ++i) {
      const uint64_t key = uint64_t{random.Below(range)} * 0x100000001 + 1;
      EXPECT_EQ(set.Has(key), model.contains(key));
      ASSERT_EQ(set.Add(key), model.insert(key).second);
      EXPECT_TRUE(set.Has(key));
    }
    for (const uint64_t key : model) ASSERT_TRUE(set.Has(key));
  }
}

// Where all come to lie beside one another: the hash is the product with this
// number's inverse.
TEST(Fingerprints, StayASetWhereTheirHashesAreClose) {
  constexpr uint64_t kInverse = 0xf1de83e19937733dU;
  static_assert(kInverse * 0x9e3779b97f4a7c15U == 1);
  for (const uint64_t gap : {uint64_t{1} << 40, uint64_t{1} << 46}) {
    for (const uint64_t from : {uint64_t{1}, ~uint64_t{0} - 3'000 * gap}) {
      Fingerprints set;
      for (uint64_t i = 0; i < 3'000; ++i)
        ASSERT_TRUE(set.Add((from + i * gap) * kInverse));
      for (uint64_t i = 0; i < 3'000; ++i) {
        ASSERT_TRUE(set.Has((from + i * gap) * kInverse));
        ASSERT_FALSE(set.Has((from + i * gap + 1) * kInverse));
      }
    }
  }
}

TEST(Fingerprints, TakeElevenBytesEach) {
  base::Random random(1);
  Fingerprints set;
  for (uint64_t size = 1; size < 4'000'000; ++size) {
    const uint64_t most = set.BytesFor(1);
    set.Add(random.Next() | 1);
    ASSERT_LE(set.bytes(), most);
    if (size > 1'000'000) {
      ASSERT_LT(set.bytes(), size * 11);
    }
  }
}

// Whatever the number of jobs: the first of those that are one state.
TEST(MarkNew, MarksTheFirst) {
  for (const unsigned jobs : {1U, 2U, 5U}) {
    base::Random random(1);
    Fingerprints seen;
    absl::flat_hash_set<uint64_t> model;
    for (int round = 0; round < 3; ++round) {
      std::vector<Found> all(70);
      for (Found& found : all)
        for (int i = 0; i < 1'000; ++i)
          found.candidates.push_back(
              {uint64_t{random.Below(100'000)} << 33 | 1, {}});
      unsigned threads = jobs;
      MarkNew(all, seen, threads);
      EXPECT_EQ(threads, jobs);
      for (const Found& found : all)
        for (size_t i = 0; i < found.candidates.size(); ++i)
          ASSERT_EQ(found.is_new[i] != 0,
                    model.insert(found.candidates[i].key).second);
    }
  }
}

}  // namespace
}  // namespace vmtrunc::search
