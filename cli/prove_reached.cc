#include "cli/prove_reached.h"

#include <iostream>

#include "absl/strings/str_format.h"

namespace vmtrunc::cli {
namespace {

// Calls f(list, phase) for each phase of the set.
template <class F>
void ForPhases(const PhaseSet& phases, F f) {
  size_t number = 0;
  for (const PhaseList& list : PhaseLists())
    for (const PhaseInfo& phase : list.points)
      if (phases.test(number++)) f(list, phase);
}

}  // namespace

nlohmann::json PhasesJson(const search::Problem& problem,
                          const PhaseSet& entered, SeenPhases seen) {
  const PhaseSet may = search::PhasesOf(problem);
  nlohmann::json never = nlohmann::json::array();
  ForPhases(may & ~entered, [&](const PhaseList& list, const PhaseInfo& phase) {
    never.push_back({{"of", list.of}, {"phase", phase.phase}});
    if (*phase.name != 0) never.back()["at"] = phase.name;
  });
  return {{"entered", (may & entered).count()},
          {"in_all", may.count()},
          {"all", seen == SeenPhases::kAll},
          {"never", never}};
}

void PrintPhases(const search::Problem& problem, const PhaseSet& entered,
                 SeenPhases seen) {
  const PhaseSet may = search::PhasesOf(problem);
  std::cout << absl::StreamFormat(
      "%d of the %d phases of these operations were entered%s\n",
      (may & entered).count(), may.count(),
      seen == SeenPhases::kAll     ? ", and no other is"
      : seen == SeenPhases::kSoFar ? " so far"
                                   : " by the orders of a reduced search; "
                                     "--steps or --whole searches all");
  ForPhases(may & ~entered, [](const PhaseList& list, const PhaseInfo& phase) {
    std::cout << absl::StreamFormat("never entered: %s: %s", list.of,
                                    phase.phase);
    if (*phase.name != 0) std::cout << " (" << phase.name << ")";
    std::cout << "\n";
  });
}

}  // namespace vmtrunc::cli
