// What tells the states of a problem apart.
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
uint64_t Space<C>::Extra(const State<C>& state) const {
  uint64_t extra = state.passes | unsigned{state.operations} << 8 |
                   unsigned{state.pins} << 16;
  if (problem_.in_order) extra = HashBytes(state.next, sizeof(state.next));
  if (history_) extra ^= state.checker.History();
  if ((options_.properties & Bit(Property::kDoneIsUnmapped)) != 0)
    extra ^= state.checker.DoneHistory(state.world);
  return extra;
}

template <class C>
uint64_t Space<C>::Key(const State<C>& state) const {
  if (options_.planted.forgets_counts && !options_.plain)
    return Fingerprint(WithoutCounts(state.world), options_.rules, Extra(state),
                       keeps_);
  return Fingerprint(state.world, options_.rules, Extra(state), keeps_);
}

template <class C>
void Space<C>::Canonical(const State<C>& state,
                         std::vector<uint8_t>& bytes) const {
  if (options_.planted.forgets_counts && !options_.plain)
    return CanonicalBytes(WithoutCounts(state.world), options_.rules,
                          Extra(state), keeps_, bytes);
  CanonicalBytes(state.world, options_.rules, Extra(state), keeps_, bytes);
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
