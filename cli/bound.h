// What vmtrunc prove and matrix share: the bound and the limits of a search.
#ifndef VMTRUNC_CLI_BOUND_H_
#define VMTRUNC_CLI_BOUND_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "search/prove.h"

namespace vmtrunc::cli {

struct BoundArguments {
  std::string name = "tiny";
  std::vector<std::string> verbs;
  unsigned pages = 0, mms = 0, vmas = 0, passes = 0, operations = 0,
           in_flight = 0;  // 0: as the bound has it
  unsigned jobs = 0;
  double memory = 0;   // GiB; 0: 4, or what the machine allows
  double seconds = 0;  // 0: as long as it takes
};

void AddBoundOptions(CLI::App& sub, BoundArguments& arguments);

// The bound, and `what` it is in words. Throws UsageError.
search::Bound BoundOf(const BoundArguments& arguments, std::string& what);

// A bound or the schedules of a script, in words, and what is not within.
struct Within {
  std::string words;  // "one pass of truncate, up to 2 other operations of ..."
  std::vector<std::string> left_out;  // "mmap, exit (--verbs)"
  unsigned passes = 0;                // that may begin
  bool truncations_alone = true;      // they are
};
Within WithinOf(const search::Bound& bound);
// Of the operations of a script.
Within WithinOf(const search::Problem& problem);

// Why no script of the problem can violate the property on the kernel whatever
// is wrong with it, "it takes a truncate"; empty where some might.
std::string CannotBreak(Property property, const search::Problem& problem,
                        const Rules& rules);

// Throws UsageError where nothing can happen: no operation may begin.
void ExpectOperations(const search::Problem& problem, const std::string& what);

// Jobs, memory and time, which begins now; SIGINT, SIGTERM and SIGHUP stop the
// search.
search::ProveOptions OptionsOf(const BoundArguments& arguments);

// "ran out of memory", "it was stopped"; "" where it did not run out.
std::string RanOutInWords(search::RanOut ran_out);

// "--memory is 4 GiB", "... : half of what ulimit -v leaves".
std::string MemoryInWords(const BoundArguments& arguments,
                          const search::ProveOptions& options);

// What `run`, of `vmtrunc COMMAND`, returns; kExitRanOut and a line where
// memory runs out and it is not the search itself that needs it.
int InMemory(const char* command, const std::function<int()>& run);

// "12 M", "34 k", "567".
std::string Size(uint64_t number);

// How far a search has come.
class ShowProgress {
 public:
  // What is searched from now on.
  void Of(const std::string& what) { what_ = what + ": "; }
  void operator()(const search::ProveProgress& progress);
  void End() { line_.End(); }
  double seconds() const { return line_.seconds(); }

 private:
  std::string what_;
  uint64_t last_states_ = 0;  // when it was last shown, for the rate
  double last_seconds_ = 0;
  base::ProgressLine line_;
};

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_BOUND_H_
