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

namespace vmtrunc {

// One flag a rule, named as in kRules. The order is that of kRules, whose
// numbers are part of the byte form: append only.
struct Rules {
  bool drop_lock = false;
  bool stamp_vmas = false;
  bool restart_in_vma = false;
  bool leap = false;
  bool wrap_resets = false;
  bool importer_rescans = false;
  bool split_inherits = false;
  bool link_stamps = false;
  bool fork_inherits = false;
  bool fork_after_parent = false;
  bool mremap_resets = false;
  bool move_under_lock = false;
  bool fault_rechecks_count = false;
  bool fault_checks_size = false;
  bool cut_is_done = false;
  bool slab_lifo = false;
  bool split_under_lock = false;
  bool fault_count_first = false;
  bool walk_restarts = false;
  bool clip_to_range = false;
  bool relock_in_order = false;
  bool merge_moves_pgoff = false;
  bool fork_unlocks_on_error = false;
  bool unmap_mutex = false;
  bool pass_clears_restarts = false;
  bool nonlinear_scans_all = false;
  bool nonlinear_file_pte = false;
  bool install_checks_page = false;
  bool remap_file_ptes = false;
  bool remap_emulated = false;
  bool work_blocks = false;
  bool ptl_in_zap = false;
  bool lazy_fork = false;
  bool move_extents = false;
  bool rewind_under_lock = false;
  bool unlink_before_tables = false;
  bool fault_page_lock = false;
  bool unmap_per_page = false;
  bool second_pass = false;
  bool page_mkwrite = false;
  bool mkwrite_rechecks = false;
  bool mremap_always_resets = false;
  bool lock_sleeps = false;
  bool shared_walk = false;
  bool interval_tree = false;
  bool invalidate_lock = false;
  bool fault_around = false;
  bool account_blocks_merge = false;
  bool move_in_order = false;
  bool merged_move_locks = false;
  bool punch_without_mmap_sem = false;
  bool invalidate_loops = false;
  bool wide_offsets = false;
  bool range_end_kept = false;
  bool punch_keeps_copies = false;

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
  uint64_t flips = 0;  // bit i: rule i is the other way round

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
