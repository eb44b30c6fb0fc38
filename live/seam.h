// Mappings side by side, which merge or not by their anon_vmas.
#ifndef VMTRUNC_LIVE_SEAM_H_
#define VMTRUNC_LIVE_SEAM_H_

#include <vector>

#include "base/random.h"
#include "core/model/event.h"
#include "core/script/script.h"

namespace vmtrunc::live {

// Events of one task that map three ranges of a file one after the other, at
// the addresses where their offsets follow one another too: two of them are
// touched, and then the one in the middle gets the same protection as they.
std::vector<Event> RandomSeam(const Setup& setup, uint8_t task,
                              base::Random& random);

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_SEAM_H_
