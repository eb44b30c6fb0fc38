// The properties as sentences, and how to tell that one is broken.
#ifndef VMTRUNC_PROPERTIES_PROPERTIES_H_
#define VMTRUNC_PROPERTIES_PROPERTIES_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/script/script.h"
#include "search/kinds.h"

namespace vmtrunc::properties {

struct ScriptProperty {
  const char* name;
  const char* sentence;
  // What broke, with values; empty when the property holds. Total: any script,
  // any rules. `other` is what the second run of a property that compares two
  // goes by; it equals `rules` but where a test wants them to differ, and then
  // in no rule that gives the index another form (interval-tree).
  std::string (*check)(const Script& script, const Rules& rules,
                       const Rules& other);
  // Where it is seen to fire: a kernel with a rule flipped, or one for the
  // first run and another for the second.
  const char* fires_on;
  int fires_within;  // scripts, from any of the first 30 seeds
  const char* fires_with_other = nullptr;  // nullptr: the same
};

std::span<const ScriptProperty> AllScriptProperties();

// The property of that name, or nullptr.
const ScriptProperty* FindScriptProperty(std::string_view name);

// What random scripts should have for it to be violated.
search::Scripts ScriptsFor(const ScriptProperty& property);

// Whether it is checked only where it is named.
bool IsOnlyNamed(const ScriptProperty& property);

// The kernels that properties are checked on: those of the table, and those
// with the rules that look past its known bugs and findings.
std::span<const char* const> CheckedKernels();

// Why the property is known to break on the kernel ("F1 HB-15", of
// docs/findings.md and `vmtrunc bugs`), or nullptr where it must hold. A kernel
// in any other spelling than CheckedKernels() is not known to break anything.
const char* KnownBreak(const ScriptProperty& property, std::string_view kernel);

}  // namespace vmtrunc::properties

#endif  // VMTRUNC_PROPERTIES_PROPERTIES_H_
