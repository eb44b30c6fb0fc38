// A checker that also tells each step, for people.
#ifndef VMTRUNC_CORE_TRACER_H_
#define VMTRUNC_CORE_TRACER_H_

#include <functional>
#include <string>
#include <vector>

#include "core/run.h"

namespace vmtrunc {

// The sync point at which an operation stands: "pass: before i_mmap_lock".
std::string WhereIs(const Op& op);

class Tracer : public Checker<LargeCaps> {
 public:
  Tracer(const Rules& rules,
         const std::function<void(const TraceStep&)>& on_step)
      : Checker(rules), on_step_(on_step) {}

  void EventBegins(unsigned event) {
    number_ = event;
    Checker::EventBegins(event);
  }
  // Violations still name the last event, steps none.
  void FinishBegins() { number_ = 0; }
  void StepBegins(const World<LargeCaps>& w, unsigned task) {
    from_ = WhereIs(w.tasks[task].op);
    notes_.clear();
  }
  void StepEnds(const World<LargeCaps>& w, unsigned task, Verb verb,
                Flow flow) {
    Checker::StepEnds(w, task, verb, flow);
    on_step_({number_, task, verb, from_, flow, &w, notes_, broken()});
  }

  // What happens: noted, and checked as Checker does.
  void Acquires(const World<LargeCaps>& w, unsigned task, LockKind kind,
                unsigned id) {
    notes_.push_back({.kind = Kind::kTakes, .lock = kind, .id = id});
    Checker::Acquires(w, task, kind, id);
  }
  void VmaBorn(const World<LargeCaps>& w, Slot slot) {
    notes_.push_back({.kind = Kind::kBorn, .id = slot});
    Checker::VmaBorn(w, slot);
  }
  void Renewed(const World<LargeCaps>& w, Slot slot, Renewal why) {
    if (why == Renewal::kCleared)
      notes_.push_back({.kind = Kind::kCleared, .id = slot});
    Checker::Renewed(w, slot, why);
  }
  void PassBegins(const World<LargeCaps>& w, unsigned task) {
    notes_.push_back({.kind = Kind::kPassBegins});
    Checker::PassBegins(w, task);
  }
  void Scans(const World<LargeCaps>& w, unsigned task, unsigned mm,
             unsigned start, unsigned end) {
    notes_.push_back(
        {.kind = Kind::kScans, .mm = mm, .start = start, .end = end});
    Checker::Scans(w, task, mm, start, end);
  }
  void Zaps(const World<LargeCaps>& w, unsigned task, Slot slot,
            unsigned addr) {
    notes_.push_back(
        {.kind = Kind::kZaps, .mm = w.vmas[slot].mm, .start = addr});
    Checker::Zaps(w, task, slot, addr);
  }
  void Drops(const World<LargeCaps>& w, unsigned task) {
    notes_.push_back({.kind = Kind::kDrops});
    Checker::Drops(w, task);
  }
  void PassEnds(const World<LargeCaps>& w, unsigned task) {
    notes_.push_back({.kind = Kind::kPassEnds});
    Checker::PassEnds(w, task);
  }
  void Removes(const World<LargeCaps>& w, unsigned file, unsigned index) {
    notes_.push_back({.kind = Kind::kRemoves, .id = index, .mm = file});
    Checker::Removes(w, file, index);
  }
  void TruncationEnds(const World<LargeCaps>& w, unsigned task, unsigned file,
                      unsigned size) {
    notes_.push_back({.kind = Kind::kTruncationEnds});
    Checker::TruncationEnds(w, task, file, size);
  }

 private:
  using Kind = TraceNote::Kind;

  const std::function<void(const TraceStep&)>& on_step_;
  std::string from_;
  std::vector<TraceNote> notes_;  // of the step that runs
  unsigned number_ = 0;
};

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_TRACER_H_
