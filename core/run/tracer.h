// A checker that also reports each step, for people.
#ifndef VMTRUNC_CORE_RUN_TRACER_H_
#define VMTRUNC_CORE_RUN_TRACER_H_

#include <functional>
#include <string>
#include <vector>

#include "core/run/run.h"
#include "core/model/where.h"

namespace vmtrunc {

// Reports the result of a fault in a step, if one was in flight: from the
// operation before and after, and the world after it.
void NoteFault(const World<LargeCaps>& world, unsigned task, const Op& begins,
               const Op& ends, Flow flow, std::vector<TraceNote>& notes);

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
    begins_ = w.tasks[task].op;
    ended_ = false;
    from_ = WhereIs(begins_);
    notes_.clear();
  }
  void OperationEnds(const Op& op) {
    ends_ = op;
    ended_ = true;
  }
  void StepEnds(const World<LargeCaps>& w, unsigned task, Verb verb,
                Flow flow) {
    Checker::StepEnds(w, task, verb, flow);
    if (!ended_) ends_ = w.tasks[task].op;
    NoteFault(w, task, begins_, ends_, flow, notes_);
    on_step_({number_, task, verb, from_, flow, &begins_, &ends_, &w, notes_,
              broken()});
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
    const Pass& pass = w.tasks[task].op.pass;
    notes_.push_back({.kind = Kind::kPassBegins,
                      .id = pass.count,
                      .mm = pass.file,
                      .start = pass.first,
                      .end = pass.last + 1U});
    Checker::PassBegins(w, task);
  }
  void LooksAt(Slot slot) {
    notes_.push_back({.kind = Kind::kLooksAt, .id = slot});
  }
  void Blocks(LockKind kind, unsigned id, unsigned file) {
    notes_.push_back(
        {.kind = Kind::kBlocks, .lock = kind, .id = id, .mm = file});
  }
  void NoMemory() { notes_.push_back({.kind = Kind::kNoMemory}); }
  void Scans(const World<LargeCaps>& w, unsigned task, unsigned mm,
             unsigned start, unsigned end) {
    notes_.push_back(
        {.kind = Kind::kScans, .mm = mm, .start = start, .end = end});
    Checker::Scans(w, task, mm, start, end);
  }
  void Zaps(const World<LargeCaps>& w, unsigned task, Slot slot, unsigned addr,
            unsigned at) {
    notes_.push_back({.kind = Kind::kZaps, .mm = w.vmas[slot].mm, .start = at});
    Checker::Zaps(w, task, slot, addr, at);
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
  void Translates(const World<LargeCaps>& w, unsigned task, unsigned mm,
                  unsigned addr) {
    notes_.push_back({.kind = Kind::kTranslates, .mm = mm, .start = addr});
    Checker::Translates(w, task, mm, addr);
  }
  void FrameFreed(const World<LargeCaps>& w, unsigned frame) {
    notes_.push_back({.kind = Kind::kFrameFreed,
                      .id = frame,
                      .mm = w.frames[frame].file,
                      .start = w.frames[frame].page});
    Checker::FrameFreed(w, frame);
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
  Op begins_{}, ends_{};          // the operation of the step that runs
  bool ended_ = false;            // in it
  std::vector<TraceNote> notes_;  // of the step that runs
  unsigned number_ = 0;
};

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_RUN_TRACER_H_
