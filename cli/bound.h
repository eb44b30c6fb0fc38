// What vmtrunc prove and matrix share: the bound and the limits of a search.
#ifndef VMTRUNC_CLI_BOUND_H_
#define VMTRUNC_CLI_BOUND_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/progress.h"
#include "fuzz/prove.h"

namespace vmtrunc {

struct BoundArguments {
  std::string name = "tiny";
  std::vector<std::string> verbs;
  unsigned pages = 0, mms = 0, vmas = 0, passes = 0, operations = 0,
           in_flight = 0;  // 0: as the bound has it
  unsigned jobs = 0;
  double memory = 4;
};

void AddBoundOptions(CLI::App& sub, BoundArguments& arguments);

// The bound, and `what` it is in words. Throws UsageError.
Bound BoundOf(const BoundArguments& arguments, std::string& what);

// Jobs and memory; SIGINT and SIGTERM stop the search.
ProveOptions OptionsOf(const BoundArguments& arguments);

// "12 M", "34 k", "567".
std::string Size(uint64_t number);

// How far a search has come.
class ShowProgress {
 public:
  explicit ShowProgress(std::string what = "") : what_(std::move(what)) {}
  void operator()(const ProveProgress& progress);
  void End() { line_.End(); }
  double seconds() const { return line_.seconds(); }

 private:
  std::string what_;
  ProgressLine line_;
};

}  // namespace vmtrunc

#endif  // VMTRUNC_CLI_BOUND_H_
