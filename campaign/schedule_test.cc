#include "campaign/schedule.h"

#include <gtest/gtest.h>

#include <map>

namespace vmtrunc::campaign {
namespace {

// Chooses and tells what each slice brings; returns how often each was chosen.
std::map<std::pair<unsigned, unsigned>, int> Play(Schedule& schedule,
                                                  int slices,
                                                  double (*states)(Pair, int)) {
  std::map<std::pair<unsigned, unsigned>, int> chosen;
  for (int i = 0; i < slices; ++i) {
    const Pair pair = schedule.Choose({});
    ++chosen[{pair.kernel, pair.engine}];
    schedule.Note(pair, {.states = static_cast<unsigned>(states(pair, i))}, 30);
  }
  return chosen;
}

TEST(Schedule, TriesEveryPairFirst) {
  Schedule schedule(3, 2);
  const auto chosen = Play(schedule, 6, [](Pair, int) { return 100.0; });
  EXPECT_EQ(chosen.size(), 6U);
}

TEST(Schedule, PrefersPairsWithGain) {
  Schedule schedule(2, 3);
  auto chosen = Play(schedule, 100, [](Pair pair, int) {
    return pair == Pair{1, 2} ? 50.0 : 1.0;
  });
  EXPECT_GT((chosen[{1, 2}]), 60);
  for (const auto& [pair, count] : chosen) EXPECT_GE(count, 3);
}

TEST(Schedule, LeavesPairsWithoutRecentGain) {
  Schedule schedule(2, 1);
  // Kernel 0 has all it has in the first slices; kernel 1 keeps giving.
  auto chosen = Play(schedule, 60, [](Pair pair, int i) {
    return pair.kernel == 0 ? (i < 4 ? 1000.0 : 0.0) : 2.0;
  });
  EXPECT_GT((chosen[{1, 0}]), 30);
}

TEST(Schedule, SharesTimeIfNoPairGains) {
  Schedule schedule(4, 2);
  auto chosen = Play(schedule, 80, [](Pair, int) { return 0.0; });
  for (const auto& [pair, count] : chosen) EXPECT_EQ(count, 10);
}

TEST(Schedule, DoesNotRunAPairTwiceAtOnce) {
  Schedule schedule(1, 2);
  const Pair one = schedule.Choose({});
  const Pair other = schedule.Choose({one});
  EXPECT_FALSE(one == other);
  schedule.Choose({one, other});  // more jobs than pairs: any
}

TEST(Schedule, ContinuesFromGivenTotals) {
  Schedule schedule(2, 1);
  schedule.Note({0, 0}, {.states = 1}, 30);
  schedule.Note({1, 0}, {.states = 90}, 30);
  EXPECT_EQ(schedule.Choose({}).kernel, 1U);
  EXPECT_DOUBLE_EQ(schedule.Rate({1, 0}), 30);
}

}  // namespace
}  // namespace vmtrunc::campaign
