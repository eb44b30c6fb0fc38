// Runs sequential scripts on the model and on the running kernel, and compares
// them after every event.
#ifndef VMTRUNC_LIVE_COMPARE_H_
#define VMTRUNC_LIVE_COMPARE_H_

#include <array>
#include <atomic>
#include <map>
#include <string>

#include "base/random.h"
#include "core/model/machine.h"
#include "core/script/script.h"
#include "live/sequence.h"
#include "live/tasks.h"

namespace vmtrunc::live {

// Sequential events that mostly have an effect: by existing tasks, around
// mapped ranges, of one file or two. All of them can be played. With kTmpfs or
// kDisk the files are those, with folios of up to four pages. Requires: then
// the rules have large folios, and faults that map them whole.
enum class Files : uint8_t { kSmall, kTmpfs, kDisk };
Script RandomLive(base::Random& random, size_t events, const Rules& rules,
                  Files files = Files::kSmall);

// Counts the situations that the scripts reach.
class MergeProbe : public NoProbe<LargeCaps> {
 public:
  void Adjusts(unsigned merge_case) { ++cases_[merge_case]; }
  const std::array<uint64_t, 9>& cases() const { return cases_; }

 private:
  std::array<uint64_t, 9> cases_{};  // 0: a split or growth in place
};

struct CompareTotals {
  uint64_t scripts = 0;
  uint64_t events = 0;  // played
  uint64_t idle = 0;    // events without an effect
  uint64_t again =
      0;  // scripts played again: somebody else held a folio, or wrote it back
  uint64_t effects = 0;
  std::map<Verb, uint64_t> verbs;
};

class Comparison {
 public:
  // `dir`: of files with large folios that are not of tmpfs, or "". Requires:
  // `stop` outlives this.
  Comparison(const Rules& rules, const std::atomic<bool>& stop,
             const std::string& dir = "")
      : rules_(rules), stop_(stop), live_(stop, dir) {}

  // Returns the difference, or "". `at` is set to the number of events played
  // by then. One that a reference of somebody else would explain is no
  // difference if the script, played again a few times, does not show it.
  // Requires: the script's sequence, with these rules and not refused.
  // Throws LiveError, and LiveStopped between two events once `stop` is true.
  std::string Compare(const Script& script, const Sequence& sequence,
                      size_t& at);

  const CompareTotals& totals() const { return totals_; }
  const MergeProbe& probe() const { return probe_; }

 private:
  using World_ = World<LargeCaps>;

  std::string Play(const Script& script, const Sequence& sequence, size_t& at);
  std::string CompareTurn(World_& world,
                          Machine<LargeCaps, MergeProbe>& machine,
                          const Script& script, const Sequence& sequence,
                          const Turn& turn);
  std::string CompareViews(const World_& world);
  std::string CompareTouch(const World_& world, const Request& request,
                           const Reply& reply);

  Rules rules_;
  const std::atomic<bool>& stop_;
  LiveTasks live_;
  MergeProbe probe_;
  CompareTotals totals_;
  bool held_ = false;    // somebody else's reference explains the difference
  uint8_t value_ = 100;  // the value of the next write
  // Values of the files' pages.
  std::array<std::array<uint8_t, LargeCaps::kFilePages>, 2> values_{};
};

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_COMPARE_H_
