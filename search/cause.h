// Which bug a violation shows, so that one that is found a million times is
// told once: the rule whose flip makes the script hold, or the form of words
// in which the violation is told where no one rule does.
#ifndef VMTRUNC_SEARCH_CAUSE_H_
#define VMTRUNC_SEARCH_CAUSE_H_

#include <cstdint>
#include <string>

#include "search/reason.h"
#include "search/reduce.h"

namespace vmtrunc {

struct RootCause {
  // In the place of a rule.
  static constexpr int kWords = -1;  // none: `what` tells two causes apart
  // No rule alone, but all known ones at once: bugs that are known, together.
  static constexpr int kSeveral = -2;

  Property property = Property::kNoPagePastSize;
  int rule = kWords;      // its number
  const char* what = "";  // of kWords alone

  bool operator==(const RootCause& other) const;
  // A name for files: "no-page-past-size+relock-resets" where the kernel lacks
  // the rule, "-" where it has it; "no-page-past-size.page-is-mapped-at-of".
  std::string Name(const KernelSpec& kernel) const;
  // "holds on 2.6.11+relock-resets", or the words.
  std::string InWords(const KernelSpec& kernel) const;
};

// The cause that has the name: names are kept in files. Of one by words, or by
// a rule that is not built, the property alone. Empty where that is none.
std::optional<RootCause> CauseNamed(const std::string& name,
                                    const KernelSpec& kernel);

// Of a script that breaks `property` on `kernel`. The rules in `known` are
// tried before those that ReasonOf() tries: a rule that happens to help too is
// not taken for another bug. Flipping drop-lock helps always, so that it says
// nothing: then the words count. `runs`: grows by the runs that it took, or
// nullptr. Requires: it breaks.
RootCause CauseOf(const Draft& draft, const KernelSpec& kernel,
                  Property property, const RuleSet& known,
                  uint64_t* runs = nullptr);

// What a smaller script must have in common with one of that cause. Words are
// shared by many bugs: of those it must not hold with known rules turned round.
Judge JudgeOf(const RootCause& cause, const KernelSpec& kernel,
              const RuleSet& known);

}  // namespace vmtrunc

#endif  // VMTRUNC_SEARCH_CAUSE_H_
