// What a search or random runs have reached of a problem, and what they never
// have.
#ifndef VMTRUNC_CLI_PROVE_REACHED_H_
#define VMTRUNC_CLI_PROVE_REACHED_H_

#include <nlohmann/json.hpp>

#include "search/reached.h"

namespace vmtrunc::cli {

// What phases that were entered are: all that can be; those of a search or of
// runs that did not see all; those of a search that is reduced. Of steps that
// commute it takes one order, and may leave out a wait that another has.
enum class SeenPhases : uint8_t { kAll, kSoFar, kOfSomeOrders };

// Of the phases that the problem's operations may have.
nlohmann::json PhasesJson(const search::Problem& problem,
                          const PhaseSet& entered, SeenPhases seen);

// A line with the numbers, and one for each that was never entered.
void PrintPhases(const search::Problem& problem, const PhaseSet& entered,
                 SeenPhases seen);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_PROVE_REACHED_H_
