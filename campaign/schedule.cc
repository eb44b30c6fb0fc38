#include "campaign/schedule.h"

#include <algorithm>

#include "core/check.h"

namespace vmtrunc::campaign {

Schedule::Schedule(unsigned kernels, unsigned engines)
    : engines_(engines), arms_(size_t{kernels} * engines) {
  VMT_CHECK(!arms_.empty());
}

Pair Schedule::Choose(const std::vector<Pair>& running) {
  const auto pair_of = [&](size_t i) {
    return Pair{static_cast<unsigned>(i / engines_),
                static_cast<unsigned>(i % engines_)};
  };
  const auto is_free = [&](size_t i) {
    return std::find(running.begin(), running.end(), pair_of(i)) ==
           running.end();
  };
  const bool any_free = running.size() < arms_.size();
  const bool by_wait = ++choices_ % kEvery == 0;
  size_t best = arms_.size();
  const auto better = [&](const Arm& one, const Arm& other) {
    // Untried pairs come first, in the order of the lists.
    const bool is_new = one.last == 0, other_new = other.last == 0;
    if (is_new != other_new) return is_new;
    if (is_new) return false;
    const double rate = one.seconds > 0 ? one.worth / one.seconds : 0;
    const double than = other.seconds > 0 ? other.worth / other.seconds : 0;
    if (!by_wait && rate != than) return rate > than;
    return one.last < other.last;
  };
  for (size_t i = 0; i < arms_.size(); ++i)
    if ((!any_free || is_free(i)) &&
        (best == arms_.size() || better(arms_[i], arms_[best])))
      best = i;
  if (best == arms_.size()) best = 0;  // more jobs than pairs
  arms_[best].last = choices_;
  return pair_of(best);
}

void Schedule::Note(Pair pair, const Gain& gain, double seconds) {
  Arm& arm = arms_[pair.kernel * engines_ + pair.engine];
  arm.worth = arm.worth * kFade + gain.Worth();
  arm.seconds = arm.seconds * kFade + seconds;
  arm.all_seconds += seconds;
  ++arm.slices;
  if (arm.last == 0) arm.last = ++choices_;
}

double Schedule::Rate(Pair pair) const {
  const Arm& arm = At(pair);
  return arm.seconds > 0 ? arm.worth / arm.seconds : 0;
}

}  // namespace vmtrunc::campaign
