#include "live/maps.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "absl/strings/str_format.h"
#include "live/process.h"

namespace vmtrunc::live {
namespace {

constexpr unsigned kNoFile = 2;

}  // namespace

// A read gives a page of it at most.
bool ReadMaps(int fd, std::string& text) {
  char part[4 * kPage];
  for (;;) {
    const ssize_t size =
        ::pread(fd, part, sizeof(part), static_cast<off_t>(text.size()));
    if (size < 0) return false;
    text.append(part, static_cast<size_t>(size));
    const size_t newline = text.rfind('\n', text.size() - 2);
    if (size == 0 || (newline != std::string::npos &&
                      std::strtoull(text.c_str() + newline + 1, nullptr, 16) >=
                          kArena + kArenaPages * kPage))
      return true;
  }
}

std::string VmasOf(const std::string& text,
                   const std::array<uint64_t, 2>& inodes) {
  std::string vmas;
  for (const char* line = text.c_str(); line != nullptr && *line != 0;) {
    char* rest = nullptr;
    const uint64_t start = std::strtoull(line, &rest, 16);
    const uint64_t end = std::strtoull(rest + 1, &rest, 16);
    if (start >= kArena + kArenaPages * kPage) break;
    const std::string prot(rest + 1, 4);
    const uint64_t offset = std::strtoull(rest + 6, &rest, 16);
    std::strtoull(rest, &rest, 16);      // the device, MAJOR
    std::strtoull(rest + 1, &rest, 16);  // and MINOR
    const uint64_t inode = std::strtoull(rest, nullptr, 10);
    if (start >= kArena)
      vmas += VmaLine((start - kArena) / kPage, (end - kArena) / kPage,
                      prot[3] == 's', prot[1] == 'w',
                      inode == inodes[0]   ? 0
                      : inode == inodes[1] ? 1
                                           : kNoFile,
                      offset / kPage);
    line = std::strchr(line, '\n');
    if (line != nullptr) ++line;
  }
  return vmas;
}

std::string VmaLine(uint64_t start, uint64_t end, bool shared, bool write,
                    unsigned file, uint64_t pgoff) {
  return absl::StrFormat("[%d, %d) %s %s of %s pgoff %d\n", start, end,
                         shared ? "shared" : "private", write ? "rw" : "r",
                         file == 0   ? "the first file"
                         : file == 1 ? "the second file"
                                     : "no file of the script",
                         pgoff);
}

}  // namespace vmtrunc::live
