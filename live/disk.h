// Files of a file system on a disk, whose folios are as a script has them:
// what its writes and its faults give, as far as it can be seen.
#ifndef VMTRUNC_LIVE_DISK_H_
#define VMTRUNC_LIVE_DISK_H_

#include <string>

#include "core/model/event.h"

namespace vmtrunc::live {

// A file without a name in the directory, or -1 with errno.
int OpenOnDisk(const std::string& dir);

// Why a fault in a file of the directory brings more than its page, or "".
// Throws nothing; what the kernel refuses is a reason.
std::string WhyNotAPageAFault(const std::string& dir);

// Writes the file to the disk, so that its folios are clean. Returns why they
// are not those of MakeWorld(), or "". Requires: it was written a folio at a
// time.
std::string WhyNotTheseFolios(int file, unsigned pages,
                              const FolioSetup& folios);

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_DISK_H_
