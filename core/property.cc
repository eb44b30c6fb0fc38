#include "core/property.h"

#include <array>

#include "core/check.h"

namespace vmtrunc {
namespace {

constexpr std::array<PropertyInfo, kProperties> kInfos = {{
    {"no-page-past-size",
     "when a truncation's last pass ends, and whenever no truncation is in "
     "flight, no pte maps a page at or past i_size"},
    {"no-removed-page-mapped",
     "a page that is removed from the page cache is mapped by no pte, then or "
     "later"},
    {"no-over-unmap", "a pass leaves ptes outside its range alone"},
    {"restart-progress", "a pass scans no address twice without a reason"},
    {"bounded-drops",
     "a pass drops its lock at most once for each block and vma of its work"},
    {"count-is-a-count",
     "a pass's count is not page-aligned, and every vma in range carries it "
     "when the walk ends"},
    {"index-agrees",
     "when i_mmap_lock is free, the tree holds each vma once, where its "
     "geometry says; of a vma that has just moved, after each step"},
    {"vmas-well-formed",
     "vmas are sorted, apart, not empty, never shifted; ptes lie inside them; "
     "mapcounts equal the ptes"},
    {"lock-order",
     "locks are taken in the kernel's order, nobody sleeps under a spinlock, "
     "and an operation that has ended holds none"},
    {"no-deadlock", "some task can always move until all are done"},
    {"no-freed-use", "nothing freed is used"},
    {"sigbus-past-eof",
     "while no truncation is in flight, an access at or past i_size is not "
     "served"},
    {"maps-own-page",
     "a pte of a linear vma maps the page of the file that belongs there"},
    {"no-cached-page-past-size",
     "when a truncation ends, no folio begins at or past i_size (kernels with "
     "large folios)"},
    {"grown-pages-are-zero",
     "when a file grows, and when a punch ends, no page in there shows what "
     "was cut off (kernels with large folios)"},
    {"nothing-lost-outside-range",
     "a truncation or a punch removes no dirty large folio with pages outside "
     "its range"},
    {"fault-in-own-vma",
     "a fault sets a pte only under a vma that is of its mm, not detached, "
     "holds the address, is in i_mmap and is not locked by a writer"},
    {"no-data-race",
     "a pass writes counts only while it holds i_mmap_lock alone"},
}};

constexpr BreachInfo kBreaches[] = {
#define VMTRUNC_BREACH(name, property, words) \
  {Breach::name, Property::property, words},
    VMTRUNC_BREACHES(VMTRUNC_BREACH)
#undef VMTRUNC_BREACH
};

}  // namespace

std::span<const PropertyInfo> AllProperties() { return kInfos; }

const char* Name(Property property) {
  return AllProperties()[static_cast<size_t>(property)].name;
}

int PropertyNumber(std::string_view name) {
  int number = 0;
  while (number < kProperties &&
         name != kInfos[static_cast<size_t>(number)].name)
    ++number;
  return number;
}

const BreachInfo& InfoOf(Breach breach) {
  VMT_CHECK(breach != Breach::kNone);
  return kBreaches[static_cast<size_t>(breach) - 1];
}

std::string FormOf(Breach breach) {
  if (breach == Breach::kNone) return "";
  return InWords(breach, [](std::string_view of, size_t) {
    if (of == "n") return std::string("N");
    if (of == "pages") return std::string("N pages");
    return std::string(of) + " N";
  });
}

std::string Violation::ToString() const {
  return InWords(breach, [this](std::string_view of, size_t value) {
    return Numbered(of, values[value]);
  });
}

std::string Numbered(std::string_view of, unsigned value) {
  std::string number = std::to_string(value);
  if (of == "n") return number;
  if (of == "pages") return number + (value == 1 ? " page" : " pages");
  return std::string(of) + " " + number;
}

}  // namespace vmtrunc
