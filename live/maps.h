// The vmas of a task, from /proc/PID/maps.
#ifndef VMTRUNC_LIVE_MAPS_H_
#define VMTRUNC_LIVE_MAPS_H_

#include <array>
#include <cstdint>
#include <string>

namespace vmtrunc::live {

// One vma as a line, for the comparison of model and kernel.
std::string VmaLine(uint64_t start, uint64_t end, bool shared, bool write,
                    unsigned file, uint64_t pgoff);

// Reads /proc/PID/maps, open as `fd`, up to the end of the arena. Returns
// false, with errno, if that fails.
bool ReadMaps(int fd, std::string& text);

// The vmas in the arena, one a line. `inodes`: of the files.
std::string VmasOf(const std::string& text,
                   const std::array<uint64_t, 2>& inodes);

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_MAPS_H_
