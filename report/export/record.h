// A run on a kernel as a list of steps with their changes, for export.
#ifndef VMTRUNC_REPORT_EXPORT_RECORD_H_
#define VMTRUNC_REPORT_EXPORT_RECORD_H_

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "core/run/run.h"

namespace vmtrunc::report {

// Variables of a record, with the index of a file or an mm: "i_size[0]". A lock
// has the number of the task that holds it, or kNone; shared locks also have a
// bit for each task.
struct Change {
  std::string variable;
  int64_t value;
};

// An address at which a page of a file can be mapped.
struct Place {
  unsigned file, mm, addr;
  auto operator<=>(const Place&) const = default;
};
struct PageChange {
  Place place;
  unsigned page;  // 0: none mapped; else its index in the file, plus 1
};

// A check of no-page-past-size: no place of the file has a page at or past
// `size`.
struct PastSizeCheck {
  unsigned file, size;
};

// The part of a step up to a check, or to its end.
struct Part {
  std::vector<Change> changes;
  std::vector<PageChange> pages;
  std::optional<PastSizeCheck> check = std::nullopt;
};

struct RecordedStep {
  unsigned event = 0;  // from 1; 0: after the last event
  unsigned task = 0;
  Verb verb = Verb::kNone;
  std::string from = "";  // the sync point it started at
  Flow flow = Flow::kDone;
  std::vector<Part> parts = {};  // at least one
  uint32_t breaks = 0;           // properties that it is the first to violate
};

// A lock that the task of step `from` releases and that of step `to` then
// takes, which orders the two. Steps from 0.
struct HandOver {
  size_t from, to;
  std::string lock;
};

struct Record {
  Part start;  // the world before the first step
  std::vector<RecordedStep> steps;
  std::vector<HandOver> hand_overs;
  RunResult result;
};

// "events without a step: 3, 5", or "": events that a record does not show.
std::string WithoutStep(const Script& script, const Record& record);

Record RecordRun(const Script& script, const Rules& rules);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPORT_RECORD_H_
