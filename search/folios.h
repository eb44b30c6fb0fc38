// Large folios, tmpfs and pins in random scripts.
#ifndef VMTRUNC_SEARCH_FOLIOS_H_
#define VMTRUNC_SEARCH_FOLIOS_H_

#include "base/random.h"
#include "core/script/script.h"

namespace vmtrunc::search {

// Gives the first file folios, or makes it tmpfs, or both, and adds a few
// events that such files are about: pins, orders, touches near the end,
// growth, punches. For kernels with large folios; others run the script as if
// nothing of it were there. A file that is memory of a device stays so.
void AddFolios(Script& script, base::Random& random);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_FOLIOS_H_
