#include "search/set_cover.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/check.h"
#include "search/solver.h"

namespace vmtrunc::search {
namespace {

using Sets = std::vector<std::vector<uint32_t>>;

// The remaining choice. Covered elements, and sets that are chosen or useless,
// are empty.
class Core {
 public:
  explicit Core(const CoverProblem& problem)
      : sets_(problem.sets), weights_(problem.weights) {
    uint32_t elements = 0;
    for (const auto& set : sets_)
      if (!set.empty()) elements = std::max(elements, set.back() + 1);
    holders_.resize(elements);
    for (uint32_t i = 0; i < sets_.size(); ++i)
      for (const uint32_t element : sets_[i]) holders_[element].push_back(i);
  }

  // Chooses forced sets and removes needless ones until nothing changes.
  void Reduce() {
    bool changed = true;
    while (changed) {
      changed = TakeEssential();
      changed |= DropElements();
      changed |= DropSets();
    }
  }

  const std::vector<uint32_t>& chosen() const { return chosen_; }
  const Sets& sets() const { return sets_; }
  const Sets& holders() const { return holders_; }

 private:
  static bool Contains(const std::vector<uint32_t>& outer,
                       const std::vector<uint32_t>& inner) {
    return std::includes(outer.begin(), outer.end(), inner.begin(),
                         inner.end());
  }
  static void Remove(std::vector<uint32_t>& from, uint32_t value) {
    from.erase(std::lower_bound(from.begin(), from.end(), value));
  }

  void ForgetElement(uint32_t element) {
    for (const uint32_t set : holders_[element]) Remove(sets_[set], element);
    holders_[element].clear();
  }
  void ForgetSet(uint32_t set) {
    for (const uint32_t element : sets_[set]) Remove(holders_[element], set);
    sets_[set].clear();
  }

  // An element that only one set has.
  bool TakeEssential() {
    bool changed = false;
    for (uint32_t element = 0; element < holders_.size(); ++element) {
      if (holders_[element].size() != 1) continue;
      const uint32_t set = holders_[element].front();
      chosen_.push_back(set);
      for (const uint32_t covered : std::vector<uint32_t>(sets_[set]))
        ForgetElement(covered);
      changed = true;
    }
    return changed;
  }

  // An element that is in all sets of another: covering that covers it.
  bool DropElements() {
    bool changed = false;
    for (uint32_t one = 0; one < holders_.size(); ++one) {
      if (holders_[one].empty()) continue;
      // The other is in each set that holds `one`; look in the smallest.
      uint32_t least = holders_[one].front();
      for (const uint32_t set : holders_[one])
        if (sets_[set].size() < sets_[least].size()) least = set;
      for (const uint32_t other : std::vector<uint32_t>(sets_[least]))
        if (other != one && holders_[other].size() >= holders_[one].size() &&
            Contains(holders_[other], holders_[one])) {
          ForgetElement(other);
          changed = true;
        }
    }
    return changed;
  }

  // A set that is part of another with no more weight.
  bool DropSets() {
    bool changed = false;
    for (uint32_t one = 0; one < sets_.size(); ++one) {
      if (sets_[one].empty()) continue;
      uint32_t rarest = sets_[one].front();
      for (const uint32_t element : sets_[one])
        if (holders_[element].size() < holders_[rarest].size())
          rarest = element;
      for (const uint32_t other : holders_[rarest]) {
        if (other == one || sets_[other].size() < sets_[one].size()) continue;
        const bool equal = sets_[other].size() == sets_[one].size() &&
                           weights_[other] == weights_[one];
        if (weights_[other] > weights_[one] || (equal && other > one) ||
            !Contains(sets_[other], sets_[one]))
          continue;
        ForgetSet(one);
        changed = true;
        break;
      }
    }
    return changed;
  }

  Sets sets_;
  const std::vector<uint64_t> weights_;
  Sets holders_;  // for each element the sets that have it, ascending
  std::vector<uint32_t> chosen_;
};

// Repeatedly takes the set that adds most, of those the lightest; then removes
// sets that turned out unnecessary.
std::vector<uint32_t> Greedy(const Sets& sets, const Sets& holders,
                             const std::vector<uint64_t>& weights) {
  std::vector<uint32_t> chosen;
  std::vector<uint32_t> covered(holders.size());
  std::vector<size_t> adds(sets.size());
  for (size_t i = 0; i < sets.size(); ++i) adds[i] = sets[i].size();
  for (;;) {
    size_t best = 0;
    for (size_t i = 1; i < sets.size(); ++i)
      if (adds[i] > adds[best] ||
          (adds[i] == adds[best] && weights[i] < weights[best]))
        best = i;
    if (sets.empty() || adds[best] == 0) break;
    chosen.push_back(static_cast<uint32_t>(best));
    for (const uint32_t element : sets[best])
      if (covered[element]++ == 0)
        for (const uint32_t set : holders[element]) --adds[set];
  }
  std::sort(chosen.begin(), chosen.end(), [&](uint32_t a, uint32_t b) {
    return weights[a] != weights[b] ? weights[a] > weights[b] : a < b;
  });
  std::erase_if(chosen, [&](uint32_t set) {
    const bool needed =
        std::any_of(sets[set].begin(), sets[set].end(),
                    [&](uint32_t element) { return covered[element] == 1; });
    if (!needed)
      for (const uint32_t element : sets[set]) --covered[element];
    return !needed;
  });
  return chosen;
}

// Each set costs 1 plus its share of all weights, which sums to less than 1:
// the number of sets has priority.
std::vector<double> Costs(const std::vector<uint32_t>& columns,
                          const std::vector<uint64_t>& weights) {
  double sum = 1;
  for (const uint32_t set : columns) sum += static_cast<double>(weights[set]);
  std::vector<double> costs;
  for (const uint32_t set : columns)
    costs.push_back(1 + static_cast<double>(weights[set]) / sum);
  return costs;
}

// The problem for the solver: a column for each set, a row for each remaining
// element.
BinaryProgram ProgramOf(const Core& core, const std::vector<uint32_t>& columns,
                        const std::vector<double>& costs) {
  std::vector<int> row_of(core.holders().size(), -1);
  int rows = 0;
  for (size_t element = 0; element < row_of.size(); ++element)
    if (!core.holders()[element].empty()) row_of[element] = rows++;
  BinaryProgram program;
  program.rows = rows;
  program.costs = costs;
  for (const uint32_t set : columns) {
    for (const uint32_t element : core.sets()[set])
      program.elements.push_back(row_of[element]);
    program.starts.push_back(static_cast<int>(program.elements.size()));
  }
  return program;
}

bool Covers(const Core& core, const std::vector<uint32_t>& chosen) {
  std::vector<bool> covered(core.holders().size());
  for (const uint32_t set : chosen)
    for (const uint32_t element : core.sets()[set]) covered[element] = true;
  for (size_t element = 0; element < covered.size(); ++element)
    if (!covered[element] && !core.holders()[element].empty()) return false;
  return true;
}

// Adds the solver's choice to that of the reductions.
void Solve(const Core& core, const std::vector<uint64_t>& weights,
           const Solver& solver, double seconds, CoverResult& result) {
  std::vector<uint32_t> columns;
  for (uint32_t i = 0; i < core.sets().size(); ++i)
    if (!core.sets()[i].empty()) columns.push_back(i);
  result.left = columns.size();
  std::vector<uint32_t> best = Greedy(core.sets(), core.holders(), weights);
  if (columns.empty()) {
    result.at_least = result.forced;
    result.is_proved = true;
    return;
  }
  const std::vector<double> costs = Costs(columns, weights);
  const auto cost = [&](const std::vector<uint32_t>& chosen) {
    double sum = 0;
    for (const uint32_t set : chosen)
      sum += costs[static_cast<size_t>(
          std::lower_bound(columns.begin(), columns.end(), set) -
          columns.begin())];
    return sum;
  };
  const Solution solution =
      solver.Minimise(ProgramOf(core, columns, costs), seconds);
  std::vector<uint32_t> found;
  for (size_t i = 0; i < solution.is_chosen.size(); ++i)
    if (solution.is_chosen[i]) found.push_back(columns[i]);
  const bool whole = Covers(core, found);
  result.is_proved = solution.is_optimal && whole;
  if (whole && cost(found) < cost(best)) best = std::move(found);
  // A cover costs less than one more than it has sets.
  const double bound = std::floor(solution.at_least - 1e-9);
  result.at_least =
      result.forced + (result.is_proved
                           ? best.size()
                           : static_cast<size_t>(std::max(0.0, bound)));
  result.chosen.insert(result.chosen.end(), best.begin(), best.end());
}

}  // namespace

CoverResult SmallestCover(const CoverProblem& problem, const Solver& solver,
                          double seconds) {
  VMT_CHECK(problem.sets.size() == problem.weights.size());
  Core core(problem);
  CoverResult result;
  result.greedy = Greedy(core.sets(), core.holders(), problem.weights).size();
  core.Reduce();
  result.chosen = core.chosen();
  result.forced = core.chosen().size();
  Solve(core, problem.weights, solver, seconds, result);
  std::sort(result.chosen.begin(), result.chosen.end());
  return result;
}

}  // namespace vmtrunc::search
