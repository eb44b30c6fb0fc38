// vmtrunc prove: its options, and the output of its result.
#ifndef VMTRUNC_CLI_PROVE_H_
#define VMTRUNC_CLI_PROVE_H_

#include <nlohmann/json.hpp>
#include <string>

#include "cli/bound.h"
#include "core/model/rules.h"
#include "search/prove.h"

namespace vmtrunc::cli {

struct ProveArguments {
  BoundArguments bound;
  std::string kernel, from, property, always, eventually,
      fairness = "weak", out, checkpoint, abstract_to, shard, answers, exchange,
      join;
  bool whole = false, steps = false, reduce = false, exact = false,
       abstract = false, lasso = false, self_check = false, json = false,
       unreached = false, simulates = false, asks_fairness = false;
  uint64_t seed = 0, simulations = 0;  // 0 simulations: one, with its trace
  unsigned simulate_events = static_cast<unsigned>(kMaxEvents);
};

struct Asked {
  search::Problem problem;  // whole
  std::string what;         // "bound tiny", "the operations of FILE"
  Within within;            // the same as a description
  KernelSpec kernel;
  Rules rules;
  search::Invariant always;  // or none
};

const char* Word(search::Answer answer);

// The properties that count, a bit each: with --always only one that is named.
// Throws UsageError.
uint32_t PropertiesOf(const ProveArguments& o);

// The condition of an option, or none where it is empty. Throws UsageError.
search::Invariant ConditionOf(const char* option, const std::string& text,
                              const Asked& asked);
// Throws UsageError if --fairness has nothing to be asked of.
void ExpectLoops(const ProveArguments& o);
// --always, --eventually, --fairness. To be called when the options that they
// exclude are there.
void AddConditionOptions(CLI::App& sub, ProveArguments& o);

// A line on the edges that a search has left out.
std::string BeyondInWords(uint64_t beyond);

// After the script of a violation: "", or why `vmtrunc run` may not show it.
const char* ReplaysInWords(bool replays);
// A line where it has more events than a script may have, or "".
std::string TooLongInWords(const Script& script);

// What a script violates: "no-page-past-size", "always EXPR".
std::string Violated(const ProveArguments& o, bool of_invariant,
                     Property property);

// What was looked for, where it is not all properties: "index-agrees", "always
// EXPR", "index-agrees and always EXPR". Else "".
std::string LookedFor(const ProveArguments& o);
// "holds", with that before it.
std::string HoldsInWords(const ProveArguments& o);

// Whether one of the three searches was requested.
bool OneSearch(const ProveArguments& o);

// The result of a search.
struct Told {
  const Asked& asked;
  const ProveArguments& o;
  const search::ProveOptions& options;
  const search::ProveResult& result;
  double seconds;
};
nlohmann::json ToJson(const Told& told);
void Print(const Told& told);

// Searches for a lasso instead, or with --eventually for a run in which that
// does not come true any more. Returns the exit status.
int FindIt(const ProveArguments& o, const Asked& asked);

// Searches for an error of the search itself instead. Returns the exit status.
int CheckItself(const ProveArguments& o, const Asked& asked);

// Makes random runs instead. Returns the exit status.
int SimulateIt(const ProveArguments& o, const Asked& asked);
// Its options, and --unreached. To be called when those that they exclude are
// there.
void AddSimulateOptions(CLI::App& sub, ProveArguments& o);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_PROVE_H_
