// A checker that also tells each step, for people.
#ifndef VMTRUNC_CORE_TRACER_H_
#define VMTRUNC_CORE_TRACER_H_

#include <functional>
#include <string>

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
  }
  void StepEnds(const World<LargeCaps>& w, unsigned task, Verb verb,
                Flow flow) {
    Checker::StepEnds(w, task, verb, flow);
    on_step_({number_, task, verb, from_, flow, &w});
  }

 private:
  const std::function<void(const TraceStep&)>& on_step_;
  std::string from_;
  unsigned number_ = 0;
};

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_TRACER_H_
