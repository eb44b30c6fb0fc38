// Names in a directory, made of words that may be long.
#ifndef VMTRUNC_BASE_NAME_PART_H_
#define VMTRUNC_BASE_NAME_PART_H_

#include <string>

namespace vmtrunc::base {

// `word`, or its beginning and a hash of it: short enough to be followed by
// another such part, a number and an extension (a name has at most 255 bytes).
std::string NamePart(const std::string& word);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_NAME_PART_H_
