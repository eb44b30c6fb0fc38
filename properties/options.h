// What ci/properties was asked for.
#ifndef VMTRUNC_PROPERTIES_OPTIONS_H_
#define VMTRUNC_PROPERTIES_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/about/bugs.h"
#include "core/model/rules.h"
#include "properties/check.h"

namespace vmtrunc::properties {

inline constexpr int kDefaultCases = 2000;
inline constexpr int kBugCases = 1000000;

struct Options {
  // As it was typed, to be told.
  std::string command;
  std::string kernels, properties, out = "properties-out", replay;
  int cases = 0;  // 0: RC_PARAMS's, or kDefaultCases
  int bugs = 0;   // seeds
  std::string seed_text;
  uint64_t seed = 0;  // read when given
  bool seed_given = false;
  double hours = 0;
  std::string bug;
  double seconds = 60;
  bool list = false, distribution = false, json = false;
};

// All four throw UsageError where a word names nothing.
std::vector<const ScriptProperty*> Properties(const Options& o);
std::vector<KernelSpec> Kernels(const Options& o);
const BugInfo& FindBug(const std::string& name);
// RC_PARAMS, and our flags over it; sets RC_PARAMS to what they come to.
CheckParams Params(const Options& o);

}  // namespace vmtrunc::properties

#endif  // VMTRUNC_PROPERTIES_OPTIONS_H_
