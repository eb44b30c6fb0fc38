#include "fuzz/violates.h"

#include <cstdlib>

#include "core/check.h"

// Not inlined, and all different: a linker may fold identical functions, which
// would merge all crashes. C names, so that stacks are readable without
// demangling.
#define VMTRUNC_VIOLATES(name, words, ...)                                \
  extern "C" [[noreturn, gnu::noinline]] void vmtrunc_violates_##words(); \
  void vmtrunc_violates_##words() {                                       \
    asm volatile("" : : "r"(#words));                                     \
    std::abort();                                                         \
  }
VMTRUNC_PROPERTIES(VMTRUNC_VIOLATES)
#undef VMTRUNC_VIOLATES

namespace vmtrunc::fuzz {

void AbortFor(Property property) {
  switch (property) {
#define VMTRUNC_CASE(name, words, ...) \
  case Property::name:                 \
    vmtrunc_violates_##words();
    VMTRUNC_PROPERTIES(VMTRUNC_CASE)
#undef VMTRUNC_CASE
  }
  VMT_CHECK(false);
  std::abort();
}

}  // namespace vmtrunc::fuzz
