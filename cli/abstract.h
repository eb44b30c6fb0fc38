// Files with sets of abstract states (Checker::NoteFeatures): a first line with
// the format, lines with # that give the origin, and one number a line,
// ascending.
#ifndef VMTRUNC_CLI_ABSTRACT_H_
#define VMTRUNC_CLI_ABSTRACT_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/run/checker.h"

namespace vmtrunc::cli {

inline constexpr unsigned kAbstractStates = Checker<LargeCaps>::kFeatures;
static_assert(kAbstractStates == Checker<SmallCaps>::kFeatures);

// `seen`: kAbstractStates bytes, nonzero if seen.
void WriteAbstract(const std::string& path, const std::string& from,
                   std::span<const uint8_t> seen);
// Returns the same bytes. Throws UsageError.
std::vector<uint8_t> ReadAbstract(const std::string& path);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_ABSTRACT_H_
