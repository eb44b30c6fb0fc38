// What the environment asks of a fuzz target (fuzz/status.h has the names).
#ifndef VMTRUNC_FUZZ_SETTINGS_H_
#define VMTRUNC_FUZZ_SETTINGS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "core/model/rules.h"

namespace vmtrunc::fuzz {

struct Settings {
  KernelSpec kernel;             // to run on
  bool kernel_is_given = false;  // else an input's own kernel goes first
  std::optional<KernelSpec> unlike;
  uint32_t reported = ~0U;      // a bit a property: it stops for these
  std::optional<RuleSet> sort;  // the known rules
  bool keep_going = false;
  bool shows_features = true;
  std::string growth;  // a file, or ""
};

// Unset variables have the values given here, null as if unset. Ends the
// process where a variable says nothing that can be understood.
Settings SettingsOf(const char* built_in_kernel, const char* built_in_property);

// The value of VMTRUNC_DIRECTORY, or "".
std::string DirectorySetting();

// One line on standard error and exit status 2: not by exit(), which libFuzzer
// takes for a crash of the target.
[[noreturn]] void EndTarget(const std::string& what);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_SETTINGS_H_
