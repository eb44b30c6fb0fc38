// A pte.
#ifndef VMTRUNC_CORE_MODEL_PTE_H_
#define VMTRUNC_CORE_MODEL_PTE_H_

#include <cstdint>

namespace vmtrunc {

// A pte, 16 bits: its kind, whether it is writable, and for all but private
// copies the index of the page in its file (which is the vma's).
enum class PteKind : uint8_t {
  kEmpty = 0,
  kPage = 1,     // a page that is in the page cache
  kOrphan = 2,   // a page that was in the cache and has been removed from it
  kCopy = 3,     // a private copy, made by a write to a private mapping
  kFilePte = 4,  // no page: the index that a nonlinear vma has here
  kForeign = 5,  // a frame after the folio that was to be mapped: whose it
                 // is, nobody knows
};

struct Pte {
  uint16_t bits = 0;

  // Requires: index < 512. That is any that an event can name, not only those
  // of a file's pages: a file pte may lie past them.
  static constexpr Pte Make(PteKind kind, unsigned index, bool writable) {
    return {static_cast<uint16_t>(static_cast<unsigned>(kind) << 10 |
                                  (writable ? 0x200U : 0U) | (index & 0x1ffU))};
  }
  constexpr PteKind kind() const { return static_cast<PteKind>(bits >> 10); }
  constexpr bool none() const { return bits == 0; }
  constexpr bool present() const {
    return bits != 0 && kind() != PteKind::kFilePte;
  }
  constexpr bool writable() const { return (bits & 0x200U) != 0; }
  constexpr unsigned index() const { return bits & 0x1ffU; }
  bool operator==(const Pte&) const = default;
};

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_PTE_H_
