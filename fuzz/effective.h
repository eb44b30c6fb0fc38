// Operations that can have an effect in the state that a script has reached.
// Deterministic in the generator's seed.
#ifndef VMTRUNC_FUZZ_EFFECTIVE_H_
#define VMTRUNC_FUZZ_EFFECTIVE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/random.h"
#include "core/model/machine.h"
#include "core/script/script.h"
#include "search/mutate.h"

namespace vmtrunc::fuzz {

// Gets a script, with the event that runs next.
using Before = std::function<void(const Script&)>;

// The state before an event of a script, for one kernel. A few KiB.
template <class C>
class ReachedIn {
 public:
  using Caps = C;

  // `before`, if not null, is called before each event, also of copies, and
  // outlives them.
  ReachedIn(const Setup& setup, const Rules& rules,
            const Before* before = nullptr)
      : rules_(rules), before_(before), world_(MakeWorld<C>(setup, rules)) {
    ran_.setup = setup;
  }
  ReachedIn(const World<C>& world, const Rules& rules)
      : rules_(rules), world_(world) {}
  // It keeps no copy.
  ReachedIn(const Setup&, const Rules&&, const Before* = nullptr) = delete;
  ReachedIn(const World<C>&, const Rules&&) = delete;
  // Returns whether the event has its place in such a world.
  bool Apply(const Event& event);
  // The events [from, to).
  void Apply(const Script& script, size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) Apply(script.events[i]);
  }
  const World<C>& world() const { return world_; }
  // The same, to look what comes next.
  ReachedIn Ahead() const { return *this; }
  // Whether nothing that follows matters.
  static constexpr bool is_over() { return false; }

 private:
  const Rules& rules_;
  const Before* before_ = nullptr;
  Draft ran_;  // where there is a before_
  World<C> world_;
};
using Reached = ReachedIn<LargeCaps>;

// An operation of an idle task that can have an effect in `world`: there is a
// page to unmap, a protection to change, a pte to set. kNone if none was found.
// `task`: the task, or kNone for any.
template <class C>
Event EffectiveEvent(const World<C>& world, base::Random& random,
                     search::Verbs verbs, uint8_t task = kNone);

// The value, limited to the largest possible argument.
inline uint8_t Byte(unsigned value) {
  return static_cast<uint8_t>(std::min(value, 255U));
}

// Chooses among the vmas and pages of one mm.
template <class C>
class Chooser {
 public:
  Chooser(const World<C>& world, unsigned mm, base::Random& random)
      : w_(world), random_(random) {
    for (Slot slot = w_.mms[mm].mmap; slot != kNone;
         slot = w_.vmas[slot].mm_next)
      vmas_[count_++] = slot;
  }
  bool empty() const { return count_ == 0; }
  const Vma& Any() const { return w_.vmas[vmas_[random_.Below(count_)]]; }

  // Part of a vma, or of several.
  void Range(Event& event) const {
    const unsigned at = random_.Below(count_);
    const Vma& vma = w_.vmas[vmas_[at]];
    unsigned start = vma.start, end = vma.end;
    const unsigned pages = vma.pages();
    switch (random_.Below(6)) {
      case 0:
      case 5:
        break;
      case 1:
        end = start + 1 + random_.Below(pages);
        break;
      case 2:
        start += random_.Below(pages);
        break;
      case 3:
        start += random_.Below(pages);
        end = start + 1 + random_.Below(end - start);
        break;
      default:
        if (at + 1 < count_) {
          const Vma& next = w_.vmas[vmas_[at + 1]];
          end = next.start + 1U + random_.Below(next.pages());
          start += random_.Below(pages);
        }
        break;
    }
    event.addr = Byte(start);
    event.len = Byte(end - start);
  }

  // Where a range of that length touches a vma, or is in a page table of its
  // own.
  uint8_t Place(unsigned len) const {
    const Vma& vma = Any();
    switch (random_.Below(4)) {
      case 0:
        return Byte(vma.end);
      case 1:
        return Byte(vma.start > len ? vma.start - len : 1U);
      case 2:
        return Byte((vma.end / kPtesPerTable + 1 + random_.Below(2)) *
                    kPtesPerTable);
      default:
        return Byte(std::max(1U, vma.start + random_.Below(8) - 4U));
    }
  }

 private:
  const World<C>& w_;
  base::Random& random_;
  Slot vmas_[C::kVmas];
  unsigned count_ = 0;
};

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_EFFECTIVE_H_
