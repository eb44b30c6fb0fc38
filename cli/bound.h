// Options that vmtrunc prove and matrix share: the bound and the limits of a
// search.
#ifndef VMTRUNC_CLI_BOUND_H_
#define VMTRUNC_CLI_BOUND_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "search/first_event.h"
#include "search/prove.h"

namespace vmtrunc::cli {

// The most that the options take.
inline constexpr unsigned kMostPages = 4, kMostVmas = 7, kMostPasses = 2,
                          kMostOperations = 8, kMostInFlight = 4,
                          kMostOffsets = 8;

struct BoundArguments {
  std::string name;  // empty: tiny, or closed
  std::vector<std::string> verbs;
  unsigned pages = 0, mms = 0, threads = 0, vmas = 0, passes = 0,
           operations = 0, in_flight = 0;  // 0: the bound's own
  std::string file;                        // "shmem order 0..2"
  unsigned pins = 0;
  bool tlb = false;
  bool privates = false;
  bool closed = false;
  unsigned offsets = 0;  // 0: the bound's own
  unsigned jobs = 0;
  double memory = 0;   // GiB; 0: 4, or what the machine allows
  double seconds = 0;  // 0: unlimited
};

void AddBoundOptions(CLI::App& sub, BoundArguments& arguments);

// The bound, and `what` describes it. Throws UsageError.
search::Bound BoundOf(const BoundArguments& arguments, std::string& what);

// Throws UsageError if the bound's file has large folios and the kernel none.
void ExpectFolios(const search::Bound& bound, const KernelSpec& kernel);

// A bound or the schedules of a script, in words, and what it excludes.
struct Within {
  std::string words;  // "one pass of truncate, up to 2 other operations of ..."
  std::vector<std::string> left_out;  // "mmap, exit (--verbs)"
  unsigned passes = 0;                // that may begin
  bool truncations_alone = true;      // passes are truncations only
  bool closed = false;                // for any number of operations
};
Within WithinOf(const search::Bound& bound);
// For the operations of a script.
Within WithinOf(const search::Problem& problem);

// Two lines: what was searched, and what was not with the options for it.
std::string InWords(const std::string& words,
                    const std::vector<std::string>& left_out);
inline std::string InWords(const Within& within) {
  return InWords(within.words, within.left_out);
}

// Why no script of the problem can violate the property on a kernel with these
// rules, "it takes one of truncate, ..."; empty if some might.
std::string CannotBreak(Property property, const search::Problem& problem,
                        const Rules& rules);

// Throws UsageError if no operation may start.
void ExpectOperations(const search::Problem& problem, const std::string& what);

// Throws UsageError if there is nothing to search in `what`: no start fits, or
// nothing that may begin has an effect. `of_bound`: --verbs would change that.
void ExpectFirstEvent(search::FirstEvent first, const std::string& what,
                      bool of_bound);
[[noreturn]] void FailWithoutEffect(const std::string& what, bool of_bound);

// Jobs, memory and time, which starts now; SIGINT, SIGTERM and SIGHUP stop the
// search.
search::ProveOptions OptionsOf(const BoundArguments& arguments);

// "ran out of memory", "it was stopped"; "" if it did not run out.
std::string RanOutInWords(search::RanOut ran_out);

// "--memory is 4 GiB", "... : half of what ulimit -v leaves".
std::string MemoryInWords(const BoundArguments& arguments,
                          const search::ProveOptions& options);

// Returns the result of `run`, of `vmtrunc COMMAND`; kExitRanOut and a line if
// memory runs out outside the search itself, or if a signal arrives before
// OptionsOf().
int SearchWith(const char* command, const std::function<int()>& run);

// "12 M", "34 k", "567".
std::string Size(uint64_t number);

// Progress of a search.
class ShowProgress {
 public:
  // The search that follows.
  void Of(const std::string& what) { what_ = what + ": "; }
  void operator()(const search::ProveProgress& progress);
  void Waits(const std::string& what);  // instead
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
