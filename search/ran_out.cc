#include "search/prove.h"

namespace vmtrunc::search {

const char* Words(RanOut ran_out) {
  switch (ran_out) {
    case RanOut::kNothing:
      return "";
    case RanOut::kStopped:
      return "it was stopped";
    case RanOut::kTime:
      return "of time";
    case RanOut::kMemory:
      return "of memory";
    case RanOut::kStates:
      return "of states";
    case RanOut::kNumbers:
      return "of state numbers";
  }
  return "";
}

RanOut WhyToStop(const ProveOptions& options) {
  if (options.stop != nullptr && options.stop->load()) return RanOut::kStopped;
  if (options.until != ProveOptions::Clock::time_point::max() &&
      ProveOptions::Clock::now() >= options.until)
    return RanOut::kTime;
  return RanOut::kNothing;
}

}  // namespace vmtrunc::search
