#include "live/sequence.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "core/model/machine-inl.h"
#include "live/compare.h"

namespace vmtrunc::live {
namespace {

Rules Newest() { return ParseKernelSpec("6.18")->rules(); }

Sequence Of(const std::string& events) {
  const auto script = ParseText(absl::StrCat(R"(vmtrunc 1
file f 8
file g 4
task a
task b
)",
                                             events));
  EXPECT_TRUE(script.ok()) << script.status();
  return MakeSequence(*script, Newest());
}

TEST(SequenceTest, PlaysAnUninterruptedOperation) {
  for (const char* events :
       {"a mmap 9 4 f 0\nb truncate f 2 &\nb finish\n",
        "a mmap 9 4 f 0\nb truncate f 2 &\nb step\nb step\nb finish\n",
        "a mmap 9 4 f 0\nb truncate f 2 &\n"}) {
    const Sequence made = Of(events);
    EXPECT_EQ(made.refused, "") << events;
    EXPECT_EQ(made.turns.size(), 2) << events;
    EXPECT_EQ(made.idle, 0) << events;
  }
}

TEST(SequenceTest, RefusesAnUnplayableScriptAndNamesTheEvent) {
  const struct {
    const char *events, *event;
  } kCases[] = {
      {"a truncate f 2 &\nb munmap 9 4\na finish\n",
       "event 1, `a truncate f 2 &`"},
      {"a truncate f 2 &\na drop\n", "event 2, `a drop`"},
      {"a mmap 9 4 f 0\na mremap 9 4 20 4 fail 1\n", "event 2, `a mremap"},
      {"a invalidate g 0 2\n", "event 1, `a invalidate g 0 2`"},
      {"a fork c &\nb read 1\n", "event 1, `a fork c &`"},
      {"a exit &\nb read 1\n", "event 1, `a exit &`"},
  };
  for (const auto& c : kCases)
    EXPECT_TRUE(Of(c.events).refused.starts_with(c.event))
        << c.events << Of(c.events).refused;
}

TEST(SequenceTest, RefusesMoreVmasThanTheModelHas) {
  std::string events;
  for (int i = 0; i < 65; ++i)
    absl::StrAppend(&events, "a mmap ", 1 + 2 * i, " 1 f 0\n");
  EXPECT_TRUE(Of(events).refused.starts_with("event 65, `a mmap 129 1 f 0"))
      << Of(events).refused;
}

TEST(SequenceTest, CountsEventsWithoutAnEffect) {
  const Sequence made =
      Of("a exit\na read 5\nb step\nb fork b\nb munmap 250 20\nb read 1\n");
  EXPECT_EQ(made.refused, "");
  EXPECT_EQ(made.played, 2);
  EXPECT_EQ(made.idle, 4);
}

Sequence OfFolios(const std::string& file, const std::string& events) {
  const auto script = ParseText(
      absl::StrCat("vmtrunc 1\nfile f ", file, "\nfile g 4\ntask a\n", events));
  EXPECT_TRUE(script.ok()) << script.status();
  return MakeSequence(*script, Newest());
}

TEST(SequenceTest, PlaysPinsOfPagesThatCanBeSpliced) {
  const std::string file = "8 shmem order 0..2";
  const Sequence made = OfFolios(
      file, "a order f 0\na pin f 5\na truncate f 6\na unpin f 5\na pin g 1\n");
  EXPECT_EQ(made.refused, "");
  EXPECT_EQ(made.played, 4);
  EXPECT_EQ(made.idle, 1);  // the folios of g are small
  EXPECT_TRUE(
      OfFolios(file, "a order f 0\na pin f 5\na truncate f 6\na pin f 7\n")
          .refused.starts_with("event 4, `a pin f 7`"));
  EXPECT_EQ(OfFolios(file, "a order f 0\na truncate f 6\na pin f 7\n").refused,
            "");  // nothing is cached there
}

TEST(SequenceTest, RefusesFilesThatTmpfsCannotMake) {
  for (const char* file : {"8 order 1", "8 min-order 1", "8 shmem min-order 1"})
    EXPECT_TRUE(
        OfFolios(file, "a truncate f 2\n").refused.starts_with("file f"))
        << file;
  const auto named =
      ParseText("vmtrunc 1\nfile x 4 order 1\ntask a\na truncate x 2\n");
  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_TRUE(
      MakeSequence(*named, Newest()).refused.starts_with("file x: expected"));
}

// The files of a race and of an exported program have small folios.
TEST(SequenceTest, RefusesLargeFoliosWhereFilesAreSmall) {
  const auto refused = [](const char* file, const char* event) {
    const auto script = ParseText(
        absl::StrCat("vmtrunc 1\nfile x ", file, "\ntask a\n", event));
    EXPECT_TRUE(script.ok()) << script.status();
    return NoSuchSmallFile(*script);
  };
  for (const char* file :
       {"2 shmem order 0..1", "4 order 2", "4 min-order 1", "4 order 1"})
    EXPECT_EQ(refused(file, "a pin x 0\n"),
              "file x: its folios are small here, as without `order` and "
              "`min-order`; `vmtrunc run` plays it");
  EXPECT_EQ(refused("4 shmem order 0", "a pin x 0\n"), "");
  EXPECT_EQ(refused("4 pfn", "a read 1\n"),
            "file x: no file here is memory of a device; `vmtrunc run` plays "
            "it");
}

TEST(SequenceTest, APinHasNothingToDoOnlyOfSmallFolios) {
  vmtrunc::Setup setup;
  for (const Verb verb : {Verb::kPin, Verb::kUnpin, Verb::kOrder}) {
    const Event event{.kind = EventKind::kStart, .verb = verb};
    setup.folios[0] = {};
    EXPECT_EQ(NothingToDo(event, setup), "the folios of the file are small");
    setup.folios[0].high = 1;
    EXPECT_EQ(NothingToDo(event, setup), "");
    setup.folios[0] = {.min_order = 1};
    EXPECT_EQ(NothingToDo(event, setup), "");
    Event other = event;
    other.file = 1;
    EXPECT_EQ(NothingToDo(other, setup), "there is no such file");
  }
}

TEST(SequenceTest, RefusesMemoryOfADevice) {
  EXPECT_EQ(OfFolios("8 pfn", "a mmap 9 4 f 0\n").refused,
            "file f: no file here is memory of a device; `vmtrunc run` plays "
            "it");
  EXPECT_EQ(OfFolios("8 hugetlb", "a mmap 9 4 f 0\n").refused,
            "file f: no file here has huge pages; `vmtrunc run` plays it");
  EXPECT_TRUE(NoSystemCall({.kind = EventKind::kStart, .verb = Verb::kRevoke})
                  .starts_with("no system call takes memory"));
  const Sequence made = Of("a revoke f 0 2\nb read 1\n");
  EXPECT_EQ(made.refused, "");
  EXPECT_EQ(made.idle, 1);
  EXPECT_EQ(made.turns[0].idle, "it takes back no memory of a device");
}

TEST(SequenceTest, RefusesACollapse) {
  EXPECT_EQ(
      Of("a mmap 16 8 f 0\na collapse f 0\n").refused,
      "event 2, `a collapse f 0`: cannot be played: no file here is large "
      "enough for a huge page; `vmtrunc run` plays it");
}

// At rest no translation is left, so that it is as without the line.
TEST(SequenceTest, PlaysAScriptThatFollowsTheTlb) {
  const auto script = ParseText(
      "vmtrunc 1\ntlb\nfile f 8\ntask a\na mmap 9 4 f 0\na munmap 9 4\n");
  ASSERT_TRUE(script.ok());
  const Sequence made = MakeSequence(*script, Newest());
  EXPECT_EQ(made.refused, "");
  EXPECT_EQ(made.played, 2);
}

// Whether a folio lies over the end of a file.
bool IsKept(const World<LargeCaps>& world) {
  for (const File& file : world.files)
    if (file.size < LargeCaps::kFilePages &&
        FolioFirst(file, file.size) < file.size)
      return true;
  return false;
}

// How many scripts come to where a truncation leaves such a folio, and how many
// to where a page past the end is mapped.
TEST(SequenceTest, GeneratedScriptsKeepFoliosFromBeingSplit) {
  const Rules rules = Newest();
  unsigned kept = 0, mapped = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    base::Random random(seed);
    const Script script = RandomLive(random, 32, rules, Files::kTmpfs);
    const Sequence made = MakeSequence(script, rules);
    ASSERT_EQ(made.refused, "") << seed;
    ASSERT_EQ(made.idle, 0) << seed;
    World<LargeCaps> world = MakeWorld<LargeCaps>(script.setup, rules);
    NoProbe<LargeCaps> probe;
    Machine<LargeCaps, NoProbe<LargeCaps>> machine(world, rules, probe);
    bool keeps = false, maps = false;
    for (const Event& event : script.events) {
      machine.Apply(event);
      keeps = keeps || IsKept(world);
      for (unsigned file = 0; file < script.setup.files; ++file)
        for (unsigned i = world.files[file].size; i < LargeCaps::kFilePages;
             ++i)
          maps = maps || world.mapcount[file][i] != 0;
    }
    kept += keeps ? 1 : 0;
    mapped += maps ? 1 : 0;
  }
  EXPECT_GT(kept, 100);
  EXPECT_GT(mapped, 20);
}

TEST(SequenceTest, GeneratedScriptsAreNeverRefusedOrIdle) {
  unsigned two_files = 0, shared = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    base::Random random(seed);
    const Script script =
        RandomLive(random, seed % 20 == 0 ? 256 : 32, Newest());
    const Sequence made = MakeSequence(script, Newest());
    ASSERT_EQ(made.refused, "") << seed;
    ASSERT_EQ(made.idle, 0) << seed;
    two_files += script.setup.files == 2 ? 1 : 0;
    shared += script.setup.tasks == 3 ? 1 : 0;
  }
  EXPECT_GT(two_files, 500);
  EXPECT_GT(shared, 200);
}

std::string VmasAfter(const Script& script, const Rules& rules) {
  World<LargeCaps> world = MakeWorld<LargeCaps>(script.setup, rules);
  NoProbe<LargeCaps> probe;
  Machine<LargeCaps, NoProbe<LargeCaps>> machine(world, rules, probe);
  std::string vmas;
  for (const Event& event : script.events) {
    machine.Apply(event);
    for (const auto& mm : world.mms)
      for (Slot slot = mm.mmap; slot != kNone; slot = world.vmas[slot].mm_next)
        absl::StrAppend(&vmas, world.vmas[slot].start, " ");
  }
  return vmas;
}

// Rules that decide only which vmas merge are distinguished: generated scripts
// put mappings with different anon_vmas, or none, side by side.
TEST(SequenceTest, GeneratedScriptsDistinguishRulesOfMerges) {
  for (const char* rule : {"6.1-mmap-asks-next", "6.1+anon-joins-none",
                           "6.1-cloned-anon-apart", "6.1-fork-clones-anon"}) {
    const Rules right = ParseKernelSpec("6.1")->rules();
    const Rules wrong = ParseKernelSpec(rule)->rules();
    unsigned apart = 0;
    for (uint64_t seed = 0; seed < 2000; ++seed) {
      base::Random random(seed);
      const Script script = RandomLive(random, 32, right);
      apart += VmasAfter(script, right) != VmasAfter(script, wrong) ? 1 : 0;
    }
    EXPECT_GT(apart, 10) << rule;
  }
}

}  // namespace
}  // namespace vmtrunc::live
