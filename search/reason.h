// Why a script violates a property: what a smaller one must have in common with
// it, so that it does not show another bug.
#ifndef VMTRUNC_SEARCH_REASON_H_
#define VMTRUNC_SEARCH_REASON_H_

#include <optional>
#include <string>

#include "core/run/run.h"
#include "search/cost.h"

namespace vmtrunc::search {

struct Reason {
  Property property = Property::kNoPagePastSize;
  // The script holds on this kernel altogether: the kernel with one rule turned
  // round. Empty where no one rule does that.
  std::optional<KernelSpec> unlike = {};
  // Then the way in which it breaks. kNone: any.
  Breach breach = Breach::kNone;

  // "holds on 2.6.11+unmap-mutex"
  std::string ToString() const;
};

// Of a script that violates `property` on `kernel`. Rules are tried in this
// order: those that `kernel` has flipped, those of known bugs that it lacks,
// the others that it lacks, those that it has (drop-lock last). Requires: it
// breaks.
Reason ReasonOf(const Draft& draft, const KernelSpec& kernel,
                Property property);

// The same for a file: an `expect` line that says it holds on the kernel with
// one rule flipped is believed first, if it does.
Reason ReasonOf(const Script& script, const KernelSpec& kernel,
                Property property);

// Whether the script breaks the reason's property on these rules for that
// reason. A value that is asked often: it keeps the rules.
class Shows {
 public:
  Shows(const Rules& rules, const Reason& reason);
  // The run on the kernel; empty where it shows something else or nothing.
  // `had_effect`: as RunOptions has it.
  std::optional<RunResult> operator()(const Draft& draft,
                                      bool* had_effect = nullptr) const;

 private:
  Rules rules_;
  Reason reason_;
  std::optional<Rules> unlike_;
};

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_REASON_H_
