// What processors may still use after a pte has gone, at one time and from row
// to row: translations, gathers and frames. Of scripts that say tlb.
#ifndef VMTRUNC_REPORT_EXPLAIN_TLB_FACTS_H_
#define VMTRUNC_REPORT_EXPLAIN_TLB_FACTS_H_

#include <optional>
#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// A translation that outlives its pte.
struct TranslationView {
  unsigned mm = 0, addr = 0;
  unsigned owner = 0;                // of the mm
  std::optional<PageName> made_for;  // none: a private copy, or not followed
  std::optional<unsigned> frame;     // its number, once the page has left
  bool writable = false;
  FrameUse use;  // what it leads to
  bool operator==(const TranslationView&) const = default;
};

// What a task has to flush, and the frames that it frees after that.
struct GatherView {
  unsigned task = 0, mm = 0;
  unsigned owner = 0;  // of the mm
  // The addresses that it owes a flush of, inclusive; none if first > last.
  unsigned first = 1, last = 0;
  unsigned frames = 0;
  std::vector<PageName> pages;  // those of the frames that are in the cache
  bool is_full = false;
  bool is_move = false;  // no gather: a mremap that has moved its pages
  bool operator==(const GatherView&) const = default;
};

// A frame with a number.
struct FrameView {
  unsigned number = 0;
  std::optional<PageName> was;  // the page whose frame it was
  FrameUse use;
  bool operator==(const FrameView&) const = default;
};

struct TlbView {
  std::vector<TranslationView> translations;
  std::vector<GatherView> gathers;
  std::vector<FrameView> frames;
  bool operator==(const TlbView&) const = default;
};

// Whether the script follows translations. If not, nothing is shown of them.
bool ShowsTlb(const Story& story);

// In `world`, which is that after the row or the one before it.
TlbView TlbOf(const Story& story, const World<LargeCaps>& world, size_t row);

// What leads to a frame that is not its page's any more.
bool IsStale(const FrameUse& use);

// The view of the translation at that address, if there is one.
std::optional<TranslationView> TranslationAt(const TlbView& view, unsigned mm,
                                             unsigned addr);

// What the row does to the TLB, to frames and to memory of a device.
std::vector<Fact> TlbFactsOf(const Story& story, size_t row);

// Whether the step begins with a flush or with freeing: that is reported first.
bool TlbComesFirst(const StoryRow& row);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_TLB_FACTS_H_
