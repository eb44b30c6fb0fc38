// What a person sees of a Play, in the sentences of explain.
#ifndef VMTRUNC_REPORT_STEP_SHOW_H_
#define VMTRUNC_REPORT_STEP_SHOW_H_

#include <string>
#include <vector>

#include "report/explain/text.h"
#include "report/step/play.h"

namespace vmtrunc::report {

// The run of the play's events as far as it is played: what the texts below
// are made of.
Story StoryOf(const Play& play);

// The last event: what each of its steps did, which locks it took and released,
// and each property that the run violates from here on. "" before the first.
std::string LastEventText(const Play& play, const Story& story,
                          const Look& look);

// Files, vmas with their ptes and counts, and of each task where it stands and
// which locks it holds.
std::string StateText(const Play& play, const Story& story, const Look& look);

// A line a move; those that are not blocked are numbered from 1.
std::string MovesText(const Play& play, const std::vector<Move>& moves,
                      const Look& look);

// What the run comes to when what is in flight has run to its end.
std::string VerdictText(const Play& play, const Look& look);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_STEP_SHOW_H_
