#include "search/cost.h"

#include "core/script/verbs.h"

namespace vmtrunc::search {
namespace {

unsigned ArgumentsOf(const Event& e) {
  unsigned sum = 0;
  if (e.kind == EventKind::kBegin) sum += 1;
  if (e.kind == EventKind::kDrop) sum += e.count;
  sum += unsigned{e.file} + e.addr + e.len + e.new_addr + e.new_len + e.pgoff +
         e.fail_after;
  if (e.is_private) sum += 1;
  if (e.populate) sum += 1;
  if (HasAccess(e.verb) && !e.write) sum += 1;
  return sum;
}

uint64_t DeclarationsOf(const Setup& setup) {
  uint64_t sum = uint64_t{setup.count} + setup.tasks + setup.files +
                 setup.sizes[0] + setup.sizes[1] + setup.block - 1U + 32U -
                 setup.count_bits + (setup.tlb ? 1U : 0U);
  for (const FolioSetup& folios : setup.folios)
    sum += unsigned{folios.low} + folios.high + folios.min_order +
           (folios.shmem ? 1U : 0U) + (folios.pfn ? 1U : 0U) +
           (folios.hugetlb ? 1U : 0U);
  for (unsigned i = 0; i < setup.tasks; ++i)
    if (setup.mm_of[i] != i) sum += 1;
  return sum;
}

}  // namespace

Cost CostOf(const Draft& draft) {
  const auto& events = draft.events;
  Cost cost;
  cost.events = static_cast<unsigned>(events.size());
  cost.declarations = DeclarationsOf(draft.setup);
  for (size_t i = 0; i < events.size(); ++i) {
    if (i > 0 && events[i].task != events[i - 1].task) ++cost.switches;
    if (events[i].kind == EventKind::kDrop) ++cost.drops;
    cost.arguments += ArgumentsOf(events[i]);
  }
  return cost;
}

bool IsLess(const Draft& one, const Draft& other) {
  const auto order = CostOf(one) <=> CostOf(other);
  if (order != 0) return order < 0;
  if (one.events != other.events) return one.events < other.events;
  return one.setup < other.setup;
}

}  // namespace vmtrunc::search
