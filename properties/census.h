// What happens in a run: how a generator is judged.
#ifndef VMTRUNC_PROPERTIES_CENSUS_H_
#define VMTRUNC_PROPERTIES_CENSUS_H_

#include <cstdint>
#include <span>

#include "core/script/script.h"

namespace vmtrunc::properties {

// Totals of one run, or of many.
struct Census {
  uint64_t scripts = 0;
  uint64_t events = 0;
  uint64_t effects = 0;           // events that had an effect
  uint64_t passes = 0;            // that took their lock
  uint64_t passes_dropped = 0;    // of them, that dropped it
  uint64_t drops = 0;             // of i_mmap_lock
  uint64_t busy_drops = 0;        // in which another task did something
  uint64_t nested_passes = 0;     // begun while another pass was under way
  uint64_t growing = 0;           // truncations to a larger size than before
  uint64_t wider = 0;             // passes that began before the one before
  uint64_t leaps = 0;             // passes whose count leapt or wrapped
  uint64_t reused = 0;            // structs allocated again
  uint64_t reused_in_drop = 0;    // the same, while a pass had dropped its lock
  uint64_t faults_in_flight = 0;  // faults that a pass overtook
  uint64_t merges[9] = {};        // vma_merge cases 1..8; 0: splits and growth
  uint64_t verbs[kVerbs + 1] = {};  // operations that began, by verb

  void Add(const Census& other);
};

Census CountRun(const Script& script, const Rules& rules);

// One thing that scripts should do often enough.
struct Share {
  const char* name;                  // "drops with an operation inside"
  bool (*in_script)(const Census&);  // whether one script did it
  double floor;                      // the least share of scripts, 0..1
};
std::span<const Share> AllShares();

}  // namespace vmtrunc::properties

#endif  // VMTRUNC_PROPERTIES_CENSUS_H_
