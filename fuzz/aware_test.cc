// The mutator that knows the state: what it makes has an effect, can be
// written and read, and is the same for the same seed.
#include "fuzz/aware.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/run/run.h"
#include "search/translations.h"

namespace vmtrunc::fuzz {
namespace {

Rules Seed() { return ParseKernelSpec("2.6.11")->rules(); }

Rules Flushing() { return ParseKernelSpec("5.4")->rules(); }

// On kernels that flush late, of translations too.
Script Grown(base::Random& random, const Rules& rules) {
  Script script = search::RandomSetup(random);
  if (search::HasTranslations(rules))
    search::DeclareTranslations(script, random);
  for (int i = 0; i < 6; ++i) MutateAware(script, 32, rules, random);
  return script;
}

class AwareOn : public testing::TestWithParam<Rules (*)()> {};
INSTANTIATE_TEST_SUITE_P(Kernels, AwareOn, testing::Values(Seed, Flushing));

// A change that is made can be written and read again.
TEST_P(AwareOn, EveryMutationMakesScripts) {
  const Rules rules = GetParam()();
  base::Random random(1);
  int made[kMutations] = {};
  for (int i = 0; i < 4000; ++i) {
    Script script = Grown(random, rules);
    for (unsigned kind = 0; kind < kMutations; ++kind) {
      Script changed = script;
      if (!MutateOnce(changed, static_cast<Mutation>(kind), 32, rules, random))
        continue;
      ++made[kind];
      ASSERT_LE(changed.events.size(), 32U);
      const Script again = DecodeBytes(EncodeBytes(changed));
      ASSERT_EQ(again.setup, changed.setup);
      ASSERT_EQ(again.events, changed.events) << kind << ToText(changed);
      ASSERT_TRUE(ParseText(ToText(changed)).ok()) << ToText(changed);
    }
  }
  for (unsigned kind = 0; kind < kMutations; ++kind)
    EXPECT_GT(made[kind], 500) << kind;
}

TEST_P(AwareOn, TheSeedDecides) {
  const Rules rules = GetParam()();
  for (uint64_t seed = 0; seed < 200; ++seed) {
    base::Random one(seed), two(seed);
    EXPECT_EQ(ToText(Grown(one, rules)), ToText(Grown(two, rules)));
  }
}

// What stops the model is on disk: each event is reported before it runs, and
// the mutation is the same.
TEST_P(AwareOn, TellsEachEventBeforeItRuns) {
  const Rules rules = GetParam()();
  base::Random random(3);
  bool tells[kMutations] = {};
  for (int i = 0; i < 400; ++i) {
    const Script script = Grown(random, rules);
    for (unsigned kind = 0; kind < kMutations; ++kind) {
      const auto mutation = static_cast<Mutation>(kind);
      const uint64_t seed = random.Next();
      std::vector<Event> told;
      const Before before = [&](const Script& ran) {
        ASSERT_EQ(ran.setup, script.setup);
        ASSERT_LE(ran.events.size(), told.size() + 1);
        told = ran.events;
        tells[kind] = true;
      };
      Script changed = script, same = script;
      base::Random one(seed), other(seed);
      MutateOnce(changed, mutation, 32, rules, one, search::kAllVerbs, &before);
      MutateOnce(same, mutation, 32, rules, other);
      ASSERT_EQ(changed.events, same.events);
      // All that is generated has run, but perhaps the last event.
      if (mutation != Mutation::kGoOn || told.empty()) continue;
      ASSERT_GE(told.size() + 1, changed.events.size());
      ASSERT_TRUE(std::equal(changed.events.begin(), changed.events.end() - 1,
                             told.begin()));
    }
  }
  // These do not run the model.
  for (const Mutation mutation :
       {Mutation::kMoveDrop, Mutation::kOtherMm, Mutation::kAnotherPass,
        Mutation::kDelete, Mutation::kSwap, Mutation::kBlind})
    EXPECT_FALSE(std::exchange(tells[static_cast<unsigned>(mutation)], true));
  for (unsigned kind = 0; kind < kMutations; ++kind)
    EXPECT_TRUE(tells[kind]) << kind;
}

// Of the operations that it inserts, most have an effect where they stand. Of
// those drawn without looking, half as many.
TEST_P(AwareOn, WhatItInsertsHasAnEffect) {
  const Rules rules = GetParam()();
  base::Random random(2);
  unsigned aware = 0, blind = 0, all = 0;
  for (int i = 0; i < 4000; ++i) {
    const Script script = Grown(random, rules);
    Reached reached(script.setup, rules);
    reached.Apply(script, 0, script.events.size());
    const Event event =
        EffectiveEvent(reached.world(), random, search::kAllVerbs);
    if (event.kind == EventKind::kNone) continue;
    Event drawn;
    while (drawn.kind != EventKind::kStart)
      drawn = search::RandomEvent(script, random);
    ++all;
    const auto has_effect = [&](const Event& it) {
      World<LargeCaps> world = reached.world();
      NoProbe<LargeCaps> probe;
      return Machine<LargeCaps, NoProbe<LargeCaps>>(world, rules, probe)
          .Apply(it);
    };
    aware += has_effect(event) ? 1 : 0;
    blind += has_effect(drawn) ? 1 : 0;
  }
  EXPECT_GT(all, 2000U);
  EXPECT_GT(aware * 10, all * 8) << aware << " of " << all;
  EXPECT_LT(blind * 10, all * 6) << blind << " of " << all;
}

// A pass over a device's memory is a revoke, and nothing else is; where it may
// not be one, there is none.
TEST(Aware, APassFitsItsFile) {
  const Rules rules = Flushing();
  base::Random random(4);
  unsigned revokes = 0, others = 0;
  for (int i = 0; i < 3000; ++i) {
    const Script script = Grown(random, rules);
    Reached reached(script.setup, rules);
    reached.Apply(script, 0, script.events.size());
    const auto is_device = [&](const Event& event) {
      return script.setup.folios[event.file].pfn;
    };
    const Event pass =
        EffectiveEvent(reached.world(), random, search::kPassVerbs);
    if (pass.kind == EventKind::kNone) continue;
    ASSERT_EQ(is_device(pass), pass.verb == Verb::kRevoke) << ToText(script);
    (is_device(pass) ? revokes : others) += 1;
    const Event other =
        EffectiveEvent(reached.world(), random, search::Bit(Verb::kTruncate));
    ASSERT_TRUE(other.kind == EventKind::kNone || !is_device(other));
  }
  EXPECT_GT(revokes, 300U);
  EXPECT_GT(others, 1000U);
}

// What may be reached though its pte has gone is touched, also where no vma is
// left.
TEST(Aware, TouchesWhatOutlivesItsPte) {
  const Rules rules = Flushing();
  const Script script = *ParseText(R"(vmtrunc 1
tlb
file f 2 pfn
task a
task b mm a
a mmap 10 2 f 0
a read 10
a munmap 10 2 &
a step
a step
a step
)");
  Reached reached(script.setup, rules);
  reached.Apply(script, 0, script.events.size());
  ASSERT_NE(reached.world().mms[0].tlb[10], 0);
  base::Random random(5);
  int touches = 0;
  for (int i = 0; i < 100; ++i)
    touches += EffectiveEvent(reached.world(), random, search::Bit(Verb::kRead))
                           .addr == 10
                   ? 1
                   : 0;
  EXPECT_GT(touches, 50);
}

// What is spliced continues with the same operations in flight.
TEST(Aware, SplicesWhereTheSameIsInFlight) {
  const Rules rules = Seed();
  base::Random random(3);
  unsigned mixed = 0;
  for (int i = 0; i < 2000; ++i) {
    const Script head = Grown(random, rules);
    const Script tail = Grown(random, rules);
    const Script spliced = Splice(head, tail, 64, rules, random);
    EXPECT_EQ(spliced.setup, head.setup);
    EXPECT_LE(spliced.events.size(), 64U);
    mixed += spliced.events != head.events && spliced.events != tail.events;
  }
  EXPECT_GT(mixed, 500U);
}

}  // namespace
}  // namespace vmtrunc::fuzz
