// The root cause of a violation: the rule whose flip repairs the script, or the
// kind of violation if no single rule does. So a bug that is found a million
// times is reported once.
#ifndef VMTRUNC_SEARCH_CAUSE_H_
#define VMTRUNC_SEARCH_CAUSE_H_

#include <cstdint>
#include <string>

#include "search/reason.h"
#include "search/reduce.h"

namespace vmtrunc::search {

struct RootCause {
  // In place of a rule: no single rule repairs, `breach` distinguishes causes.
  static constexpr int kBreach = -1;
  // No single rule, but all known ones together: several known bugs in one
  // script.
  static constexpr int kSeveral = -2;

  Property property = Property::kNoPagePastSize;
  int rule = kBreach;             // its number
  Breach breach = Breach::kNone;  // for kBreach only

  bool operator==(const RootCause&) const = default;
  // A name for files: "no-page-past-size+relock-resets" if the kernel lacks the
  // rule, "-" if it has it; "no-page-past-size.page-is-mapped-at-of".
  std::string Name(const KernelSpec& kernel) const;
  // "holds on 2.6.11+relock-resets", or the breach's form of words.
  std::string InWords(const KernelSpec& kernel) const;
};

// The root cause with that name, as used for file names. For a breach, or a
// rule that is not built, only the property is set. Empty if it is no name.
std::optional<RootCause> CauseNamed(const std::string& name,
                                    const KernelSpec& kernel);

// The root cause of a script that violates `property` on `kernel`. The rules in
// `known` are tried before those that ReasonOf() tries, so that a rule that
// repairs it by accident does not count as another bug. Flipping drop-lock
// always repairs, so it is no root cause: then the breach counts. `runs`:
// incremented by the number of runs, or nullptr. Requires: the script violates
// it.
RootCause CauseOf(const Draft& draft, const KernelSpec& kernel,
                  Property property, const RuleSet& known,
                  uint64_t* runs = nullptr);

// What a smaller script of the same root cause must keep. Many bugs share a
// breach: a script of one must not hold with known rules flipped.
Judge JudgeOf(const RootCause& cause, const KernelSpec& kernel,
              const RuleSet& known);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_CAUSE_H_
