// Holds corpus/bench/mixed.vmt to what the benchmarks say that they run: every
// verb at least 3 % of the events, 4 mms, 30 vmas, and at least 20 ptes zapped
// by each truncate.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "core/model/machine-inl.h"
#include "core/script/script.h"

namespace vmtrunc {
namespace {

class ZapCounter : public NoProbe<LargeCaps> {
 public:
  void PassBegins(const World<LargeCaps>& w, unsigned task) {
    if (w.tasks[task].op.verb == Verb::kTruncate) zaps_.push_back(0);
  }
  void Zaps(const World<LargeCaps>& w, unsigned task, Slot, unsigned,
            unsigned) {
    if (w.tasks[task].op.verb == Verb::kTruncate) ++zaps_.back();
  }
  const std::vector<int>& zaps() const { return zaps_; }

 private:
  std::vector<int> zaps_;  // of each truncate, in order
};

TEST(Mixed, MatchesTheBenchmarksDescription) {
  std::ifstream in(VMTRUNC_SOURCE_DIR "/corpus/bench/mixed.vmt");
  const auto script = ParseText(std::string(std::istreambuf_iterator(in), {}));
  ASSERT_TRUE(script.ok()) << script.status();
  const Rules rules = ParseKernelSpec("2.6.11")->rules();
  World<LargeCaps> world = MakeWorld<LargeCaps>(script->setup, rules);
  ZapCounter probe;
  Machine<LargeCaps, ZapCounter> machine(world, rules, probe);
  std::map<Verb, size_t> verbs;
  int most_vmas = 0;
  int most_mms = 0;
  for (const Event& event : script->events) {
    machine.Apply(event);
    ++verbs[event.verb];
    most_vmas = std::max<int>(
        most_vmas,
        static_cast<int>(std::ranges::count_if(world.vmas, [](const Vma& vma) {
          return vma.state == VmaState::kLinked;
        })));
    most_mms = std::max<int>(
        most_mms, static_cast<int>(std::ranges::count_if(
                      world.mms, [](const auto& mm) { return mm.live != 0; })));
  }
  // All but those of large folios, which 2.6.11 does not have.
  EXPECT_EQ(verbs.size(), static_cast<size_t>(Verb::kInvalidate));
  for (const auto& [verb, count] : verbs)
    EXPECT_GE(count * 100, script->events.size() * 3) << int(verb);
  EXPECT_GE(most_vmas, 30);
  EXPECT_GE(most_mms, 4);
  EXPECT_EQ(probe.zaps().size(), verbs[Verb::kTruncate]);
  for (const int zaps : probe.zaps()) EXPECT_GE(zaps, 20);
}

}  // namespace
}  // namespace vmtrunc
