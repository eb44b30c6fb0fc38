// Names in a directory, made of words that may be long.
#ifndef VMTRUNC_BASE_NAME_PART_H_
#define VMTRUNC_BASE_NAME_PART_H_

#include <string>

namespace vmtrunc::base {

// `word`, or its beginning and a hash of it: short enough to be followed by
// another such part, a number and an extension (a name has at most 255 bytes).
std::string NamePart(const std::string& word);

// How many names are tried where each is said to be taken: such a search ends
// on a file system that says so of every name, too.
inline constexpr unsigned kMostNames = 100'000;

// The name that is tried as the `number`-th, from 1: STEM and `ending`
// (".vmt"), then STEM-2 and so on.
std::string NumberedName(const std::string& stem, unsigned number,
                         const std::string& ending);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_NAME_PART_H_
