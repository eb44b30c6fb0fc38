// What tells the states of a problem apart.
#include <algorithm>
#include <optional>

#include "search/space.h"
#include "search/store.h"

namespace vmtrunc::search {
namespace {

template <class C>
World<C> WithoutCounts(World<C> w) {
  for (Vma& vma : w.vmas) vma.count = 0;
  return w;
}

}  // namespace

// The state besides the world on which the future depends. The scans of passes
// are a 64-bit hash here.
template <class C>
uint64_t Space<C>::Extra(const State<C>& state, const Names<C>& names) const {
  uint64_t extra = state.passes | unsigned{state.operations} << 8 |
                   unsigned{state.pins} << 16;
  if (problem_.in_order) extra = HashBytes(state.next, sizeof(state.next));
  if (history_) extra ^= state.checker.History(names);
  if ((options_.properties & Bit(Property::kDoneIsUnmapped)) != 0)
    extra ^= state.checker.DoneHistory(state.world, names);
  if (options_.features != nullptr) {
    const SlotOrder<C> order(state.world, names);
    const uint64_t parts[] = {
        extra, state.checker.FeatureHistory(state.world,
                                            {order.slot, order.all}, names)};
    extra = HashBytes(parts, sizeof(parts));
  }
  return extra;
}

template <class C>
template <class F>
void Space<C>::UnderNames(const State<C>& state, const F& f) const {
  const bool forgets = options_.planted.forgets_counts && !options_.plain;
  std::optional<World<C>> without;
  if (forgets) without = WithoutCounts(state.world);
  const World<C>& world = forgets ? *without : state.world;
  symmetry_.ForEachLeast(state.world, [&](const Names<C>& names) {
    f(world, Extra(state, names), symmetry_.size() == 1 ? nullptr : &names);
  });
}

template <class C>
uint64_t Space<C>::Key(const State<C>& state) const {
  uint64_t least = ~uint64_t{0};
  UnderNames(
      state, [&](const World<C>& world, uint64_t extra, const Names<C>* names) {
        least = std::min(
            least, Fingerprint(world, options_.rules, extra, keeps_, names));
      });
  return least;
}

template <class C>
void Space<C>::Canonical(const State<C>& state,
                         std::vector<uint8_t>& bytes) const {
  bytes.clear();
  std::vector<uint8_t> form;
  UnderNames(
      state, [&](const World<C>& world, uint64_t extra, const Names<C>* names) {
        CanonicalBytes(world, options_.rules, extra, keeps_, names, form);
        if (bytes.empty() || form < bytes) bytes = form;
      });
}

template <class C>
std::string Space<C>::Packed(const State<C>& state) const {
  std::vector<uint8_t> bytes;
  Canonical(state, bytes);
  std::string packed;
  Pack(bytes, packed);
  packed.shrink_to_fit();
  return packed;
}

template uint64_t Space<SmallCaps>::Key(const State<SmallCaps>&) const;
template uint64_t Space<LargeCaps>::Key(const State<LargeCaps>&) const;
template void Space<SmallCaps>::Canonical(const State<SmallCaps>&,
                                          std::vector<uint8_t>&) const;
template void Space<LargeCaps>::Canonical(const State<LargeCaps>&,
                                          std::vector<uint8_t>&) const;
template std::string Space<SmallCaps>::Packed(const State<SmallCaps>&) const;
template std::string Space<LargeCaps>::Packed(const State<LargeCaps>&) const;

}  // namespace vmtrunc::search
