// A word that was mistyped, and the one that was meant.
#ifndef VMTRUNC_CORE_NEAREST_H_
#define VMTRUNC_CORE_NEAREST_H_

#include <span>
#include <string>
#include <string_view>

namespace vmtrunc {

// The word that `typed` becomes by the fewest letters changed, added or left
// out, the first of several; "" when more than half of its letters would have
// to change: then another word was meant.
std::string Nearest(std::string_view typed, std::span<const char* const> words);

// "; is it WORD?", or "" of none.
std::string IsIt(std::string_view nearest);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_NEAREST_H_
