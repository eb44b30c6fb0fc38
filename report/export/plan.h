// The part of a script that user space can play: its events in order, without
// those that need the model.
#ifndef VMTRUNC_REPORT_EXPORT_PLAN_H_
#define VMTRUNC_REPORT_EXPORT_PLAN_H_

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/script/script.h"

namespace vmtrunc::report {

enum class Act : uint8_t {
  kNothing,  // for `why`
  kPerform,  // the event's operation
  kWait,     // for the task's raced operation
  kCheck,    // all tasks stop, and the pages past the end are touched
};

// A step of a plan. Tasks and mms are as in the script; sets of tasks are a bit
// each.
struct Deed {
  Act act = Act::kNothing;
  size_t event = 0;  // its event, from 0
  unsigned task = 0;
  bool raced = false;     // the following deeds do not wait for it
  bool last = false;      // an exit: the last task of its mm
  unsigned tasks = 0;     // a check: existing tasks
  unsigned checkers = 0;  // a check: of these, one in each mm
  std::string why = "";   // kNothing
};

// Each deed can be done: its task exists after all previous deeds. The
// truncation of a check has ended, and its task exists.
std::vector<Deed> MakePlan(const Script& script);

// The events of a script, by how they are played.
struct PlanTotals {
  size_t played = 0;
  size_t timing = 0;  // steps, drops, finishes: the kernel decides when
  size_t idle = 0;    // events without an effect
  size_t checks = 0;
  // A file or an event that cannot be played, and why; or "".
  std::string refused = {};
};
PlanTotals TotalsOf(const Script& script, const std::vector<Deed>& plan);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPORT_PLAN_H_
