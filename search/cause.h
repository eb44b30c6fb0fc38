// Which bug a violation shows, so that one that is found a million times is
// told once: the rule whose flip makes the script hold, or the way in which the
// property breaks where no one rule does.
#ifndef VMTRUNC_SEARCH_CAUSE_H_
#define VMTRUNC_SEARCH_CAUSE_H_

#include <cstdint>
#include <string>

#include "search/reason.h"
#include "search/reduce.h"

namespace vmtrunc::search {

struct RootCause {
  // In the place of a rule.
  static constexpr int kBreach = -1;  // none: `breach` tells two causes apart
  // No rule alone, but all known ones at once: bugs that are known, together.
  static constexpr int kSeveral = -2;

  Property property = Property::kNoPagePastSize;
  int rule = kBreach;             // its number
  Breach breach = Breach::kNone;  // of kBreach alone

  bool operator==(const RootCause&) const = default;
  // A name for files: "no-page-past-size+relock-resets" where the kernel lacks
  // the rule, "-" where it has it; "no-page-past-size.page-is-mapped-at-of".
  std::string Name(const KernelSpec& kernel) const;
  // "holds on 2.6.11+relock-resets", or the breach's form of words.
  std::string InWords(const KernelSpec& kernel) const;
};

// The cause that has the name: names are kept in files. Of a breach, or of a
// rule that is not built, the property alone. Empty where that is none.
std::optional<RootCause> CauseNamed(const std::string& name,
                                    const KernelSpec& kernel);

// Of a script that violates `property` on `kernel`. The rules in `known` are
// tried before those that ReasonOf() tries: a rule that happens to help too is
// not taken for another bug. Flipping drop-lock helps always, so that it says
// nothing: then the breach counts. `runs`: grows by the runs that it took, or
// nullptr. Requires: it breaks.
RootCause CauseOf(const Draft& draft, const KernelSpec& kernel,
                  Property property, const RuleSet& known,
                  uint64_t* runs = nullptr);

// What a smaller script must have in common with one of that cause. Breaches
// are shared by many bugs: of those it must not hold with known rules flipped.
Judge JudgeOf(const RootCause& cause, const KernelSpec& kernel,
              const RuleSet& known);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_CAUSE_H_
