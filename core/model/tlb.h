// What a processor may still use after a pte has changed: translations that
// outlive their ptes, and the frames that they name.
//
// A processor may have the translation of any pte that is present: it fills its
// TLB at a touch, or by itself. So none is kept while its pte stands. One is
// kept from when the pte goes until the address is flushed. It is kept by mm,
// not by processor: any task of the mm may have it.
//
// A frame has a number only once something but the page cache and the ptes
// names it: a translation whose pte has gone, or a gather that has yet to free
// it. Until then the page names its frame.
#ifndef VMTRUNC_CORE_MODEL_TLB_H_
#define VMTRUNC_CORE_MODEL_TLB_H_

#include <cstdint>

namespace vmtrunc {

// What a translation leads to.
enum class Leads : uint8_t {
  kNowhere = 0,  // there is no translation
  kPage = 1,     // the frame of a page that is in its file's page cache
  kFrame = 2,    // a frame that has a number: the page has left the cache
  kOther = 3,    // a private copy, or a page that somebody else holds
};

struct Translation {
  Leads leads = Leads::kNowhere;
  uint8_t file = 0;
  uint8_t number = 0;  // of the page in its file, or of the frame
  bool writable = false;

  bool operator==(const Translation&) const = default;
};

// A translation in one word of W, which holds numbers of kBits: bits from 0 on
// the number, then whether it is writable, where it leads, the file.
template <class W, unsigned kBits>
constexpr W PackTranslation(const Translation& it) {
  return static_cast<W>(it.number | (it.writable ? 1U : 0U) << kBits |
                        static_cast<unsigned>(it.leads) << (kBits + 1) |
                        unsigned{it.file} << (kBits + 3));
}
template <unsigned kBits>
constexpr Translation UnpackTranslation(unsigned word) {
  return {.leads = static_cast<Leads>(word >> (kBits + 1) & 3),
          .file = static_cast<uint8_t>(word >> (kBits + 3) & 1),
          .number = static_cast<uint8_t>(word & ((1U << kBits) - 1)),
          .writable = (word >> kBits & 1) != 0};
}

enum class FrameState : uint8_t {
  kUnnumbered = 0,
  kHeld = 1,  // gathers hold it
  kFree = 2,
  kPage = 3,  // it was free, and is a page of a file again
  kCopy = 4,  // it was free, and is a private copy
};

// A frame with a number.
struct Frame {
  FrameState state;
  uint8_t file, page;  // whose it was; of kPage whose it is now
  uint8_t holders;     // the tasks whose gathers hold it, a bit each
  uint8_t freed;       // the larger, the later: the next page takes the latest
  uint8_t unused[3];
};

// A mmu_gather: what one task has zapped in an mm and has not flushed, and the
// frames that it frees after the flush.
struct Gather {
  static constexpr unsigned kCapacity = 2;  // frames; the kernel has hundreds

  uint8_t mm;       // plus 1; 0: there is no open gather
  uint8_t frames;   // that it holds, also those that are not named below
  uint16_t lo, hi;  // addresses to flush, [lo, hi)
  uint8_t unused;
  uint8_t named;  // bit i: files[i] and pages[i] say whose frame it is
  uint8_t files[kCapacity], pages[kCapacity];

  // What it holds is flushed and freed first.
  constexpr bool is_full() const { return frames == kCapacity; }
};

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_TLB_H_
