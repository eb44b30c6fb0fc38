#include "core/rules.h"

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

constexpr std::array kRules = {
    RuleInfo{"drop-lock", &Rules::drop_lock,
             "a pass that is asked to gives up i_mmap_lock after a block or a "
             "vma, and starts its walk again once it has it back",
             ""},
    RuleInfo{"stamp-vmas", &Rules::stamp_vmas,
             "a vma that a pass has finished carries the pass's count and is "
             "skipped when the walk starts again",
             ""},
    RuleInfo{"restart-in-vma", &Rules::restart_in_vma,
             "where to go on after a drop is noted in the vma itself, in its "
             "count; without this rule the pass keeps one note of its own: "
             "vma pointer, address, file page",
             "HB-07, HB-18"},
    RuleInfo{"leap", &Rules::leap,
             "truncate_count leaps over page-aligned values, so that no count "
             "reads as a restart address",
             "HB-08"},
    RuleInfo{"wrap-resets", &Rules::wrap_resets,
             "when truncate_count wraps to 0 the count of every vma of the "
             "file is set to 0",
             "HB-09"},
    RuleInfo{"importer-rescans", &Rules::importer_rescans,
             "a vma that takes over a populated range from a neighbour with "
             "another count is set to be scanned again",
             "HB-13"},
    RuleInfo{"split-inherits", &Rules::split_inherits,
             "split_vma gives the new vma the old one's count under "
             "i_mmap_lock; without, it keeps what the struct copy sampled",
             "HB-11"},
    RuleInfo{"link-stamps", &Rules::link_stamps,
             "vma_link gives a new vma the file's truncate_count, so that a "
             "running pass skips it; without, 0",
             "HB-12"},
    RuleInfo{"fork-inherits", &Rules::fork_inherits,
             "fork gives the child's vma its parent's count under i_mmap_lock; "
             "without, it keeps what the struct copy sampled",
             "HB-11"},
    RuleInfo{"fork-after-parent", &Rules::fork_after_parent,
             "fork puts the child's vma behind its parent in the tree",
             "HB-02"},
    RuleInfo{"mremap-resets", &Rules::mremap_resets,
             "before ptes move, the destination's count is set to 0 if it is "
             "neither 0 nor the source's",
             "HB-14"},
    RuleInfo{"move-under-lock", &Rules::move_under_lock,
             "mremap holds i_mmap_lock while it moves ptes", "HB-03"},
    RuleInfo{"fault-rechecks-count", &Rules::fault_rechecks_count,
             "a fault whose truncate_count sample is out of date by the time "
             "it holds page_table_lock is retried",
             ""},
    RuleInfo{"fault-checks-size", &Rules::fault_checks_size,
             "a fault at or past i_size ends in SIGBUS", ""},
    RuleInfo{"cut-is-done", &Rules::cut_is_done,
             "a vma that was cut below its restart point is finished; without, "
             "it is scanned from its first page again",
             ""},
    RuleInfo{"slab-lifo", &Rules::slab_lifo,
             "the slab hands out the vma struct that was freed last; without, "
             "the one that has been free longest",
             ""},
    RuleInfo{"split-under-lock", &Rules::split_under_lock,
             "a split changes the old vma and inserts the new one in one hold "
             "of i_mmap_lock; without, the old one shrinks before it",
             "HB-01"},
    RuleInfo{"fault-count-first", &Rules::fault_count_first,
             "a fault samples truncate_count before it reads i_size", "HB-10"},
    RuleInfo{"walk-restarts", &Rules::walk_restarts,
             "after a drop the walk starts again from the top of the tree; "
             "without, it goes on from the vma it remembers",
             ""},
    RuleInfo{"clip-to-range", &Rules::clip_to_range,
             "in a vma that begins before the range, zapping begins at the "
             "range's first page; without, at the vma's",
             "HB-21"},
    RuleInfo{"relock-in-order", &Rules::relock_in_order,
             "mremap, holding page_table_lock after it allocated a page table, "
             "takes i_mmap_lock by trylock or lets go first; without, it waits",
             ""},
    RuleInfo{"merge-moves-pgoff", &Rules::merge_moves_pgoff,
             "a vma that is extended downwards has its pgoff lowered with its "
             "start",
             "HB-45"},
    RuleInfo{"fork-unlocks-on-error", &Rules::fork_unlocks_on_error,
             "a fork that runs out of memory half way releases the parent's "
             "mmap_sem",
             ""},
    RuleInfo{"unmap-mutex", &Rules::unmap_mutex,
             "one mutex per file is held around a pass", "HB-36"},
    RuleInfo{"pass-clears-restarts", &Rules::pass_clears_restarts,
             "a pass begins by clearing the restart addresses that an earlier "
             "one left; no kernel does, it is there to look behind finding F1",
             ""},
    RuleInfo{"nonlinear-scans-all", &Rules::nonlinear_scans_all,
             "a pass scans a nonlinear vma from end to end and looks at "
             "each page's index; without, the linear range alone",
             "HB-05"},
    RuleInfo{"nonlinear-file-pte", &Rules::nonlinear_file_pte,
             "a page zapped in a nonlinear vma, where its index is not the "
             "linear one, leaves a file pte with its index",
             "HB-05"},
    RuleInfo{"install-checks-page", &Rules::install_checks_page,
             "remap_file_pages installs a page, and a fault on a file pte "
             "maps it, after a look at its mapping and i_size under "
             "page_table_lock",
             "54cb8821de07"},
    RuleInfo{"remap-file-ptes", &Rules::remap_file_ptes,
             "remap_file_pages installs file ptes, which are faulted in; "
             "without, pages",
             ""},
    RuleInfo{"remap-emulated", &Rules::remap_emulated,
             "remap_file_pages is a mmap of the same file; there are no "
             "nonlinear vmas",
             ""},
    RuleInfo{"work-blocks", &Rules::work_blocks,
             "a zap block counts the pages that are present; without, pages "
             "of address space",
             ""},
    RuleInfo{"ptl-in-zap", &Rules::ptl_in_zap,
             "zapping takes page_table_lock for each block, after it looked "
             "for the page table; without, around the whole vma",
             ""},
    RuleInfo{"lazy-fork", &Rules::lazy_fork,
             "fork copies no ptes of a linear vma without private copies", ""},
    RuleInfo{"move-extents", &Rules::move_extents,
             "mremap moves all pages of a page table in one hold, the "
             "destination's allocated before; without, a page a hold",
             ""},
    RuleInfo{"rewind-under-lock", &Rules::rewind_under_lock,
             "pages that mremap moves back are moved under i_mmap_lock too",
             "HB-04"},
    RuleInfo{"unlink-before-tables", &Rules::unlink_before_tables,
             "munmap takes vmas out of the tree before it frees their page "
             "tables",
             "HB-19"},
    RuleInfo{"fault-page-lock", &Rules::fault_page_lock,
             "a fault locks the page, looks at its mapping and i_size "
             "again, and sets the pte before it unlocks the page",
             "HB-27"},
    RuleInfo{"unmap-per-page", &Rules::unmap_per_page,
             "a page that is still mapped when it is removed is unmapped "
             "first, under its page lock",
             "HB-23"},
    RuleInfo{"second-pass", &Rules::second_pass,
             "after the pages are removed the whole range is unmapped again",
             "HB-28"},
    RuleInfo{"page-mkwrite", &Rules::page_mkwrite,
             "the file system is told of a write to a page (page_mkwrite), "
             "without page lock and page_table_lock",
             ""},
    RuleInfo{"mkwrite-rechecks", &Rules::mkwrite_rechecks,
             "after page_mkwrite the fault locks the page again and looks "
             "at its mapping",
             "HB-29"},
    RuleInfo{"mremap-always-resets", &Rules::mremap_always_resets,
             "before ptes move, the destination's count is set to 0 "
             "whatever it is",
             "HB-15"},
    RuleInfo{"lock-sleeps", &Rules::lock_sleeps,
             "i_mmap_lock is a lock that may be held while sleeping", ""},
    RuleInfo{"shared-walk", &Rules::shared_walk,
             "a pass takes i_mmap_lock shared", ""},
    RuleInfo{"interval-tree", &Rules::interval_tree,
             "vmas are walked by pgoff, those that are equal as they came", ""},
    RuleInfo{"invalidate-lock", &Rules::invalidate_lock,
             "truncate and punch hold invalidate_lock, and a fault that "
             "must read a page takes it shared",
             "HB-46"},
    RuleInfo{"fault-around", &Rules::fault_around,
             "a read fault maps the cached pages around it too", ""},
    RuleInfo{"account-blocks-merge", &Rules::account_blocks_merge,
             "a private mapping that has once been writable is accounted, "
             "and does not merge with one that is not",
             ""},
    RuleInfo{"move-in-order", &Rules::move_in_order,
             "mremap moves ptes without i_mmap_lock where the walk meets "
             "the destination after the source",
             ""},
    RuleInfo{"merged-move-locks", &Rules::merged_move_locks,
             "where mremap's destination was merged into a vma that the "
             "walk does not meet later, ptes move under i_mmap_lock",
             "HB-39"},
    RuleInfo{"punch-without-mmap-sem", &Rules::punch_without_mmap_sem,
             "a hole punch lets go of mmap_sem before it takes i_sem", "HB-22"},
    RuleInfo{"invalidate-loops", &Rules::invalidate_loops,
             "invalidate unmaps a page until it is not mapped; without, "
             "once",
             ""},
    RuleInfo{"wide-offsets", &Rules::wide_offsets,
             "invalidate computes byte offsets in 64 bits; without, in few",
             "HB-25"},
    RuleInfo{"range-end-kept", &Rules::range_end_kept,
             "the end of a pass's range stays; without, it is overwritten "
             "with an address of the first vma",
             "HB-41"},
    RuleInfo{"punch-keeps-copies", &Rules::punch_keeps_copies,
             "a hole punch leaves private copies alone", ""},
    RuleInfo{"mremap-checks-first", &Rules::mremap_checks_first,
             "mremap sees that one vma holds the source before it unmaps "
             "anything (6.17)",
             ""},
    RuleInfo{"mremap-moves-many", &Rules::mremap_moves_many,
             "a mremap that keeps the length moves all vmas of the range, one "
             "after the other (6.17), and a neighbour that one of them joins "
             "takes its anon_vma (6.18)",
             ""},
    RuleInfo{"cow-prepares-first", &Rules::cow_prepares_first,
             "a private write fault gets its anon_vma before it looks for the "
             "page, so that one that ends in SIGBUS has it too",
             ""},
    RuleInfo{"fork-clones-anon", &Rules::fork_clones_anon,
             "fork gives each vma of the child an anon_vma of its own (2.6.34)",
             ""},
    RuleInfo{"cloned-anon-apart", &Rules::cloned_anon_apart,
             "a vma with an anon_vma of fork's making merges with none that "
             "has another or none (3.0)",
             ""},
    RuleInfo{
        "growth-merges", &Rules::growth_merges,
        "a vma that mremap grows in place merges with the one that it then "
        "touches (6.0)",
        ""},
    RuleInfo{"relock-resets", &Rules::relock_resets,
             "mremap that let i_mmap_lock go to allocate a page table looks at "
             "the count again when it has retaken it; no kernel does, it is "
             "there to look behind finding F2",
             ""},
    RuleInfo{"restart-names-pass", &Rules::restart_names_pass,
             "a restart address carries the pass that left it, in the same "
             "word, and no other pass believes it; no kernel does (F1)",
             ""},
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
    With(kSeed, {&Rules::work_blocks, &Rules::ptl_in_zap, &Rules::lazy_fork,
                 &Rules::move_extents, &Rules::unlink_before_tables});

constexpr Rules k2_6_23 = With(
    k2_6_15,
    {&Rules::fault_page_lock, &Rules::unmap_per_page, &Rules::second_pass,
     &Rules::remap_file_ptes, &Rules::page_mkwrite, &Rules::mkwrite_rechecks},
    {&Rules::fault_rechecks_count, &Rules::fault_count_first,
     &Rules::invalidate_loops});

constexpr Rules k2_6_38 =
    With(k2_6_23, {&Rules::unmap_mutex, &Rules::mremap_always_resets,
                   &Rules::fork_clones_anon});

constexpr Rules kRepaired = With(k2_6_38, {&Rules::restart_names_pass});

constexpr Rules k3_0 =
    With(k2_6_38, {&Rules::lock_sleeps, &Rules::cloned_anon_apart},
         {&Rules::drop_lock, &Rules::stamp_vmas, &Rules::restart_in_vma,
          &Rules::leap, &Rules::wrap_resets, &Rules::importer_rescans,
          &Rules::split_inherits, &Rules::link_stamps, &Rules::fork_inherits,
          &Rules::mremap_resets, &Rules::mremap_always_resets,
          &Rules::cut_is_done, &Rules::unmap_mutex, &Rules::relock_in_order});

constexpr Rules k6 = With(
    k3_0,
    {&Rules::shared_walk, &Rules::interval_tree, &Rules::invalidate_lock,
     &Rules::fault_around, &Rules::move_in_order, &Rules::merged_move_locks,
     &Rules::remap_emulated, &Rules::punch_keeps_copies,
     &Rules::mremap_checks_first, &Rules::mremap_moves_many,
     &Rules::cow_prepares_first, &Rules::growth_merges},
    {&Rules::nonlinear_scans_all, &Rules::nonlinear_file_pte,
     &Rules::install_checks_page, &Rules::remap_file_ptes});

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
    KernelInfo{"6.x", "",
               "rwsem taken shared, interval tree, invalidate_lock; no "
               "nonlinear vmas",
               k6},
    KernelInfo{"repaired", "",
               "ours: 2.6.38 whose restart addresses carry their pass's number",
               kRepaired},
};

static_assert(kRules.size() <= RuleSet::kMostRules, "widen RuleSet");

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
                      std::string(word), nearest.empty() ? "" : "; is it ",
                      nearest, nearest.empty() ? "" : "?");
}

std::string NoKernel(std::string_view text) {
  std::vector<const char*> names;
  names.reserve(kKernels.size());
  for (const KernelInfo& kernel : kKernels) names.push_back(kernel.name);
  const std::string word(text.substr(0, text.find_first_of("+ \t")));
  const std::string nearest =
      word.empty() ? "" : Nearest(word.substr(0, word.find('-', 1)), names);
  return absl::StrCat("a kernel (vmtrunc kernels lists them), not ",
                      word.empty() ? "an empty word" : word,
                      nearest.empty() ? "" : "; is it ", nearest,
                      nearest.empty() ? "" : "?");
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
  for (size_t i = 0; i < kRules.size(); ++i) {
    if (flips.test(i)) rules.*kRules[i].flag = !(rules.*kRules[i].flag);
  }
  return rules;
}

std::string KernelSpec::ToString() const {
  std::string text = kKernels[kernel].name;
  const Rules& base = kKernels[kernel].rules;
  for (size_t i = 0; i < kRules.size(); ++i) {
    if (!flips.test(i)) continue;
    absl::StrAppend(&text, base.*kRules[i].flag ? "-" : "+", kRules[i].name);
  }
  return text;
}

absl::StatusOr<KernelSpec> ParseKernelSpec(std::string_view text) {
  text = StripBlanks(text);
  KernelSpec spec;
  size_t length = 0;
  for (size_t i = 0; i < kKernels.size(); ++i) {
    for (std::string_view name : {kKernels[i].name, kKernels[i].alias}) {
      if (name.size() > length && text.starts_with(name)) {
        spec.kernel = static_cast<uint8_t>(i);
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
