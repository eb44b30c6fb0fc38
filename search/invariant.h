// A condition of one's own that a search asks in each state.
#ifndef VMTRUNC_SEARCH_INVARIANT_H_
#define VMTRUNC_SEARCH_INVARIANT_H_

#include <functional>
#include <string>
#include <utility>

#include "core/about/condition.h"
#include "core/property.h"
#include "search/bound.h"

namespace vmtrunc::search {

// Beside a property a bit each: the invariant.
inline constexpr uint32_t kInvariantBit = 1U << 31;
static_assert(kProperties < 31);

class Invariant {
 public:
  Invariant() = default;  // none

  // `holds(world)` is called with a World<SmallCaps> or a World<LargeCaps>,
  // from all jobs at once. Requires: it depends on the world alone, and is the
  // same for two worlds that have the same normal form (search/canonical.h):
  // not on the numbers of slots, births, nor on how large a count is. The mms
  // that a bound begins with are interchangeable: it has to be the same if
  // they change places. `name` tells it from others, in a checkpoint.
  template <class F>
  Invariant(std::string name, F holds)
      : name_(std::move(name)), small_(holds), large_(holds) {}

  explicit operator bool() const { return static_cast<bool>(small_); }
  const std::string& name() const { return name_; }
  bool Holds(const World<SmallCaps>& world) const { return small_(world); }
  bool Holds(const World<LargeCaps>& world) const { return large_(world); }

 private:
  std::string name_;
  std::function<bool(const World<SmallCaps>&)> small_;
  std::function<bool(const World<LargeCaps>&)> large_;
};

// The condition as one; `text` is its name. Requires: all starts of the problem
// declare the same sizes.
Invariant InvariantOf(const std::string& text, const Condition& condition,
                      const Problem& problem, const Rules& rules);

// Whether the invariant is false in the state after the last event, in the
// world of scripts.
bool BreaksAtLast(const Script& script, const Rules& rules,
                  const Invariant& invariant);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_INVARIANT_H_
