// The page cache of a file with folios, at one time and from row to row.
#ifndef VMTRUNC_REPORT_EXPLAIN_FOLIO_FACTS_H_
#define VMTRUNC_REPORT_EXPLAIN_FOLIO_FACTS_H_

#include <optional>
#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// A folio that has more than one page, or of which something is to be said.
struct FolioView {
  unsigned first = 0, last = 0;   // its pages
  std::vector<unsigned> pins;     // those by which a reference is held
  std::vector<unsigned> holders;  // tasks whose faults hold a reference
  std::optional<unsigned> locker;
  bool dirty = false;
  std::vector<unsigned> old;  // pages that still have what was cut off
  bool operator==(const FolioView&) const = default;
};

// The i_size by which a fault will map pages, read before.
struct SizeSample {
  unsigned task = 0, size = 0;
  bool operator==(const SizeSample&) const = default;
};

struct CacheView {
  unsigned size = 0;
  std::vector<FolioView> folios;
  std::vector<SizeSample> samples;
  bool operator==(const CacheView&) const = default;
};

// Whether folios and references matter for the file. If not, it is shown page
// by page.
bool ShowsFolios(const Story& story, unsigned file);

CacheView CacheOf(const Story& story, const World<LargeCaps>& world,
                  unsigned file);

// What the row does to folios, of the files of ShowsFolios().
std::vector<Fact> FolioFactsOf(const Story& story, size_t row);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_FOLIO_FACTS_H_
