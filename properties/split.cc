#include "properties/split.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "core/model/machine.h"

namespace vmtrunc::properties {
namespace {

using W = World<LargeCaps>;

// An idle task that runs in the mm, or kTasks.
unsigned TaskOf(const W& w, unsigned mm) {
  for (unsigned task = 0; task < LargeCaps::kTasks; ++task) {
    const Task& it = w.tasks[task];
    if (it.live != 0 && it.mm == mm && it.op.verb == Verb::kNone) return task;
  }
  return LargeCaps::kTasks;
}

bool SamePage(Pte a, Pte b) {
  return a.none() == b.none() &&
         (a.none() || (a.kind() == b.kind() && a.index() == b.index()));
}

// Whether the part does not merge with the rest again, as it got something of
// the neighbour that it joined, or of the protection, which the rest has not:
// an anon_vma, which 3.0 to 6.15 do not join to none, or VM_ACCOUNT.
bool StaysApart(const Vma& vma, const Vma& part, const Rules& rules) {
  const bool none_is_apart = rules.cloned_anon_apart && !rules.anon_joins_none;
  return (none_is_apart && vma.anon == 0 && part.anon != 0) ||
         (rules.account_blocks_merge && vma.accounted != part.accounted);
}

// What `after` lacks of the vma that `before` has in `slot`. If that `is_apart`
// it may be two vmas or three.
std::string Lacks(const W& before, Slot slot, const W& after, bool is_apart) {
  const Vma& was = before.vmas[slot];
  const Vma* is = nullptr;
  for (unsigned addr = was.start; addr < was.end; ++addr) {
    if (is == nullptr || (is_apart && addr >= is->end))
      is = VmaAt(after, was.mm, addr);
    if (is == nullptr || is->end <= addr)
      return absl::StrFormat("[%u, %u) of mm %u is not one vma any more",
                             was.start, was.end, was.mm);
    if (is->start - is->pgoff != was.start - was.pgoff ||
        is->file != was.file || is->write != was.write)
      return absl::StrFormat("[%u, %u) of mm %u maps other pages, or otherwise",
                             was.start, was.end, was.mm);
    if (!SamePage(before.mms[was.mm].ptes[addr], after.mms[was.mm].ptes[addr]))
      return absl::StrFormat("the page at %u of mm %u is another", addr,
                             was.mm);
  }
  return "";
}

// Protects the range the other way, and back, by `other`.
std::string ThereAndBack(const W& before, Slot slot, const Rules& rules,
                         const Rules& other, unsigned from, unsigned to) {
  const Vma& vma = before.vmas[slot];
  W world = before;
  NoProbe<LargeCaps> probe;
  Machine<LargeCaps, NoProbe<LargeCaps>> machine(world, other, probe);
  Event event;
  event.kind = EventKind::kStart;
  event.verb = Verb::kMprotect;
  event.task = static_cast<uint8_t>(TaskOf(before, vma.mm));
  event.addr = static_cast<uint8_t>(from);
  event.len = static_cast<uint8_t>(to - from);
  event.write = vma.write == 0;
  machine.Apply(event);
  const Vma* part = VmaAt(world, vma.mm, from);
  if (part == nullptr || part->write == vma.write)
    return absl::StrFormat("[%u, %u) of mm %u was not protected", from, to,
                           vma.mm);
  const bool is_apart = StaysApart(vma, *part, rules);
  event.write = !event.write;
  machine.Apply(event);
  return Lacks(before, slot, world, is_apart);
}

}  // namespace

std::string SplitThenMerge(const Script& script, const Rules& rules,
                           const Rules& other) {
  W world = MakeWorld<LargeCaps>(script.setup, rules);
  NoProbe<LargeCaps> probe;
  Machine<LargeCaps, NoProbe<LargeCaps>> machine(world, rules, probe);
  for (const Event& event : script.events) machine.Apply(event);
  if (!machine.Finish() || world.free_count < 2) return "";
  for (unsigned slot = 0; slot < LargeCaps::kVmas; ++slot) {
    const Vma& vma = world.vmas[slot];
    if (vma.state != VmaState::kLinked || IsSpecial(world.files[vma.file]) ||
        vma.nonlinear != 0 || TaskOf(world, vma.mm) == LargeCaps::kTasks)
      continue;
    const unsigned third = (vma.pages() + 2) / 3;
    const unsigned ranges[][2] = {
        {vma.start, vma.start + third},
        {vma.end - third, vma.end},
        {vma.start + third,
         std::max<unsigned>(vma.end - third, vma.start + third)}};
    for (const auto& [from, to] : ranges) {
      if (from >= to) continue;
      std::string what =
          ThereAndBack(world, static_cast<Slot>(slot), rules, other, from, to);
      if (!what.empty()) return what;
    }
  }
  return "";
}

}  // namespace vmtrunc::properties
