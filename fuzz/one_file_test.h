// Where scripts about one file begin, most of them in a small world.
#ifndef VMTRUNC_FUZZ_ONE_FILE_TEST_H_
#define VMTRUNC_FUZZ_ONE_FILE_TEST_H_

#include "base/random.h"
#include "core/script/script.h"
#include "search/make.h"

namespace vmtrunc::fuzz {

// The declarations, of one file, and first mappings. Mappings of another file
// have no place in a small world.
inline Script StartWithOneFile(base::Random& random) {
  Script start = search::MakeStart(random.Next());
  start.setup.files = 1;
  start.setup.sizes[1] = 0;
  return start;
}

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_ONE_FILE_TEST_H_
