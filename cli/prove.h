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
  std::string kernel, from, property, out, checkpoint, abstract_to, shard,
      answers, join;
  bool whole = false, steps = false, reduce = false, exact = false,
       abstract = false, lasso = false, self_check = false, json = false;
};

struct Asked {
  search::Problem problem;  // whole
  std::string what;         // "bound tiny", "the operations of FILE"
  Within within;            // the same as a description
  KernelSpec kernel;
  Rules rules;
};

const char* Word(search::Answer answer);

// The properties that count, a bit each. Throws UsageError.
uint32_t PropertiesOf(const ProveArguments& o);

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

// Searches for a lasso instead. Returns the exit status.
int FindIt(const ProveArguments& o, const Asked& asked);

// Searches for an error of the search itself instead. Returns the exit status.
int CheckItself(const ProveArguments& o, const Asked& asked);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_PROVE_H_
