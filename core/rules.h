// The kernels, as rows of one table of rules.
//
// A rule is one decision that some kernel took differently at one place of the
// code. A kernel is the set of the rules it has; a known bug is a kernel with
// one rule flipped. The model reads `rules.importer_rescans`; no kernel's name
// stands in it.
#ifndef VMTRUNC_CORE_RULES_H_
#define VMTRUNC_CORE_RULES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/rule_set.h"

namespace vmtrunc {

// One flag a rule, named as in kRules. The order is that of kRules, whose
// numbers are part of the byte form: append only.
#define VMTRUNC_RULES(X)    \
  X(drop_lock)              \
  X(stamp_vmas)             \
  X(restart_in_vma)         \
  X(leap)                   \
  X(wrap_resets)            \
  X(importer_rescans)       \
  X(split_inherits)         \
  X(link_stamps)            \
  X(fork_inherits)          \
  X(fork_after_parent)      \
  X(mremap_resets)          \
  X(move_under_lock)        \
  X(fault_rechecks_count)   \
  X(fault_checks_size)      \
  X(cut_is_done)            \
  X(slab_lifo)              \
  X(split_under_lock)       \
  X(fault_count_first)      \
  X(walk_restarts)          \
  X(clip_to_range)          \
  X(relock_in_order)        \
  X(merge_moves_pgoff)      \
  X(fork_unlocks_on_error)  \
  X(unmap_mutex)            \
  X(pass_clears_restarts)   \
  X(nonlinear_scans_all)    \
  X(nonlinear_file_pte)     \
  X(install_checks_page)    \
  X(remap_file_ptes)        \
  X(remap_emulated)         \
  X(work_blocks)            \
  X(ptl_in_zap)             \
  X(lazy_fork)              \
  X(move_extents)           \
  X(rewind_under_lock)      \
  X(unlink_before_tables)   \
  X(fault_page_lock)        \
  X(unmap_per_page)         \
  X(second_pass)            \
  X(page_mkwrite)           \
  X(mkwrite_rechecks)       \
  X(mremap_always_resets)   \
  X(lock_sleeps)            \
  X(shared_walk)            \
  X(interval_tree)          \
  X(invalidate_lock)        \
  X(fault_around)           \
  X(account_blocks_merge)   \
  X(move_in_order)          \
  X(merged_move_locks)      \
  X(punch_without_mmap_sem) \
  X(invalidate_loops)       \
  X(wide_offsets)           \
  X(range_end_kept)         \
  X(punch_keeps_copies)     \
  X(mremap_checks_first)    \
  X(mremap_moves_many)      \
  X(cow_prepares_first)     \
  X(fork_clones_anon)       \
  X(cloned_anon_apart)      \
  X(growth_merges)          \
  X(relock_resets)          \
  X(restart_names_pass)

struct Rules {
#define VMTRUNC_RULE(name) bool name = false;
  VMTRUNC_RULES(VMTRUNC_RULE)
#undef VMTRUNC_RULE

  bool operator==(const Rules&) const = default;
};

struct RuleInfo {
  const char* name;  // as in `2.6.11-importer-rescans`
  bool Rules::* flag;
  const char* decides;  // one sentence: what the code does when it is on
  const char* flip;     // the known bug that its flip is, or ""
};

// All rules; a rule's number is its place here.
std::span<const RuleInfo> AllRules();

// The number of the rule of that name. NotFound says which is nearest.
absl::StatusOr<size_t> FindRule(std::string_view name);

// "leap,mremap-resets", "" of no rule: as variables of the environment name
// rules. ParseRuleNames() reads it back, in any order.
std::string RuleNames(const RuleSet& rules);
absl::StatusOr<RuleSet> ParseRuleNames(std::string_view text);

struct KernelInfo {
  const char* name;
  const char* alias;  // or ""
  const char* describes;
  Rules rules;
};

// All kernels; a kernel's number is its place here, append only.
std::span<const KernelInfo> AllKernels();

// A kernel with some rules flipped, as a value: what a script's `kernel` line,
// an `expect` line or --kernel names.
struct KernelSpec {
  uint8_t kernel = 0;  // number in AllKernels()
  RuleSet flips = {};  // those that are the other way round

  Rules rules() const;
  // "2.6.11-importer-rescans+unmap-mutex": ParseKernelSpec() reads it back.
  std::string ToString() const;
  bool operator==(const KernelSpec&) const = default;
};

// Reads a kernel's name followed by -rule or +rule, with or without blanks.
// The longest kernel name wins. -rule on a kernel that lacks the rule, or +rule
// on one that has it, changes nothing. NotFound when the kernel or a rule is
// not known (design.md names kernels that are not built yet); InvalidArgument
// when the text has another shape.
absl::StatusOr<KernelSpec> ParseKernelSpec(std::string_view text);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_RULES_H_
