// Which kernel and engine the next slice of a campaign goes to: what has paid
// most per second of late, and the others now and then.
#ifndef VMTRUNC_CAMPAIGN_SCHEDULE_H_
#define VMTRUNC_CAMPAIGN_SCHEDULE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace vmtrunc::campaign {

// What a slice brought that the kernel's corpus did not have.
struct Gain {
  unsigned states = 0;    // abstract states
  unsigned features = 0;  // branches, by how often they were taken
  unsigned causes = 0;    // of violations

  // One number, to compare slices by. A state is a rarer thing than a branch
  // taken once more; a cause is what all is done for.
  double Worth() const { return 100.0 * causes + 10.0 * states + features; }
};

struct Pair {
  unsigned kernel = 0, engine = 0;  // numbers, of the campaign's lists
  bool operator==(const Pair&) const = default;
};

// Invariants:
//   1  a pair's rate is the worth of its slices over their seconds, a slice
//      counting kFade times as much as the one after it
//   2  no pair waits for more than kEvery * (number of pairs) slices
class Schedule {
 public:
  static constexpr double kFade = 0.5;
  // Of so many choices one goes to the pair that has waited longest.
  static constexpr unsigned kEvery = 4;

  Schedule(unsigned kernels, unsigned engines);

  // `running`: pairs that a job is at; they are chosen again only when there
  // are no others. It counts as a choice, so that the next may differ.
  Pair Choose(const std::vector<Pair>& running);
  // A slice of so many seconds has ended. Of a campaign that resumes all
  // slices are noted again, in their order: then Choose() was not called.
  void Note(Pair pair, const Gain& gain, double seconds);

  double Rate(Pair pair) const;  // worth a second
  unsigned Slices(Pair pair) const { return At(pair).slices; }
  double Seconds(Pair pair) const { return At(pair).all_seconds; }

 private:
  struct Arm {
    double worth = 0, seconds = 0;  // faded
    double all_seconds = 0;
    unsigned slices = 0;
    uint64_t last = 0;  // the choice that it had last; 0: none
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
