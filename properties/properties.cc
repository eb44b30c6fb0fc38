#include "properties/properties.h"

#include <cstring>

#include "absl/strings/str_format.h"
#include "core/run/run.h"
#include "properties/atomic.h"
#include "properties/restart.h"
#include "properties/runs.h"
#include "properties/split.h"

namespace vmtrunc::properties {
namespace {

// One of the model's own properties (core/run/checker.h).
template <Property kProperty>
std::string Holds(const Script& script, const Rules& rules, const Rules&) {
  const RunResult result = Run<LargeCaps>(
      script, rules, {.hash_state = false, .report = Bit(kProperty)});
  if (!result.breaks(kProperty)) return "";
  return absl::StrFormat("event %u: %s", result.first.event,
                         result.first.ToString());
}

// 2.6.11 past what is known of it, without the mutex around a pass (HB-36).
constexpr const char* kUnserialized =
    "2.6.11+pass-clears-restarts+mremap-always-resets+relock-resets";

constexpr ScriptProperty kScriptProperties[] = {
    {"no-page-past-size",
     "no page past i_size stays mapped, whatever runs while the lock is "
     "dropped",
     Holds<Property::kNoPagePastSize>, "2.6.11-importer-rescans", 3000},
    {"no-removed-page-mapped",
     "a page that is removed from the cache is mapped nowhere",
     Holds<Property::kNoRemovedPageMapped>, "2.6.23-fault-page-lock", 4000},
    {"no-over-unmap", "a pass touches nothing outside its range",
     Holds<Property::kNoOverUnmap>, "2.6.11-clip-to-range", 50},
    {"restart-progress", "a pass scans nothing twice without a reason",
     Holds<Property::kRestartProgress>, "2.6.38-unmap-mutex", 500},
    {"bounded-drops", "a pass ends within the lock drops that its work allows",
     Holds<Property::kBoundedDrops>, kUnserialized, 15000},
    {"count-is-a-count",
     "a pass's count is no address, and each vma in its range carries it at "
     "its end",
     Holds<Property::kCountIsACount>, "2.6.11-leap", 200},
    {"index-agrees", "the index holds each vma once, under its geometry",
     Holds<Property::kIndexAgrees>, "2.6.11-split-under-lock", 50},
    {"vmas-well-formed",
     "vmas are sorted, apart and never shifted, and ptes lie inside them",
     Holds<Property::kVmasWellFormed>, "2.6.11-merge-moves-pgoff", 500},
    {"lock-order",
     "locks are taken in order, nobody sleeps under a spinlock, and none is "
     "left over",
     Holds<Property::kLockOrder>, "2.6.11-punch-without-mmap-sem", 50},
    {"no-deadlock", "some task can always move until all are done",
     Holds<Property::kNoDeadlock>, "2.6.15-wide-offsets", 150000},
    {"no-freed-use", "nothing freed is used", Holds<Property::kNoFreedUse>,
     "2.6.15-unlink-before-tables", 8000},
    {"sigbus-past-eof", "an access past the end is not served",
     Holds<Property::kSigbusPastEof>, "6.18-map-respects-size", 2000},
    {"maps-own-page", "a pte maps the page that belongs there",
     Holds<Property::kMapsOwnPage>, "7.0-around-size-first", 20000},
    {"no-cached-page-past-size",
     "no folio past the end stays in the cache when a truncation ends",
     Holds<Property::kNoCachedPagePastSize>, "6.18-added-page-is-rechecked",
     100000},
    {"grown-pages-are-zero", "what was cut off does not show again",
     Holds<Property::kGrownPagesAreZero>, "6.1", 20000},
    {"nothing-lost-outside-range", "what lies outside the range is not lost",
     Holds<Property::kNothingLostOutsideRange>, "6.18-late-folio-is-split",
     50000},
    {"fault-in-own-vma", "a fault maps pages under its own vma alone",
     Holds<Property::kFaultInOwnVma>, "6.18-reader-checks-range", 400000},
    {"no-data-race", "a pass writes counts under a lock of its own",
     Holds<Property::kNoDataRace>, "6.18+stamp-vmas", 500},
    {"no-stale-tlb", "a frame that goes free is in no TLB",
     Holds<Property::kNoStaleTlb>, "5.4-move-flushes-before-unlock", 2000},
    {"no-freed-page-reachable", "no access reaches a page of somebody else",
     Holds<Property::kNoFreedPageReachable>, "5.4-move-flushes-before-unlock",
     10000},
    {"pass-leaves-no-tlb",
     "when a device's memory is revoked, no TLB has its pages",
     Holds<Property::kPassLeavesNoTlb>, "6.1-pfn-flush-before-unlink", 2000},
    {"done-is-unmapped",
     "what a pass takes for done has no page of its range mapped",
     Holds<Property::kDoneIsUnmapped>, "2.6.11-importer-rescans", 3000},
    {"restart-only-grows", "the restart address only grows within a pass",
     [](const Script& script, const Rules& rules, const Rules&) {
       return RestartGoesBack(script, rules);
     },
     "2.6.11-restart-in-vma", 5000},
    {"same-as-atomic",
     "where all orders of whole operations give one state, so do their parts",
     [](const Script& script, const Rules& rules, const Rules&) {
       return SameAsAtomic(script, rules).difference;
     },
     "2.6.11-mremap-resets", 5000},
    {"split-then-merge", "split then merge gives back the vma", SplitThenMerge,
     "2.6.11-account-blocks-merge", 300, "2.6.11"},
    {"forms-agree", "text and bytes say the same script", FormsAgree, "2.6.11",
     50, "2.6.11-clip-to-range"},
    {"sublists-run", "every sublist of a script runs, twice the same",
     SublistsRun, "2.6.11-merge-moves-pgoff", 500},
    {"copy-goes-on", "a copy of the world runs on as the world does",
     CopyGoesOn, "2.6.11", 50, "2.6.11-clip-to-range"},
    {"any-order-declares",
     "the same script gives the same state in any order of its declarations",
     AnyOrderDeclares, "2.6.11", 50, "2.6.11-clip-to-range"},
    {"flip-alone-breaks", "a kernel holds what the flip of a rule violates",
     FlipAloneBreaks, kUnserialized, 5000},
};

// The rules that look past what is known of a kernel.
constexpr const char* k2611 =
    "2.6.11+unmap-mutex+pass-clears-restarts+mremap-always-resets"
    "+relock-resets";
constexpr const char* k2615 =
    "2.6.15+unmap-mutex+pass-clears-restarts+mremap-always-resets";
constexpr const char* k2623 = "2.6.23+unmap-mutex+pass-clears-restarts";
constexpr const char* k2638 = "2.6.38+pass-clears-restarts";
constexpr const char* k618 =
    "6.18+found-page-is-rechecked-shmem-maps-past-size+around-size-first"
    "+around-size-again+mkwrite-checks-page+kept-folio-is-zeroed";

constexpr const char* kKernels[] = {
    "2.6.10", "2.6.9-mm", "2.6.11", "2.6.15", "2.6.23", "2.6.38", "3.0",
    "6.18",   "repaired", k2611,    k2615,    k2623,    k2638,    k618};

// What is known to break, and why: F1, F2 of docs/findings.md, HB-nn of
// `vmtrunc bugs`. What stands here is run and reported.
struct Known {
  const char* name;
  const char* kernel;
  const char* why;
};
constexpr const char* kPast = "no-page-past-size";
constexpr const char* kRemoved = "no-removed-page-mapped";
constexpr const char* kSigbus = "sigbus-past-eof";
constexpr const char* kProgress = "restart-progress";
constexpr const char* kBounded = "bounded-drops";
constexpr const char* kGrows = "restart-only-grows";
constexpr const char* kAtomic = "same-as-atomic";
constexpr const char* kFlip = "flip-alone-breaks";
constexpr const char* kDone = "done-is-unmapped";
constexpr Known kKnown[] = {
    {kRemoved, "2.6.10", "HB-23 HB-27"},
    {kAtomic, "2.6.10", "HB-23 HB-27"},
    {kFlip, "2.6.10", "HB-23 HB-27"},
    {kPast, "2.6.9-mm", "F3 HB-07"},
    {kSigbus, "2.6.9-mm", "F3 HB-07"},
    {kRemoved, "2.6.9-mm", "F3 HB-07 HB-23 HB-27"},
    {kProgress, "2.6.9-mm", "HB-18"},
    {kBounded, "2.6.9-mm", "HB-18 HB-36"},
    {kGrows, "2.6.9-mm", "HB-18"},
    {kAtomic, "2.6.9-mm", "F3 HB-07 HB-23 HB-27"},
    {kFlip, "2.6.9-mm", "F3 HB-07 HB-18 HB-23 HB-27 HB-36"},
    {kPast, "2.6.11", "F1 F2 HB-15"},
    {kSigbus, "2.6.11", "F1 F2 HB-15"},
    {kRemoved, "2.6.11", "F1 F2 HB-15 HB-23 HB-27 HB-36"},
    {kProgress, "2.6.11", "HB-36"},
    {kBounded, "2.6.11", "HB-36"},
    {kGrows, "2.6.11", "HB-36"},
    {kAtomic, "2.6.11", "F1 F2 HB-15 HB-23 HB-27 HB-36"},
    {kFlip, "2.6.11", "F1 F2 HB-15 HB-23 HB-27 HB-36"},
    {kPast, "2.6.15", "F1 HB-15"},
    {kSigbus, "2.6.15", "F1 HB-15"},
    {kRemoved, "2.6.15", "F1 HB-15 HB-23 HB-27 HB-36"},
    {kProgress, "2.6.15", "HB-36"},
    {kBounded, "2.6.15", "HB-36"},
    {kGrows, "2.6.15", "HB-36"},
    {kAtomic, "2.6.15", "F1 HB-15 HB-23 HB-27 HB-36"},
    {kFlip, "2.6.15", "F1 HB-15 HB-23 HB-27 HB-36"},
    {kRemoved, "2.6.23", "F1 HB-36"},
    {kProgress, "2.6.23", "HB-36"},
    {kBounded, "2.6.23", "HB-36"},
    {kGrows, "2.6.23", "HB-36"},
    {kAtomic, "2.6.23", "F1 HB-36"},
    {kFlip, "2.6.23", "F1 HB-36"},
    {kRemoved, "2.6.38", "F1"},
    {kAtomic, "2.6.38", "F1"},
    {kFlip, "2.6.38", "F1"},
    {kPast, "6.18", "F6 F8"},
    {kAtomic, "6.18", "F6 F8"},
    {kFlip, "6.18", "F6 F7 F8 HB-49"},
    {kSigbus, "6.18", "F7"},
    {"maps-own-page", "6.18", "HB-49"},
    {"no-freed-page-reachable", "6.18", "HB-49"},
    {"grown-pages-are-zero", "6.18", "F7"},
    {kDone, "2.6.9-mm", "F3 HB-07"},
    {kDone, "2.6.11", "F1 F2 HB-15 HB-36"},
    {kDone, "2.6.15", "F1 HB-15 HB-36"},
    {kDone, "2.6.23", "F1 HB-36"},
    {kDone, "2.6.38", "F1"},
    {kRemoved, k2611, "HB-23 HB-27"},
    {kAtomic, k2611, "HB-23 HB-27"},
    {kFlip, k2611, "HB-23 HB-27"},
    {kRemoved, k2615, "HB-23 HB-27"},
    {kAtomic, k2615, "HB-23 HB-27"},
    {kFlip, k2615, "HB-23 HB-27"},
};

}  // namespace

std::span<const ScriptProperty> AllScriptProperties() {
  return kScriptProperties;
}

const ScriptProperty* FindScriptProperty(std::string_view name) {
  for (const ScriptProperty& property : kScriptProperties)
    if (name == property.name) return &property;
  return nullptr;
}

search::Scripts ScriptsFor(const ScriptProperty& property) {
  const int number = PropertyNumber(property.name);
  return number < kProperties
             ? search::ScriptsFor(static_cast<Property>(number))
             : search::Scripts::kPlain;
}

bool IsOnlyNamed(const ScriptProperty& property) {
  const int number = PropertyNumber(property.name);
  return number < kProperties && (kOnlyNamed >> number & 1) != 0;
}

std::span<const char* const> CheckedKernels() { return kKernels; }

const char* KnownBreak(const ScriptProperty& property,
                       std::string_view kernel) {
  for (const Known& known : kKnown)
    if (kernel == known.kernel && property.name == std::string_view(known.name))
      return known.why;
  return nullptr;
}

}  // namespace vmtrunc::properties
