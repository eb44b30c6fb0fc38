// What user space can do of a script: the order of its events, without what
// only the model can hold.
#ifndef VMTRUNC_REPORT_EXPORT_PLAN_H_
#define VMTRUNC_REPORT_EXPORT_PLAN_H_

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/script/script.h"

namespace vmtrunc::report {

enum class Act : uint8_t {
  kNothing,  // `why` says why
  kPerform,  // the event's operation
  kWait,     // the task's raced operation has returned
  kCheck,    // all tasks rest, and the pages past the end are touched
};

// A step of a plan. Tasks and mms are as in the script; sets of tasks are a bit
// each.
struct Deed {
  Act act = Act::kNothing;
  size_t event = 0;  // what it is of, from 0
  unsigned task = 0;
  bool raced = false;     // what follows does not wait for its end
  bool last = false;      // an exit: no other task runs in its mm
  unsigned tasks = 0;     // a check: who lives
  unsigned checkers = 0;  // a check: of them one in each mm
  std::string why = "";   // kNothing
};

// Each deed can be done: its task lives when all deeds before it are done. The
// truncation that a check is of is past, and its task lives.
std::vector<Deed> MakePlan(const Script& script);

// What becomes of a script's events.
struct PlanTotals {
  size_t played = 0;
  size_t timing = 0;  // steps, drops, finishes: the kernel decides when
  size_t idle = 0;    // events that have nothing to do
  size_t checks = 0;
  std::string refused = {};  // an event that cannot be played, and why; or ""
};
PlanTotals TotalsOf(const Script& script, const std::vector<Deed>& plan);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPORT_PLAN_H_
