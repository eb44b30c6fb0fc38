// What a search or random runs have reached of a problem, and what they never
// have.
#ifndef VMTRUNC_CLI_PROVE_REACHED_H_
#define VMTRUNC_CLI_PROVE_REACHED_H_

#include <nlohmann/json.hpp>

#include "search/reached.h"

namespace vmtrunc::cli {

// Of the phases that the problem's operations may have.
nlohmann::json PhasesJson(const search::Problem& problem,
                          const PhaseSet& entered);

// A line with the numbers, and one for each that was never entered. `all`:
// nothing else can be.
void PrintPhases(const search::Problem& problem, const PhaseSet& entered,
                 bool all);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_PROVE_REACHED_H_
