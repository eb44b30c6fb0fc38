// Files with the abstract states (Checker::NoteFeatures) of an exhaustive
// search: lines with the format, the kernel, and `all` or `some` (it did not
// end), lines with # that give the origin, and one number a line, ascending.
// Format 1 has neither kernel nor `all`.
#ifndef VMTRUNC_CLI_ABSTRACT_H_
#define VMTRUNC_CLI_ABSTRACT_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/model/rules.h"
#include "core/run/checker.h"

namespace vmtrunc::cli {

inline constexpr unsigned kAbstractStates = Checker<LargeCaps>::kFeatures;
static_assert(kAbstractStates == Checker<SmallCaps>::kFeatures);

// `seen`: kAbstractStates bytes, nonzero if seen; `all`: there are no others.
void WriteAbstract(const std::string& path, const KernelSpec& kernel,
                   const std::string& from, bool all,
                   std::span<const uint8_t> seen);

struct AbstractStates {
  std::string path;
  std::optional<KernelSpec> kernel;
  std::vector<uint8_t> seen;  // the same bytes
};
// Throws UsageError; also if they are not all, or none: a share of them would
// say nothing.
AbstractStates ReadAbstract(const std::string& path);

// Throws UsageError if they are of another kernel.
void ExpectStatesOf(const AbstractStates& states, const KernelSpec& kernel);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_ABSTRACT_H_
