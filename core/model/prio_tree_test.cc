// The oracle: the walk of a radix priority search tree, derived from nothing
// but the set of intervals and index_bits, by recursion over sorted vectors.
#include "core/model/prio_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/model/machine.h"
#include "search/mutate.h"

namespace vmtrunc {
namespace {

using W = World<LargeCaps>;

struct Interval {
  unsigned pgoff, last;
  std::vector<Slot> slots;  // the vm_set, in order
};

// Appends the walk of the subtree that holds `all`.
void Walk(std::vector<Interval> all, int bit, bool by_size,
          std::vector<Slot>& out) {
  if (all.empty()) return;
  const auto top = std::min_element(
      all.begin(), all.end(), [](const Interval& a, const Interval& b) {
        return a.last != b.last ? a.last > b.last : a.pgoff < b.pgoff;
      });
  out.insert(out.end(), top->slots.begin(), top->slots.end());
  all.erase(top);
  std::vector<Interval> side[2];
  for (const Interval& it : all) {
    const uint64_t key = by_size ? it.last - it.pgoff : it.pgoff;
    side[key >> bit & 1].push_back(it);
  }
  const bool turns = bit == 0 && !by_size;
  for (const auto& half : side)
    Walk(half, turns ? 63 : std::max(bit - 1, 0), by_size || turns, out);
}

TEST(PrioTree, WalksInTheOrderThatItsKeysGive) {
  base::Random random(7);
  for (int round = 0; round < 300; ++round) {
    W w = MakeWorld<LargeCaps>({}, Rules{});
    PrioTree<LargeCaps> tree(w, 0);
    std::vector<Interval> model;
    unsigned bits = 1;
    std::vector<Slot> in;
    for (int step = 0; step < 60; ++step) {
      const bool add =
          in.size() < 2 || (in.size() < 60 && random.Below(3) != 0);
      if (add) {
        Slot slot = 0;
        while (w.vmas[slot].state != VmaState::kFree) ++slot;
        Vma& vma = w.vmas[slot];
        vma.state = VmaState::kLinked;
        vma.start = 1;
        vma.end = static_cast<uint16_t>(2 + random.Below(12));
        vma.pgoff = static_cast<uint16_t>(random.Below(20));
        tree.Insert(slot);
        in.push_back(slot);
        while (vma.last_pgoff() >= 1U << bits) ++bits;
        const auto same =
            std::find_if(model.begin(), model.end(), [&](const Interval& it) {
              return it.pgoff == vma.pgoff && it.last == vma.last_pgoff();
            });
        if (same == model.end()) {
          model.push_back({vma.pgoff, vma.last_pgoff(), {slot}});
        } else {
          same->slots.push_back(slot);
        }
      } else {
        const unsigned at = random.Below(static_cast<unsigned>(in.size()));
        const Slot slot = in[at];
        in.erase(in.begin() + at);
        tree.Remove(slot);
        w.vmas[slot] = Vma{};
        for (Interval& it : model) std::erase(it.slots, slot);
        std::erase_if(model,
                      [](const Interval& it) { return it.slots.empty(); });
        if (model.empty()) bits = 1;
      }
      std::vector<Slot> want, got;
      Walk(model, static_cast<int>(bits) - 1, false, want);
      for (Slot slot = tree.First(); slot != kNone; slot = tree.Next(slot))
        got.push_back(slot);
      ASSERT_EQ(got, want) << "round " << round << " step " << step;
      ASSERT_EQ(w.files[0].index_bits, bits);
    }
  }
}

TEST(PrioTree, ForkPutsTheChildDirectlyAfterItsParent) {
  W w = MakeWorld<LargeCaps>({}, Rules{});
  PrioTree<LargeCaps> tree(w, 0);
  for (Slot slot = 0; slot < 5; ++slot) {
    w.vmas[slot].start = 1;
    w.vmas[slot].end = 3;
  }
  tree.Insert(0);
  tree.Insert(1);
  tree.AddBeside(2, 1, /*before=*/false);  // member: right after it
  tree.AddBeside(3, 0, /*before=*/false);  // node: the end of the set
  tree.AddBeside(4, 0, /*before=*/true);
  std::vector<Slot> got;
  for (Slot slot = tree.First(); slot != kNone; slot = tree.Next(slot))
    got.push_back(slot);
  EXPECT_EQ(got, (std::vector<Slot>{4, 0, 1, 2, 3}));
}

}  // namespace
}  // namespace vmtrunc
