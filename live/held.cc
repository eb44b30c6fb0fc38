#include "live/held.h"

#include "core/model/machine-inl.h"

namespace vmtrunc::live {
namespace {

using World_ = World<LargeCaps>;
using Machine_ = Machine<LargeCaps, NoProbe<LargeCaps>>;

// The page as a bit, if it is of a large folio that nobody holds by it.
uint64_t Holdable(const File& file, unsigned page) {
  if (page >= LargeCaps::kFilePages || OrderOf(file, page) == 0) return 0;
  return (uint64_t{1} << page) & ~file.folios.pinned;
}

// The dirty pages of the page's folio, if that is a large one of a disk.
uint64_t Cleanable(const File& file, unsigned page) {
  if (page >= LargeCaps::kFilePages || OrderOf(file, page) == 0 ||
      file.folios.shmem != 0)
    return 0;
  return FolioBits(file, page) & file.folios.dirty;
}

class Holds {
 public:
  Holds(const Script& script, const Sequence& sequence, const Turn& last,
        const Rules& rules, const std::function<bool(const World_&)>& agrees)
      : script_(script),
        sequence_(sequence),
        last_(last),
        rules_(rules),
        agrees_(agrees) {}

  // Plays the operations, and on the way each that splits a folio, and what
  // follows, also with its folios held, and with them written back.
  bool Explain() {
    World_ world = MakeWorld<LargeCaps>(script_.setup, rules_);
    for (size_t i = 0; i < sequence_.turns.size(); ++i) {
      const Turn& turn = sequence_.turns[i];
      if (!turn.idle.empty()) continue;
      if (ExplainOne(world, i)) return true;
      Play(world, turn);
      if (turn.first == last_.first) break;
    }
    return false;
  }

 private:
  void Play(World_& world, const Turn& turn) {
    NoProbe<LargeCaps> probe;
    Machine_ machine(world, rules_, probe);
    PlayTurn(machine, world, script_, turn);
  }

  bool ExplainOne(const World_& before, size_t at) {
    const Event& event = script_.events[sequence_.turns[at].first];
    const bool punch = event.verb == Verb::kPunch;
    if (!punch && event.verb != Verb::kTruncate) return false;
    const File& file = before.files[event.file & 1];
    const uint64_t low = Holdable(file, event.addr);
    const uint64_t high =
        punch ? Holdable(file, unsigned{event.addr} + event.len) : 0;
    for (const uint64_t pages : {low, high, low | high})
      if (pages != 0 && Agrees(before, at, pages, 0)) return true;
    const uint64_t below = Cleanable(file, event.addr);
    const uint64_t above =
        punch ? Cleanable(file, unsigned{event.addr} + event.len) : 0;
    for (const uint64_t pages : {below, above, below | above})
      if (pages != 0 && Agrees(before, at, 0, pages)) return true;
    return false;
  }

  bool Agrees(World_ world, size_t at, uint64_t held, uint64_t cleaned) {
    Folios& folios =
        world.files[script_.events[sequence_.turns[at].first].file & 1].folios;
    folios.pinned |= held;
    folios.dirty &= ~cleaned;
    Play(world, sequence_.turns[at]);
    folios.pinned &= ~held;
    while (sequence_.turns[at].first != last_.first)
      if (sequence_.turns[++at].idle.empty()) Play(world, sequence_.turns[at]);
    return agrees_(world);
  }

  const Script& script_;
  const Sequence& sequence_;
  const Turn& last_;
  const Rules& rules_;
  const std::function<bool(const World_&)>& agrees_;
};

}  // namespace

bool ElseHeld(const Script& script, const Sequence& sequence, const Turn& last,
              const Rules& rules,
              const std::function<bool(const World<LargeCaps>&)>& agrees) {
  return Holds(script, sequence, last, rules, agrees).Explain();
}

}  // namespace vmtrunc::live
