// The results of a campaign, for people, programs and its page.
#ifndef VMTRUNC_CAMPAIGN_SUMMARY_H_
#define VMTRUNC_CAMPAIGN_SUMMARY_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "campaign/groups.h"
#include "campaign/log.h"

namespace vmtrunc::campaign {

struct GrowthPoint {
  double seconds;  // of jobs on this kernel
  uint64_t states, corpus, executions;
};

struct KernelTotals {
  std::string kernel;
  unsigned slices = 0, died = 0, cut_off = 0;
  double seconds = 0;
  uint64_t executions = 0, events = 0, effects = 0;
  uint64_t states = 0, corpus = 0, of_seen = 0, of_count = 0;
  uint64_t unsorted = 0;
  // When a new abstract state was last seen: by the clock, 0: never; and the
  // total time of campaigns at that moment, below 0: never.
  int64_t last_new_unix = 0;
  double last_new_at = -1;
  std::vector<GrowthPoint> growth;
};

struct PairTotals {
  std::string kernel, engine;
  unsigned slices = 0;
  unsigned idle = 0;       // of these: nothing ran, and it did not crash
  unsigned idle_died = 0;  // nothing ran until it crashed
  double seconds = 0;
  uint64_t executions = 0, states = 0, features = 0;
  double late_rate = 0;  // Schedule::Rate()
};

struct Summary {
  std::string directory;
  bool running = false;
  std::vector<KernelTotals> kernels;  // in the order in which they appeared
  std::vector<PairTotals> pairs;
  std::vector<Group> groups;  // GroupsOf() the findings on all kernels
  double seconds = 0;         // of jobs that have ended
  double ran = 0;             // total time that campaigns have run here
  uint64_t executions = 0;    // including running jobs
  unsigned died = 0;          // jobs that crashed
  unsigned cut_off = 0;       // slices whose campaign was killed
  // Of slices that run, that a campaign has left to the next one, or that could
  // not be taken.
  uint64_t untaken_slices = 0, untaken_violations = 0;
  uint64_t memory_mib = 0;  // the largest memory of a job
  int64_t began_unix = 0, last_unix = 0, last_new_unix = 0;
  double last_new_at = -1;
  size_t skipped = 0;        // files in the corpora that are not inputs
  OddLines odd_lines;        // of the log
  size_t known_scripts = 0;  // with none, all findings are new
  // Kernels on which nothing has run, of those in the log; to be added: those
  // that were requested and have no slice yet.
  std::vector<std::string> unsearched;

  size_t new_count() const;
  // On kernels of which there is no finding: no input was kept.
  uint64_t unknown_violations() const;
  uint64_t states() const;
  uint64_t corpus() const;
};

Summary Summarize(const std::vector<SliceRecord>& records);

// "nothing ran in 2 jobs (plain on 3.0)", or "": no violation there means
// nothing.
std::string IdleInWords(const Summary& summary);

// "nothing has run on 3.0, 6.12", or "": what is said of findings does not hold
// for them.
std::string UnsearchedInWords(const Summary& summary);

// "not counted: 2 lines of the log, of kernels that are not built: 3.0+r", or
// "".
std::string UnbuiltInWords(const Summary& summary);

// "2 lines of the log have the number of another slice, and count too", or "".
std::string RepeatedInWords(const Summary& summary);

// "3 executions violated a property in slices that are not taken yet: ...",
// "... that no finding shows: ...", or "".
std::string UnknownInWords(const Summary& summary);

// One line, without control codes: executions and time of all runs, jobs that
// ran nothing. Its ages are campaign time, by the steady clock.
std::string LineOf(const Summary& summary);
// Schema version 1.
nlohmann::json ToJson(const Summary& summary);

// "12 s", "3 min", "2 h 05 min".
std::string DurationInWords(double seconds);

}  // namespace vmtrunc::campaign

#endif  // VMTRUNC_CAMPAIGN_SUMMARY_H_
