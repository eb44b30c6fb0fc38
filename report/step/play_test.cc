#include "report/step/play.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/random.h"
#include "core/run/scripts_test.h"

namespace vmtrunc::report {
namespace {

constexpr const char* kText = R"(vmtrunc 1
kernel 2.6.9-mm
block 2
file f 8
task a
task b
task t
a mmap 100 8 f 0 populate
b mmap 100 8 f 0 populate
t truncate f 2 &
t drop 2
a munmap 100 8
b mprotect 100 3 r
t finish
)";

Play PlayOf(const std::string& text = kText) {
  const Script script = Parse(text);
  return Play(script, *script.kernel);
}

std::string EventsOf(const Play& play) {
  std::vector<std::string> moves;
  for (const Move& move : play.Moves())
    moves.push_back((move.blocked ? "blocked " : "") + move.event);
  return absl::StrJoin(moves, "; ");
}

std::string SaidTo(Play& play, std::string_view event) {
  return std::string(play.Apply(event).message());
}

TEST(Play, TasksStartTheOperationsOfTheScript) {
  EXPECT_EQ(EventsOf(PlayOf()),
            "a mmap 100 8 f 0 populate; a mmap 100 8 f 0 populate &; "
            "b mmap 100 8 f 0 populate; b mmap 100 8 f 0 populate &; "
            "t truncate f 2 &; t truncate f 2");
}

// An operation that the script does not have changes nothing in that; the next
// of the script comes when this one has been begun, in either way.
TEST(Play, OtherOperationsDoNotAdvanceTheScript) {
  Play play = PlayOf();
  EXPECT_EQ(SaidTo(play, "a read 5"), "");
  EXPECT_TRUE(EventsOf(play).starts_with("a mmap 100 8 f 0 populate;"));
  EXPECT_EQ(SaidTo(play, "a mmap 100 8 f 0 populate &"), "");
  EXPECT_EQ(SaidTo(play, "a finish"), "");
  EXPECT_TRUE(EventsOf(play).starts_with("a munmap 100 8; "));
  EXPECT_EQ(SaidTo(play, "t truncate f 2"), "");
  EXPECT_EQ(EventsOf(play).find("truncate"), std::string::npos);
}

TEST(Play, DropIsAMoveWhereABreakTestFollows) {
  Play play = PlayOf();
  play.ApplyFirst(3);
  EXPECT_TRUE(EventsOf(play).ends_with("t step; t drop; t finish"));
  Play holds_lock(Parse(kText), *ParseKernelSpec("3.0"));
  holds_lock.ApplyFirst(3);
  EXPECT_TRUE(EventsOf(holds_lock).ends_with("t step; t finish"));
}

TEST(Play, AMoveThatWaitsIsBlocked) {
  Play play = PlayOf(
      R"(vmtrunc 1
kernel 3.0
file f 4
task a
task b mm a
a munmap 100 4
b munmap 100 4
)");
  EXPECT_EQ(SaidTo(play, "a mmap 100 4 f 0 populate"), "");
  EXPECT_EQ(SaidTo(play, "a munmap 100 4 &"), "");
  EXPECT_EQ(SaidTo(play, "b munmap 100 4 &"), "");
  EXPECT_EQ(SaidTo(play, "a step"), "");
  EXPECT_EQ(EventsOf(play), "a step; a finish; blocked b step");
}

TEST(Play, ReportsWhatWasExpected) {
  Play play = PlayOf();
  for (const char* nonsense :
       {"", "# nothing", "task z", "file g 3", "kernel 3.0", "expect 3.0 holds",
        "vmtrunc 1", "a", "a mmap", "a fly 3", "a step now", "z step",
        "a munmap 100 300", "a step\nb step", "\xff\xfe", "a mmap 1 1 g 0",
        "block 3", "task z\na step", "a step\nexpect 3.0 holds"}) {
    EXPECT_TRUE(SaidTo(play, nonsense).starts_with("expected ")) << nonsense;
    EXPECT_EQ(play.played().events.size(), 0u) << nonsense;
  }
  EXPECT_EQ(SaidTo(play, "z step"), "expected a task that runs: a, b, t");
}

TEST(Play, EndsAtTheMostEventsOfAScript) {
  Play play = PlayOf();
  for (size_t i = 0; i < kMaxEvents; ++i) EXPECT_EQ(SaidTo(play, "a step"), "");
  EXPECT_EQ(SaidTo(play, "a step"), "expected at most 256 events");
}

TEST(Play, UndoLeadsToTheSameState) {
  Play play = PlayOf();
  EXPECT_FALSE(play.Undo());
  std::vector<uint64_t> hashes;
  const Script script = Parse(kText);
  for (const Event& event : script.events) {
    hashes.push_back(HashOf(play.world()));
    EXPECT_EQ(SaidTo(play, ToText(event, script)), "");
  }
  EXPECT_NE(play.newly_broken() & Bit(Property::kNoPagePastSize), 0u);
  const uint64_t last = HashOf(play.world());
  for (size_t i = hashes.size(); i-- > 0;) {
    EXPECT_TRUE(play.Undo());
    EXPECT_EQ(HashOf(play.world()), hashes[i]);
    EXPECT_EQ(play.played().events.size(), i);
    EXPECT_EQ(play.broken(), 0u);
  }
  while (play.Redo()) {
  }
  EXPECT_EQ(HashOf(play.world()), last);
}

// Some properties are looked at where an event ends, not where a step does.
TEST(Play, EachEventIsCheckedWhenItEnds) {
  Play play = PlayOf(
      R"(vmtrunc 1
kernel 2.6.11-merge-moves-pgoff
file f 8
task a
a mmap 104 4 f 4
a mmap 100 4 f 0
)");
  play.ApplyFirst(1);
  EXPECT_EQ(play.newly_broken(), 0u);
  EXPECT_EQ(SaidTo(play, "a mmap 100 4 f 0"), "");
  EXPECT_EQ(play.newly_broken(), Bit(Property::kVmasWellFormed));
  EXPECT_EQ(SaidTo(play, "a read 105"), "");
  EXPECT_EQ(play.newly_broken(), 0u);
}

TEST(Play, ANewMoveDiscardsUndoneMoves) {
  Play play = PlayOf();
  play.ApplyFirst(3);
  EXPECT_TRUE(play.Undo());
  EXPECT_EQ(SaidTo(play, "a read 101"), "");
  EXPECT_FALSE(play.Redo());
}

// Names get their numbers where the text has them first, so other names than in
// the script do not make another run of what is written.
TEST(Play, ForkedNamesAreNumberedAsInTheListing) {
  Play play = PlayOf(
      R"(vmtrunc 1
kernel 3.0
file f 4
task a
task b
a fork x
b fork y
)");
  EXPECT_EQ(SaidTo(play, "b fork y"), "");
  EXPECT_EQ(SaidTo(play, "y mmap 100 2 f 0"), "");
  EXPECT_EQ(SaidTo(play, "a fork x"), "");
  const Script listed = Parse(ToText(play.played()));
  EXPECT_EQ(listed.events, play.played().events);
}

// A person who chooses at random: mostly moves of the list, sometimes an event
// of their own, undo or redo.
class Walker {
 public:
  Walker(Play& play, uint64_t seed) : play_(play), random_(seed) {}

  void Choose() {
    constexpr const char* kOwn[] = {"a read 103",
                                    "b write 101",
                                    "a munmap 101 2",
                                    "b mprotect 100 3 r",
                                    "t truncate f 4",
                                    "t punch f 2 3 &",
                                    "t invalidate f 1 3 &",
                                    "a fork kid &",
                                    "kid munmap 100 4 &",
                                    "kid exit",
                                    "b mremap 100 4 120 4 &",
                                    "t drop 3",
                                    "a mmap 100 8 f 0 populate",
                                    "b mmap 104 4 f 4 private"};
    const unsigned dice = random_.Below(10);
    if (dice == 0) return void(play_.Redo());
    if (dice <= 2 || play_.played().events.size() == kMaxEvents)
      return void(play_.Undo());
    const std::vector<Move> moves = play_.Moves();
    if (dice == 3 || moves.empty())
      return play_.Apply(kOwn[random_.Below(std::size(kOwn))]).IgnoreError();
    const auto count = static_cast<unsigned>(moves.size());
    EXPECT_EQ(play_.Apply(moves[random_.Below(count)].event), absl::OkStatus());
  }

 private:
  Play& play_;
  base::Random random_;
};

void ExpectAsRun(const Play& play, const std::string& what) {
  const Script listed = Parse(ToText(play.played()));
  const RunResult run = Run(listed, play.rules());
  const RunResult ended = play.Ended();
  EXPECT_EQ(ended.state_hash, run.state_hash) << what;
  EXPECT_EQ(ended.broken, run.broken) << what;
  EXPECT_EQ(ended.events, run.events) << what;
  EXPECT_EQ(ended.effects, run.effects) << what;
  EXPECT_EQ(ended.drops, run.drops) << what;
  if (run.holds()) return;
  EXPECT_EQ(ended.first.ToString(), run.first.ToString()) << what;
  EXPECT_EQ(ended.first.event, run.first.event) << what;
}

// 1,000 choices on each kernel come to what Run() comes to for the events that
// are listed, looked at after every hundred.
TEST(Play, AnyWalkIsTheRunOfItsListing) {
  unsigned violated = 0;
  for (const KernelInfo& info : AllKernels()) {
    const KernelSpec kernel = *ParseKernelSpec(info.name);
    Play play(Parse(kText), kernel);
    Walker walker(play, 1 + violated);
    for (int choice = 1; choice <= 1000; ++choice) {
      walker.Choose();
      if (choice % 100 == 0)
        ExpectAsRun(play, absl::StrCat(info.name, " after ", choice));
    }
    violated += play.broken() != 0 ? 1U : 0U;
    EXPECT_GT(play.played().events.size(), 20u) << info.name;
  }
  EXPECT_GT(violated, 0u);
}

}  // namespace
}  // namespace vmtrunc::report
