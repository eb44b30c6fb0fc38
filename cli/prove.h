// vmtrunc prove: what it was asked, and how it says what came of it.
#ifndef VMTRUNC_CLI_PROVE_H_
#define VMTRUNC_CLI_PROVE_H_

#include <nlohmann/json.hpp>
#include <string>

#include "cli/bound.h"
#include "core/rules.h"
#include "fuzz/prove.h"

namespace vmtrunc {

struct ProveArguments {
  BoundArguments bound;
  std::string kernel, from, property, out, checkpoint, abstract_to, shard,
      answers, join;
  bool whole = false, steps = false, reduce = false, exact = false,
       abstract = false, lasso = false, json = false;
};

struct Asked {
  Problem problem;   // whole
  std::string what;  // "bound tiny", "the operations of FILE"
  std::string kernel;
  Rules rules;
};

const char* Word(Answer answer);

// Whether one of the three searches was asked for.
bool OneSearch(const ProveArguments& o);

nlohmann::json ToJson(const Asked& asked, const ProveArguments& o,
                      const ProveResult& result, double seconds);
void Print(const Asked& asked, const ProveArguments& o,
           const ProveResult& result, double seconds);

// Looks for a lasso instead. Returns the exit status.
int FindIt(const ProveArguments& o, const Asked& asked);

}  // namespace vmtrunc

#endif  // VMTRUNC_CLI_PROVE_H_
