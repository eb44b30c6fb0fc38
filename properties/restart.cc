#include "properties/restart.h"

#include "absl/strings/str_format.h"
#include "core/model/machine-inl.h"

namespace vmtrunc::properties {
namespace {

using W = World<LargeCaps>;

class RestartProbe : public NoProbe<LargeCaps> {
 public:
  explicit RestartProbe(const Rules& rules) : rules_(rules) {}
  explicit RestartProbe(const Rules&&) = delete;  // it keeps no copy

  const std::string& broken() const { return broken_; }

  void PassBegins(const W&, unsigned task) {
    for (Mark& mark : marks_[task]) mark = {};
  }
  // A vma that takes over pages, or is cleared by a wrap, is to be scanned
  // again.
  void Renewed(const W&, Slot slot, Renewal why) {
    if (why != Renewal::kCleared) return;
    for (auto& marks : marks_) marks[slot] = {};
  }
  void Drops(const W& w, unsigned task) {
    const Pass& pass = w.tasks[task].op.pass;
    if (!rules_.restart_in_vma) {
      if (pass.restart_vma != kNone)
        Note(w, task, pass.restart_vma, pass.restart_addr);
      return;
    }
    for (unsigned slot = 0; slot < LargeCaps::kVmas; ++slot) {
      const Vma& vma = w.vmas[slot];
      if (vma.in_index == InIndex::kNot || vma.file != pass.file ||
          !IsRestartOf(vma.count, pass.count, rules_.restart_names_pass))
        continue;
      Note(w, task, static_cast<Slot>(slot), vma.count >> kPageShift);
    }
  }

 private:
  struct Mark {
    unsigned addr = 0;  // 0: none yet
    uint8_t birth = 0;
  };

  void Note(const W& w, unsigned task, Slot slot, unsigned addr) {
    Mark& mark = marks_[task][slot];
    const bool same = mark.addr != 0 && mark.birth == w.vmas[slot].birth;
    if (same && addr < mark.addr && broken_.empty())
      broken_ = absl::StrFormat(
          "the pass of task %u stood at %u in the vma in slot %u, and later at "
          "%u",
          task, mark.addr, slot, addr);
    mark = {addr, w.vmas[slot].birth};
  }

  const Rules& rules_;
  Mark marks_[LargeCaps::kTasks][LargeCaps::kVmas];
  std::string broken_;
};

}  // namespace

std::string RestartGoesBack(const Script& script, const Rules& rules) {
  W world = MakeWorld<LargeCaps>(script.setup, rules);
  RestartProbe probe(rules);
  Machine<LargeCaps, RestartProbe> machine(world, rules, probe);
  for (const Event& event : script.events) machine.Apply(event);
  machine.Finish();
  return probe.broken();
}

}  // namespace vmtrunc::properties
