#include "live/disk.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/model/world.h"
#include "live/process.h"

namespace vmtrunc::live {
namespace {

constexpr uint64_t kPresent = uint64_t{1} << 63;
constexpr uint64_t kFrame = (uint64_t{1} << 55) - 1;
constexpr uint64_t kHead = uint64_t{1} << 15, kTail = uint64_t{1} << 16;

// Reads the entry of the table at `index`. Else false, and errno says why.
bool ReadEntry(const char* path, uint64_t index, uint64_t& entry) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t got = ::pread(fd, &entry, sizeof(entry),
                              static_cast<off_t>(index * sizeof(entry)));
  const int error = ErrorOfRead(got);
  ::close(fd);
  errno = error;
  return got == sizeof(entry);
}

// The flags of the page that is mapped there, which is touched first. Else
// false, and errno says why.
bool FlagsAt(char* at, uint64_t& flags) {
  uint64_t entry = 0;
  static_cast<void>(*static_cast<volatile char*>(at));
  if (!ReadEntry("/proc/self/pagemap", reinterpret_cast<uintptr_t>(at) / kPage,
                 entry))
    return false;
  if ((entry & kPresent) == 0) {
    errno = EFAULT;  // it is not mapped, though it was touched
    return false;
  }
  return ReadEntry("/proc/kpageflags", entry & kFrame, flags);
}

std::string Errno() { return std::strerror(errno); }

// Maps a file while it is looked at.
class Mapped {
 public:
  Mapped(int file, unsigned pages)
      : size_(pages * kPage),
        at_(::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file, 0)) {}
  ~Mapped() {
    if (ok()) ::munmap(at_, size_);
  }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;

  bool ok() const { return at_ != MAP_FAILED; }
  char* At(unsigned page) const {
    return static_cast<char*>(at_) + page * kPage;
  }

 private:
  size_t size_;
  void* at_;
};

}  // namespace

int OpenOnDisk(const std::string& dir) {
  return ::open(dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

std::string WhyNotAPageAFault(const std::string& dir) {
  constexpr unsigned kPages = 4;
  const int file = OpenOnDisk(dir);
  if (file < 0) return absl::StrCat("a file without a name: ", Errno());
  const std::vector<char> content(kPages * kPage, 1);
  std::string why;
  if ((errno = WriteAtOnce(file, content.data(), content.size(), 0)) != 0 ||
      ::fsync(file) != 0 ||
      (errno = ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)) != 0)
    why = Errno();
  const Mapped mapped(file, kPages);
  unsigned char cached[kPages] = {};
  if (why.empty() &&
      (!mapped.ok() || ::mincore(mapped.At(0), kPages * kPage, cached) != 0))
    why = Errno();
  for (unsigned i = 0; i < kPages && why.empty(); ++i)
    if ((cached[i] & 1) != 0) why = "a clean page stays cached";
  if (why.empty()) {
    static_cast<void>(*static_cast<volatile char*>(mapped.At(0)));
    ::mincore(mapped.At(0), kPages * kPage, cached);
    for (unsigned i = 1; i < kPages; ++i)
      if ((cached[i] & 1) != 0)
        why = "a fault reads ahead: expected a disk with read_ahead_kb 0";
  }
  ::close(file);
  return why;
}

std::string WhyNotTheseFolios(int file, unsigned pages,
                              const FolioSetup& folios) {
  if (pages == 0) return "";
  if (::fsync(file) != 0) return absl::StrCat("fsync: ", Errno());
  const Mapped mapped(file, pages);
  if (!mapped.ok()) return absl::StrCat("mmap: ", Errno());
  for (unsigned page = 0; page < pages;) {
    const unsigned order = FittingOrder(page, pages, 0, folios.high);
    for (unsigned i = 0; i < 1U << order; ++i, ++page) {
      uint64_t flags = 0;
      if (!FlagsAt(mapped.At(page), flags))
        return absl::StrCat("/proc/kpageflags: ", Errno());
      const uint64_t wanted = order == 0 ? 0 : i == 0 ? kHead : kTail;
      if ((flags & (kHead | kTail)) != wanted)
        return absl::StrCat("a write of ", 1U << order,
                            " pages does not make a folio of them");
    }
  }
  return "";
}

}  // namespace vmtrunc::live
