// Finds the word that a mistyped one was meant to be.
#ifndef VMTRUNC_CORE_NEAREST_H_
#define VMTRUNC_CORE_NEAREST_H_

#include <span>
#include <string>
#include <string_view>

namespace vmtrunc {

// The word that `typed` becomes by the fewest letters changed, added or
// removed, the first of several; "" if more than half of its letters would have
// to change.
std::string Nearest(std::string_view typed, std::span<const char* const> words);

// "; is it WORD?", or "" of none.
std::string IsIt(std::string_view nearest);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_NEAREST_H_
