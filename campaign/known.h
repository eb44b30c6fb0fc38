// Known violations: those that scripts of the corpus show.
#ifndef VMTRUNC_CAMPAIGN_KNOWN_H_
#define VMTRUNC_CAMPAIGN_KNOWN_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/script/script.h"
#include "search/cause.h"

namespace vmtrunc::campaign {

// A file with a reviewed script.
struct KnownScript {
  std::string path;
  Script script;
};

// The known (property, root cause) pairs of one kernel. The list is made by
// running the scripts with a line `expect K breaks P` for exactly this kernel,
// including flips. P and all other properties that such a script violates there
// are known, together with the rule that repairs it: the rule that an `expect`
// line of the script names, or ReasonOf()'s.
class Known {
 public:
  Known(const KernelSpec& kernel, const std::vector<KnownScript>& scripts);

  // Rules whose flip repairs a known script, a bit each: CauseOf() tries them
  // first.
  const RuleSet& rules() const { return rules_; }
  // The script that shows it, or nullptr. Several known bugs together have no
  // script of their own: path "".
  const KnownScript* Find(const search::RootCause& cause) const;
  bool Has(const search::RootCause& cause) const {
    return cause.rule == search::RootCause::kSeveral || Find(cause) != nullptr;
  }
  // By RootCause::Name().
  const KnownScript* Find(const std::string& name) const;
  // The known script that shows the bug (report::BugShownBy), or nullptr.
  const KnownScript* Showing(const std::string& bug) const;
  size_t size() const { return scripts_.size(); }

 private:
  void Add(const search::RootCause& cause, const KnownScript& script);

  KernelSpec kernel_;
  RuleSet rules_;
  std::map<std::string, KnownScript> scripts_;  // by RootCause::Name()
  std::map<std::string, KnownScript> bugs_;     // by the bug's name
};

}  // namespace vmtrunc::campaign

#endif  // VMTRUNC_CAMPAIGN_KNOWN_H_
