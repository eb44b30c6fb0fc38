// Chooses the kernel and engine of the next slice of a campaign: the pair with
// the highest recent gain a second, and sometimes the others.
#ifndef VMTRUNC_CAMPAIGN_SCHEDULE_H_
#define VMTRUNC_CAMPAIGN_SCHEDULE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace vmtrunc::campaign {

// The coverage of a slice that the kernel's corpus did not have.
struct Gain {
  unsigned states = 0;    // abstract states
  unsigned features = 0;  // branches, with how often they are taken
  unsigned causes = 0;    // root causes of violations

  // A number by which slices are compared. A state is rarer than a branch taken
  // more often; a root cause is the goal.
  double Worth() const { return 100.0 * causes + 10.0 * states + features; }
};

struct Pair {
  unsigned kernel = 0, engine = 0;  // indices in the campaign's lists
  bool operator==(const Pair&) const = default;
};

// Invariants:
//   1  a pair's rate is the worth of its slices over their seconds, a slice
//      counting kFade times as much as the one after it
//   2  no pair waits for more than kEvery * (number of pairs) slices
class Schedule {
 public:
  static constexpr double kFade = 0.5;
  // One of so many choices goes to the pair that has waited longest.
  static constexpr unsigned kEvery = 4;

  Schedule(unsigned kernels, unsigned engines);

  // `running`: pairs that a job is working on; they are chosen again only if
  // there are no others. A call counts as a choice, so the next may differ.
  Pair Choose(const std::vector<Pair>& running);
  // Records a slice of so many seconds. A campaign that resumes records all
  // slices again, in order, without calling Choose().
  void Note(Pair pair, const Gain& gain, double seconds);

  double Rate(Pair pair) const;  // worth a second
  unsigned Slices(Pair pair) const { return At(pair).slices; }
  double Seconds(Pair pair) const { return At(pair).all_seconds; }

 private:
  struct Arm {
    double worth = 0, seconds = 0;  // faded
    double all_seconds = 0;
    unsigned slices = 0;
    uint64_t last = 0;  // number of its last choice; 0: none
  };
  const Arm& At(Pair pair) const {
    return arms_[pair.kernel * engines_ + pair.engine];
  }

  unsigned engines_;
  std::vector<Arm> arms_;
  uint64_t choices_ = 0;
};

}  // namespace vmtrunc::campaign

#endif  // VMTRUNC_CAMPAIGN_SCHEDULE_H_
