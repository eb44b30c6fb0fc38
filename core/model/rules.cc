#include "core/model/rules.h"

#include <array>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/nearest.h"

namespace vmtrunc {
namespace {

// "drop-lock" of "drop_lock".
template <size_t N>
constexpr std::array<char, N> WithDashes(const char (&flag)[N]) {
  std::array<char, N> name;
  for (size_t i = 0; i < N; ++i) name[i] = flag[i] == '_' ? '-' : flag[i];
  return name;
}

namespace rule_names {
#define VMTRUNC_RULE(name, ...) constexpr auto name = WithDashes(#name);
VMTRUNC_RULES(VMTRUNC_RULE)
#undef VMTRUNC_RULE
}  // namespace rule_names

constexpr std::array kRules = {
#define VMTRUNC_RULE(name, since, flip, decides) \
  RuleInfo{rule_names::name.data(), &Rules::name, since, flip, decides},
    VMTRUNC_RULES(VMTRUNC_RULE)
#undef VMTRUNC_RULE
};

// Rules that are asked for under others only: with one of two, if they are
// named, without two, and with both of two (core/run/reads_test.cc).
using TwoRules = std::array<bool Rules::*, 2>;
struct ReadWhere {
  bool Rules::* flag;
  TwoRules with;
  TwoRules without = {};
  TwoRules both = {};  // with both of them
};
// Counts of vmas are 0 for good where no rule writes one.
constexpr TwoRules kCounts = {&Rules::stamp_vmas, &Rules::link_stamps};
constexpr ReadWhere kReadWhere[] = {
    {&Rules::restart_names_pass, kCounts},
    {&Rules::pass_clears_restarts, kCounts},
    {&Rules::importer_rescans, kCounts},
    {&Rules::split_inherits, kCounts},
    {&Rules::fork_inherits, kCounts},
    {&Rules::wrap_resets, kCounts},
    {&Rules::mremap_always_resets, kCounts},
    {&Rules::mremap_resets, kCounts, {&Rules::mremap_always_resets}},
    {&Rules::relock_resets, kCounts, {&Rules::move_extents}},
    {&Rules::relock_in_order, {}, {&Rules::move_extents}},
    {&Rules::walk_restarts, {&Rules::drop_lock}},
    {&Rules::cut_is_done, {&Rules::drop_lock}},
    {&Rules::work_blocks, {&Rules::ptl_in_zap}},
    {&Rules::fault_count_first, {&Rules::fault_rechecks_count}},
    {&Rules::mkwrite_rechecks, {&Rules::page_mkwrite}},
    {&Rules::merged_move_locks, {&Rules::move_in_order}},
    {&Rules::nonlinear_scans_all, {}, {&Rules::remap_emulated}},
    {&Rules::nonlinear_file_pte, {}, {&Rules::remap_emulated}},
    {&Rules::remap_file_ptes, {}, {&Rules::remap_emulated}},
    {&Rules::install_checks_page,
     {},
     {&Rules::remap_emulated, &Rules::remap_file_ptes}},
    {&Rules::wide_offsets, {&Rules::invalidate_range}},
    {&Rules::anon_joins_none, {&Rules::cloned_anon_apart}},
    {&Rules::mremap_looks_first, {}, {&Rules::mremap_checks_first}},
    {&Rules::faults_map_folios, {&Rules::large_folios}},
    {&Rules::map_respects_size, {&Rules::faults_map_folios}},
    {&Rules::each_folio_decides, {&Rules::faults_map_folios}},
    {&Rules::shmem_maps_past_size, {&Rules::faults_map_folios}},
    {&Rules::around_caps_size, {&Rules::large_folios}},
    {&Rules::around_size_unlocked,
     {&Rules::around_caps_size},
     {&Rules::around_size_first}},
    {&Rules::added_page_is_rechecked, {&Rules::fault_page_lock}},
    {&Rules::around_size_first, {&Rules::around_caps_size}},
    {&Rules::split_failure_unmaps, {&Rules::large_folios}},
    {&Rules::split_keeps_large, {&Rules::large_folios}},
    {&Rules::walk_clips_folio, {&Rules::large_folios}},
    {&Rules::late_folio_is_split, {&Rules::large_folios}},
    {&Rules::hole_wait_is_lockless, {&Rules::hole_holds_faults}},
    {&Rules::around_size_again,
     {&Rules::around_size_first, &Rules::around_size_unlocked},
     {},
     {&Rules::around_caps_size, &Rules::around_caps_size}},
    {&Rules::found_page_is_rechecked, {&Rules::large_folios}},
    {&Rules::mkwrite_checks_page, {&Rules::page_mkwrite}},
    {&Rules::new_vma_is_locked, {&Rules::vma_locks}},
    {&Rules::vma_lock_before_index, {&Rules::vma_locks}},
    // Without the second no struct is reused while a fault looks at it.
    {&Rules::reader_checks_mm, {}, {}, {&Rules::vma_locks, &Rules::slab_lifo}},
    {&Rules::reader_checks_lock, {&Rules::vma_locks}},
    {&Rules::reader_checks_range, {&Rules::vma_locks}},
    {&Rules::reader_keeps_mm, {&Rules::reader_checks_mm}},
    {&Rules::reader_checks_attached, {&Rules::vma_locks}},
    {&Rules::fault_wait_unlocks, {&Rules::fault_page_lock}},
    {&Rules::dropped_fault_forgets_vma, {&Rules::fault_wait_unlocks}},
    {&Rules::dirty_is_not_split, {&Rules::large_folios}},
    {&Rules::kept_folio_is_zeroed, {&Rules::large_folios}},
    {&Rules::move_flushes_dirty,
     {},
     {&Rules::each_pte_flushed, &Rules::move_flushes_before_unlock}},
    {&Rules::move_flushes_before_unlock, {}, {&Rules::each_pte_flushed}},
    {&Rules::full_batch_counts_last_page, {}, {&Rules::each_pte_flushed}},
    {&Rules::nested_gather_flushes, {}, {&Rules::each_pte_flushed}},
    {&Rules::pfn_flush_before_unlink,
     {&Rules::unlink_before_tables},
     {&Rules::each_pte_flushed}},
    {&Rules::pfn_flush_looks_at_all, {&Rules::pfn_flush_before_unlink}},
    {&Rules::moves_tables, {&Rules::move_extents}},
    {&Rules::table_move_locks, {&Rules::moves_tables}},
    {&Rules::table_move_rereads,
     {},
     {},
     {&Rules::moves_tables, &Rules::retract_shares}},
    {&Rules::retract_takes_map_lock, {&Rules::retracts_tables}},
    {&Rules::retract_shares, {&Rules::retracts_tables}},
    {&Rules::walk_rereads_table, {&Rules::retracts_tables}},
    {&Rules::unshare_flushes,
     {&Rules::shares_tables},
     {&Rules::each_pte_flushed}},
    {&Rules::mmap_frees_last, {&Rules::unlink_before_tables}},
};

constexpr Rules kBefore = {
    .fork_after_parent = true,
    .move_under_lock = true,
    .fault_rechecks_count = true,
    .fault_checks_size = true,
    .slab_lifo = true,
    .split_under_lock = true,
    .fault_count_first = true,
    .walk_restarts = true,
    .clip_to_range = true,
    .relock_in_order = true,
    .merge_moves_pgoff = true,
    .fork_unlocks_on_error = true,
    .nonlinear_scans_all = true,
    .nonlinear_file_pte = true,
    .install_checks_page = true,
    .rewind_under_lock = true,
    .account_blocks_merge = true,
    .punch_without_mmap_sem = true,
    .invalidate_loops = true,
    .wide_offsets = true,
    .range_end_kept = true,
    .fork_links_first = true,
    .unsigned_offsets = true,
    .each_pte_flushed = true,
    .unmap_before_expand = true,
};

using Flags = std::initializer_list<bool Rules::*>;

constexpr Rules With(Rules rules, Flags more, Flags less = {}) {
  for (bool Rules::* flag : more) rules.*flag = true;
  for (bool Rules::* flag : less) rules.*flag = false;
  return rules;
}

constexpr Rules kOneRestartPoint =
    With(kBefore,
         {&Rules::drop_lock, &Rules::stamp_vmas, &Rules::wrap_resets,
          &Rules::importer_rescans, &Rules::split_inherits, &Rules::link_stamps,
          &Rules::fork_inherits, &Rules::mremap_resets, &Rules::cut_is_done});

constexpr Rules kSeed =
    With(kOneRestartPoint, {&Rules::restart_in_vma, &Rules::leap});

constexpr Rules k2_6_15 =
    With(kSeed, {&Rules::invalidate_range, &Rules::work_blocks,
                 &Rules::ptl_in_zap, &Rules::lazy_fork, &Rules::move_extents,
                 &Rules::unlink_before_tables});

constexpr Rules k2_6_23 = With(
    k2_6_15,
    {&Rules::fault_page_lock, &Rules::unmap_per_page, &Rules::second_pass,
     &Rules::remap_file_ptes, &Rules::page_mkwrite, &Rules::mkwrite_rechecks},
    {&Rules::fault_rechecks_count, &Rules::fault_count_first,
     &Rules::invalidate_loops});

constexpr Rules k2_6_38 = With(
    k2_6_23, {&Rules::unmap_mutex, &Rules::mremap_always_resets,
              &Rules::fork_clones_anon, &Rules::fault_wait_unlocks,
              &Rules::dropped_fault_forgets_vma, &Rules::mmap_merges_first});

constexpr Rules kRepaired = With(k2_6_38, {&Rules::restart_names_pass});

constexpr Rules k3_0 =
    With(k2_6_38, {&Rules::lock_sleeps, &Rules::cloned_anon_apart},
         {&Rules::drop_lock, &Rules::stamp_vmas, &Rules::restart_in_vma,
          &Rules::leap, &Rules::wrap_resets, &Rules::importer_rescans,
          &Rules::split_inherits, &Rules::link_stamps, &Rules::fork_inherits,
          &Rules::mremap_resets, &Rules::mremap_always_resets,
          &Rules::cut_is_done, &Rules::unmap_mutex, &Rules::relock_in_order});

constexpr Rules k3_8 = With(
    k3_0,
    {&Rules::interval_tree, &Rules::move_in_order, &Rules::merged_move_locks,
     &Rules::punch_keeps_copies, &Rules::cow_prepares_first,
     &Rules::added_page_is_rechecked, &Rules::shares_tables},
    {&Rules::each_pte_flushed});

constexpr Rules k4_9 = With(
    k3_8,
    {&Rules::fault_around, &Rules::remap_emulated, &Rules::hole_holds_faults,
     &Rules::hole_wait_is_lockless, &Rules::populate_unlocks,
     &Rules::full_batch_counts_last_page, &Rules::move_flushes_dirty,
     &Rules::retracts_tables, &Rules::retract_takes_map_lock},
    {&Rules::nonlinear_scans_all, &Rules::nonlinear_file_pte,
     &Rules::install_checks_page, &Rules::remap_file_ptes});

constexpr Rules k5_4 =
    With(k4_9, {&Rules::munmap_downgrades, &Rules::move_flushes_before_unlock,
                &Rules::nested_gather_flushes, &Rules::moves_tables});

constexpr Rules k6_1 =
    With(k5_4, {&Rules::shared_walk, &Rules::invalidate_lock,
                &Rules::large_folios, &Rules::walk_clips_folio,
                &Rules::invalidate_unmaps_first, &Rules::mremap_looks_first,
                &Rules::merge_in_one_hold, &Rules::growth_merges,
                &Rules::mmap_asks_next, &Rules::dirty_is_not_split,
                &Rules::pfn_flush_before_unlink, &Rules::pfn_flush_looks_at_all,
                &Rules::table_move_locks, &Rules::unshare_flushes});

// Structs are freed after a grace period: never the next one that is handed
// out.
constexpr Rules k6_12 = With(
    k6_1,
    {&Rules::unmapped_keeps_struct, &Rules::around_caps_size,
     &Rules::late_folio_is_split, &Rules::vma_locks, &Rules::new_vma_is_locked,
     &Rules::vma_lock_before_index, &Rules::reader_checks_lock,
     &Rules::reader_checks_range, &Rules::reader_checks_attached,
     &Rules::table_move_rereads, &Rules::retract_shares,
     &Rules::walk_rereads_table, &Rules::mmap_frees_last},
    {&Rules::slab_lifo, &Rules::mmap_asks_next});

constexpr Rules k6_18 =
    With(k6_12, {&Rules::slab_lifo, &Rules::mremap_checks_first,
                 &Rules::mremap_moves_many, &Rules::anon_joins_none,
                 &Rules::faults_map_folios, &Rules::map_respects_size,
                 &Rules::each_folio_decides, &Rules::shmem_maps_past_size,
                 &Rules::around_size_unlocked, &Rules::split_failure_unmaps,
                 &Rules::split_keeps_large, &Rules::reader_checks_mm,
                 &Rules::reader_keeps_mm});

constexpr Rules k7_0 = With(k6_18, {&Rules::around_size_first});

constexpr std::array kKernels = {
    KernelInfo{"2.6.10", "", "holds i_mmap_lock for the whole pass", kBefore},
    KernelInfo{"2.6.9-mm", "",
               "drops it; one restart point (vma pointer, address, pgoff) in "
               "the pass",
               kOneRestartPoint},
    KernelInfo{"2.6.11", "seed",
               "drops it; the restart address in the vma's own count", kSeed},
    KernelInfo{"2.6.15", "",
               "blocks count work; extents moved per hold; shared ptes not "
               "copied at fork",
               k2_6_15},
    KernelInfo{"2.6.23", "",
               "faults under the page lock; pages unmapped one by one at "
               "removal; a second pass",
               k2_6_23},
    KernelInfo{
        "2.6.38", "",
        "one mutex per file around a pass; mremap always forces a rescan",
        k2_6_38},
    KernelInfo{"3.0", "", "no lock drop: the lock is a mutex", k3_0},
    KernelInfo{
        "6.18", "6.x",
        "mremap checks first and moves many vmas; structs reused at once",
        k6_18, &Rules::vma_locks},
    KernelInfo{"repaired", "",
               "ours: 2.6.38 whose restart addresses carry their pass's number",
               kRepaired},
    KernelInfo{"3.8", "",
               "interval tree; mremap moves in the order of the walk; a punch "
               "keeps private copies",
               k3_8},
    KernelInfo{"4.9", "", "fault-around; no nonlinear vmas", k4_9},
    KernelInfo{"5.4", "", "munmap zaps with mmap_lock held for read", k5_4},
    KernelInfo{"6.1", "", "rwsem taken shared, invalidate_lock, large folios",
               k6_1},
    KernelInfo{"6.12", "", "per-VMA locks; folios of a minimum order", k6_12},
    KernelInfo{"7.0", "", "fault-around reads i_size first", k7_0},
};

// By age: numbers of kKernels, which only grows at its end.
constexpr std::array<uint8_t, 15> kByAge = {1,  0,  2,  3,  4, 5,  6, 9,
                                            10, 11, 12, 13, 7, 14, 8};
static_assert(kByAge.size() == kKernels.size());

static_assert(kRules.size() <= RuleSet::kMostRules, "widen RuleSet");
constexpr RuleSet kThere = RuleSet::FirstOf(kRules.size());

// The rule that `text` begins with, longest name first.
std::optional<size_t> RuleAt(std::string_view text) {
  std::optional<size_t> best;
  for (size_t i = 0; i < kRules.size(); ++i) {
    const std::string_view name = kRules[i].name;
    if (!text.starts_with(name)) continue;
    if (!best || name.size() > std::string_view(kRules[*best].name).size()) {
      best = i;
    }
  }
  return best;
}

// What is written where a rule's name is expected, and the name that is
// nearest. A name has dashes in it, as the sign before the next rule: the first
// few parts of the word may be what was meant.
std::string NoRule(std::string_view text) {
  std::vector<const char*> names;
  names.reserve(kRules.size());
  for (const RuleInfo& rule : kRules) names.push_back(rule.name);
  const std::string_view word = text.substr(0, text.find_first_of("+ \t"));
  std::string nearest = Nearest(word, names);
  for (size_t end = word.rfind('-');
       nearest.empty() && end != std::string_view::npos && end > 0;
       end = word.rfind('-', end - 1))
    nearest = Nearest(word.substr(0, end), names);
  return absl::StrCat("a rule (vmtrunc rules lists them), not ",
                      word.empty() ? "an empty word" : std::string(word),
                      IsIt(nearest));
}

std::string NoKernel(std::string_view text) {
  std::vector<const char*> names;
  names.reserve(kKernels.size());
  for (const KernelInfo& kernel : kKernels) names.push_back(kernel.name);
  const std::string word(text.substr(0, text.find_first_of("+ \t")));
  const std::string nearest =
      word.empty() ? "" : Nearest(word.substr(0, word.find('-', 1)), names);
  return absl::StrCat("a kernel (vmtrunc kernels lists them), not ",
                      word.empty() ? "an empty word" : word, IsIt(nearest));
}

// "-leap+unmap-mutex" of rules by which a kernel that has `now` differs.
std::string Signed(const RuleSet& differing, const Rules& now) {
  std::string text;
  for (const size_t rule : differing& kThere)
    absl::StrAppend(&text, now.*kRules[rule].flag ? "+" : "-",
                    kRules[rule].name);
  return text;
}

// The kernel of that number, by its name or by its alias.
KernelSpec Named(size_t number, std::string_view name) {
  KernelSpec spec{.kernel = static_cast<uint8_t>(number)};
  const KernelInfo& kernel = kKernels[number];
  if (name != kernel.alias || kernel.alias_lacks == nullptr) return spec;
  for (size_t i = 0; i < kRules.size(); ++i)
    if (kRules[i].flag == kernel.alias_lacks) spec.flips.set(i);
  return spec;
}

std::string_view StripBlanks(std::string_view text) {
  while (!text.empty() &&
         absl::ascii_isspace(static_cast<unsigned char>(text.front()))) {
    text.remove_prefix(1);
  }
  return text;
}

}  // namespace

std::span<const RuleInfo> AllRules() { return kRules; }
std::span<const KernelInfo> AllKernels() { return kKernels; }
std::span<const uint8_t> KernelsByAge() { return kByAge; }

bool IsRead(const RuleInfo& rule, const Rules& rules) {
  const auto has = [&](bool Rules::* flag) {
    return flag != nullptr && rules.*flag;
  };
  for (const ReadWhere& it : kReadWhere)
    if (it.flag == rule.flag)
      return (it.with[0] == nullptr || has(it.with[0]) || has(it.with[1])) &&
             !has(it.without[0]) && !has(it.without[1]) &&
             (it.both[0] == nullptr || (has(it.both[0]) && has(it.both[1])));
  return true;
}

absl::StatusOr<size_t> FindRule(std::string_view name) {
  const std::optional<size_t> rule = RuleAt(name);
  if (!rule || name != kRules[*rule].name)
    return absl::NotFoundError(NoRule(name));
  return *rule;
}

std::string RuleNames(const RuleSet& rules) {
  return absl::StrJoin(rules, ",", [](std::string* out, size_t rule) {
    *out += kRules[rule].name;
  });
}

absl::StatusOr<RuleSet> ParseRuleNames(std::string_view text) {
  RuleSet rules;
  if (text.empty()) return rules;
  for (const std::string& name :
       std::vector<std::string>(absl::StrSplit(std::string(text), ','))) {
    const absl::StatusOr<size_t> rule = FindRule(name);
    if (!rule.ok()) return rule.status();
    rules.set(*rule);
  }
  return rules;
}

Rules KernelSpec::rules() const {
  Rules rules = kKernels[kernel].rules;
  for (const size_t rule : flips& kThere)
    rules.*kRules[rule].flag = !(rules.*kRules[rule].flag);
  return rules;
}

std::string KernelSpec::ToString() const {
  return kKernels[kernel].name + Signed(flips, rules());
}

std::string KernelSpec::Name() const {
  if (own == nullptr || own->kernel != kernel) return ToString();
  return own->name + Signed(flips ^ own->flips, rules());
}

absl::StatusOr<KernelSpec> ParseKernelSpec(std::string_view text) {
  text = StripBlanks(text);
  KernelSpec spec;
  size_t length = 0;
  for (size_t i = 0; i < kKernels.size(); ++i) {
    for (std::string_view name : {kKernels[i].name, kKernels[i].alias}) {
      if (name.size() > length && text.starts_with(name)) {
        spec = Named(i, name);
        length = name.size();
      }
    }
  }
  const auto at_boundary = [](std::string_view rest) {
    return rest.empty() || rest[0] == '-' || rest[0] == '+' ||
           absl::ascii_isspace(static_cast<unsigned char>(rest[0]));
  };
  if (length == 0 || !at_boundary(text.substr(length))) {
    return absl::NotFoundError(NoKernel(text));
  }
  text = StripBlanks(text.substr(length));
  while (!text.empty()) {
    if (text[0] != '-' && text[0] != '+') {
      return absl::InvalidArgumentError("-RULE or +RULE after the kernel");
    }
    const bool on = text[0] == '+';
    text.remove_prefix(1);
    const std::optional<size_t> rule = RuleAt(text);
    if (!rule || !at_boundary(text.substr(
                     std::string_view(kRules[*rule].name).size()))) {
      return absl::NotFoundError(NoRule(text));
    }
    const bool base = kKernels[spec.kernel].rules.*kRules[*rule].flag;
    spec.flips.set(*rule, base != on);
    text =
        StripBlanks(text.substr(std::string_view(kRules[*rule].name).size()));
  }
  return spec;
}

}  // namespace vmtrunc
