// The reason for a violation, which a smaller script must share so that it does
// not show another bug.
#ifndef VMTRUNC_SEARCH_REASON_H_
#define VMTRUNC_SEARCH_REASON_H_

#include <optional>
#include <string>

#include "core/run/run.h"
#include "search/cost.h"

namespace vmtrunc::search {

struct Reason {
  Property property = Property::kNoPagePastSize;
  // The kernel with one rule flipped, on which the script holds. Empty if no
  // single flip repairs it.
  std::optional<KernelSpec> unlike = {};
  // Otherwise the kind of violation. kNone: any.
  Breach breach = Breach::kNone;

  // "holds on 2.6.11+unmap-mutex"
  std::string ToString() const;
};

// The reason of a script that violates `property` on `kernel`. Rules are tried
// in this order: those that `kernel` has flipped, those of known bugs that it
// lacks, others that it lacks, those that it has (drop-lock last). Requires:
// the script violates it.
Reason ReasonOf(const Draft& draft, const KernelSpec& kernel,
                Property property);

// The same for a file: an `expect` line that says it holds on the kernel with
// one rule flipped is tried first.
Reason ReasonOf(const Script& script, const KernelSpec& kernel,
                Property property);

// Whether a script violates the reason's property on these rules for that
// reason. Keeps the rules, as it is called often.
class Shows {
 public:
  Shows(const Rules& rules, const Reason& reason);
  // The run on the kernel; empty if the script does not show it. `had_effect`:
  // as in RunOptions.
  std::optional<RunResult> operator()(const Draft& draft,
                                      bool* had_effect = nullptr) const;

 private:
  Rules rules_;
  Reason reason_;
  std::optional<Rules> unlike_;
};

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_REASON_H_
