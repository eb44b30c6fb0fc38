// The views of a Play for people, in explain's sentences.
#ifndef VMTRUNC_REPORT_STEP_SHOW_H_
#define VMTRUNC_REPORT_STEP_SHOW_H_

#include <string>
#include <vector>

#include "report/explain/text.h"
#include "report/step/play.h"

namespace vmtrunc::report {

// The run of the events so far, from which the texts below are made.
Story StoryOf(const Play& play);

// The last event: what each of its steps did, which locks it took and released,
// and each property that it violates first. "" before the first.
std::string LastEventText(const Play& play, const Story& story,
                          const Look& look);

// Files, vmas with their ptes and counts, and for each task its sync point and
// its locks.
std::string StateText(const Play& play, const Story& story, const Look& look);

// A line for each move; those that are not blocked are numbered from 1.
std::string MovesText(const Play& play, const std::vector<Move>& moves,
                      const Look& look);

// The result of the run after operations in flight are completed.
std::string VerdictText(const Play& play, const Look& look);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_STEP_SHOW_H_
