// References to folios of the page cache that somebody holds: a page that was
// spliced into a pipe, and is not read.
#ifndef VMTRUNC_LIVE_PINS_H_
#define VMTRUNC_LIVE_PINS_H_

#include <map>
#include <utility>

namespace vmtrunc::live {

class Pins {
 public:
  Pins() = default;
  ~Pins() { Clear(); }
  Pins(const Pins&) = delete;
  Pins& operator=(const Pins&) = delete;

  // Takes a reference to the folio that holds the page of the file, which is
  // open as `fd`, and gives back one that was taken by this page: that folio
  // may have left the cache. A page that is not cached, or is past the end,
  // gets none. Returns 0, or the kernel's error.
  int Pin(unsigned file, int fd, unsigned page);
  void Unpin(unsigned file, unsigned page);
  void Clear();

 private:
  // The end of a pipe to read from, by file and page.
  std::map<std::pair<unsigned, unsigned>, int> held_;
};

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_PINS_H_
