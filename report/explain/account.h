// How a page escaped a pass, as data: what the sentences of escape.h tell.
#ifndef VMTRUNC_REPORT_EXPLAIN_ACCOUNT_H_
#define VMTRUNC_REPORT_EXPLAIN_ACCOUNT_H_

#include <optional>
#include <utility>
#include <vector>

#include "report/explain/victim.h"

namespace vmtrunc::report {

// A fact, and the steps in which it happened, inclusive.
struct DatedFact {
  Fact fact;
  unsigned first_step = 0, last_step = 0;
};

// What others did to vmas in one event. 0: at the end.
struct Meanwhile {
  unsigned event = 0;
  std::vector<DatedFact> deeds;
};

// A mark that another pass has left, and this one has not.
struct OlderMark {
  size_t row = 0;     // at which it dropped the lock
  uint32_t pass = 0;  // its count
  VmaFact vma;
};

// What a pass leaves in the count of a vma.
struct LeftCount {
  VmaFact vma;
  CountFact count;
};

struct Account {
  // Why the pass did not take the page.
  enum class How : uint8_t {
    kComesBack,  // it came there after the scan, or where there was none
    kByPointer,  // the struct is the one in the note, and so is the page there
    kByOtherPage,  // the struct is, and the page there is another
    kByRestart,    // a restart address was believed
    kByStamp,      // the vma was marked as scanned
    kScanned,      // it scans the address and leaves the page
    kOutOfRange,  // a nonlinear vma, looked at where a linear one has the range
    kNeverThere,  // the walk never comes to a vma that has it
    kLeftOut,     // it comes to the vma and leaves the address out
  };
  How how = How::kNeverThere;
  bool is_moved = false;   // mremap has moved the page there: that comes first
  bool is_reused = false;  // kByPointer, kByOtherPage: the struct was freed
                           // after the drop, and is another vma's now
  // At the last drop before that: what the pass keeps or leaves.
  std::optional<RestartNote> note;
  std::optional<VmaFact> noted;  // the vma in the slot of the note
  std::vector<LeftCount> left;
  std::vector<Meanwhile> meanwhile;  // from there on
  std::optional<OlderMark> older;    // kByRestart: whose the mark is
};

Account AccountOf(const Story& story, const Victim& victim,
                  const Escape& escape);

// The row at which the page that stayed mapped leaves the page cache.
std::optional<size_t> GoneAt(const Story& story);

// An address that a pass scans again, where that is what breaks.
struct Twice {
  size_t first = 0;  // the row of the scan before
  unsigned owner = 0, addr = 0;
  // The counts that others changed in between.
  struct Written {
    size_t row = 0;
    VmaFact vma;
    CountFact before, after;
  };
  std::vector<Written> between;
};
std::optional<Twice> TwiceOf(const Story& story);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_ACCOUNT_H_
