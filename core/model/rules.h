// The kernels, as rows of one table of rules.
//
// A rule is one decision that kernels took differently at one place of the
// code. A kernel is the set of the rules it has; a known bug is a kernel with
// one rule flipped. The model reads `rules.importer_rescans`; it contains no
// kernel names.
#ifndef VMTRUNC_CORE_MODEL_RULES_H_
#define VMTRUNC_CORE_MODEL_RULES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/model/rule_list.h"
#include "core/model/rule_set.h"

namespace vmtrunc {

// A flag for each rule of the list, in its order.
struct Rules {
#define VMTRUNC_RULE(name, ...) bool name = false;
  VMTRUNC_RULES(VMTRUNC_RULE)
#undef VMTRUNC_RULE

  bool operator==(const Rules&) const = default;
};

struct RuleInfo {
  const char* name;  // as in `2.6.11-importer-rescans`
  bool Rules::* flag;
  const char* since;    // "2.6.15"; "" where no Linux has it
  const char* flip;     // the known bugs that its flip is, or ""
  const char* decides;  // one sentence: what the code does when it is on
};

// All rules; a rule's number is its place here.
std::span<const RuleInfo> AllRules();

// Whether the model asks for this rule at all, its other rules being these:
// what it does is the same with the rule and without where it does not.
bool IsRead(const RuleInfo& rule, const Rules& rules);

// The number of the rule of that name. NotFound names the most similar one.
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
  // The alias names the kernel without this rule, or null. Scripts written to
  // the name before the rule was there keep their verdicts.
  bool Rules::* alias_lacks = nullptr;
};

// All kernels; a kernel's number is its place here, append only.
std::span<const KernelInfo> AllKernels();

// Their numbers, from the oldest kernel to the newest; ours, which no Linux is,
// last.
std::span<const uint8_t> KernelsByAge();

// A user's name for a kernel (core/script/kernel_file.h).
struct OwnName {
  std::string name;
  uint8_t kernel = 0;  // it is this one
  RuleSet flips;       // with these flips
};

// A kernel with some rules flipped, as a value: the meaning of a script's
// `kernel` line, an `expect` line or --kernel.
struct KernelSpec {
  uint8_t kernel = 0;  // number in AllKernels()
  RuleSet flips = {};  // those that are flipped
  // Not part of the value; null, or valid until the program ends.
  const OwnName* own = nullptr;

  Rules rules() const;
  // "2.6.11-importer-rescans+unmap-mutex": ParseKernelSpec() reads it back. For
  // scripts and output for programs.
  std::string ToString() const;
  // For people: "acme-5.4", "acme-5.4+unmap-mutex"; without a name of its own
  // the same as ToString().
  std::string Name() const;
  bool operator==(const KernelSpec& other) const {
    return kernel == other.kernel && flips == other.flips;
  }
};

// Parses a kernel's name followed by -rule or +rule, with or without blanks.
// The longest kernel name wins. -rule on a kernel that lacks the rule, or +rule
// on one that has it, changes nothing. NotFound if the kernel or a rule is
// unknown; InvalidArgument if the text is malformed.
absl::StatusOr<KernelSpec> ParseKernelSpec(std::string_view text);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_RULES_H_
