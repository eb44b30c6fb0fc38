// How a pass missed a page, as data: the content of escape.h's sentences.
#ifndef VMTRUNC_REPORT_EXPLAIN_ACCOUNT_H_
#define VMTRUNC_REPORT_EXPLAIN_ACCOUNT_H_

#include <optional>
#include <utility>
#include <vector>

#include "report/explain/victim.h"

namespace vmtrunc::report {

// A fact, and its steps, inclusive.
struct DatedFact {
  Fact fact;
  unsigned first_step = 0, last_step = 0;
};

// Actions of other tasks in one event. 0: at the end.
struct Meanwhile {
  unsigned event = 0;
  std::vector<DatedFact> deeds;
};

// A mark that another pass has left.
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
  // Why the pass missed the page.
  enum class How : uint8_t {
    // The page was mapped there after the scan, or for the first time.
    kComesBack,
    // The struct is the noted one, and the page there is the noted one.
    kByPointer,
    kByOtherPage,  // the struct is the noted one, the page there is not
    kByRestart,    // a restart address was trusted
    kByStamp,      // the vma was marked as scanned
    kScanned,      // it scans the address and leaves the page
    kOutOfRange,   // a nonlinear vma, where only linear ones are scanned
    kNeverThere,   // the walk never reaches a vma that has it
    kLeftOut,      // it reaches the vma and skips the address
  };
  How how = How::kNeverThere;
  bool is_moved = false;  // mremap has moved the page there: reported first
  // kByPointer, kByOtherPage: the struct was freed after the drop, and is
  // another vma's now.
  bool is_reused = false;
  // At the last drop before that: what the pass keeps or leaves.
  std::optional<RestartNote> note;
  std::optional<VmaFact> noted;  // the vma in the slot of the note
  std::vector<LeftCount> left;
  std::vector<Meanwhile> meanwhile;  // after that
  std::optional<OlderMark> older;    // kByRestart: the pass that wrote the mark
  // kComesBack: where its page table moves as a whole, and where the pass finds
  // none because of that.
  std::vector<DatedFact> tables;
};

Account AccountOf(const Story& story, const Victim& victim,
                  const Escape& escape);

// The row at which the page that stayed mapped leaves the page cache.
std::optional<size_t> GoneAt(const Story& story);

// An address that a pass scans again, if that is the violation.
struct Twice {
  size_t first = 0;  // the row of the previous scan
  unsigned owner = 0, addr = 0;
  // The counts that others changed between the scans.
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
