// The differences between two worlds, in words.
#ifndef VMTRUNC_CORE_ABOUT_DIFFERENCES_H_
#define VMTRUNC_CORE_ABOUT_DIFFERENCES_H_

#include <span>
#include <string>
#include <vector>

#include "core/script/script.h"
#include "core/model/world.h"

namespace vmtrunc {

// A world, and the encoding of its vmas' counts (core/model/mark.h).
struct Side {
  const World<LargeCaps>& world;
  bool names_pass = false;
};

// One line for each difference, with the names of `names`: "file f:
// truncate_count 2 | 3". Empty if and only if the worlds are equal bytes. For
// each kind (files, mms, ptes, vmas, tasks, mapcounts) a line counts those left
// out after the first kMostTold. How often a struct was allocated is reported
// only if nothing else differs: a struct that is free again leaves no other
// trace. `mms`: names for the mms; without, "mm 0".
std::vector<std::string> Differences(const Side& left, const Side& right,
                                     const Script& names,
                                     std::span<const std::string> mms = {});
inline constexpr size_t kMostTold = 12;

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_ABOUT_DIFFERENCES_H_
