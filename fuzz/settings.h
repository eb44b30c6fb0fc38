// Settings of a fuzz target from the environment (names in fuzz/status.h).
#ifndef VMTRUNC_FUZZ_SETTINGS_H_
#define VMTRUNC_FUZZ_SETTINGS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "core/property.h"
#include "core/model/rules.h"

namespace vmtrunc::fuzz {

struct Settings {
  KernelSpec kernel;             // to run on
  bool kernel_is_given = false;  // else an input's own kernel has precedence
  std::optional<KernelSpec> unlike;
  uint32_t reported =
      CountedProperties();      // a bit for each property that stops it
  std::optional<RuleSet> sort;  // the known rules
  bool keep_going = false;
  bool shows_features = true;
  bool scouts = true;
  unsigned scouts_first = 0;  // how often, before the engine sets itself up
  std::string growth;         // a file, or ""
};

// Unset variables have these defaults, null if unset. Ends the process if a
// variable's value cannot be parsed.
Settings SettingsOf(const char* built_in_kernel, const char* built_in_property);

// The value of VMTRUNC_DIRECTORY, or "".
std::string DirectorySetting();

// Prints a line on standard error, which begins with the name of the program
// that runs, and exits with status 2: not by exit(), which
// libFuzzer takes for a crash of the target.
[[noreturn]] void EndTarget(const std::string& what);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_SETTINGS_H_
