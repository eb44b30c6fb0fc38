#include "search/canonical.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "core/check.h"
#include "core/model/fields.h"
#include "core/model/mark.h"

namespace vmtrunc::search {
namespace {

constexpr uint8_t kSame = 1;       // a remembered vma that is still there
constexpr uint8_t kAnother = 200;  // one that is not; births stay below

template <class C>
class Canonical {
 public:
  Canonical(const World<C>& world, const Rules& rules)
      : w_(world),
        names_pass_(rules.restart_names_pass),
        new_counts_(!rules.split_inherits || !rules.fork_inherits) {
    OrderSlots();
    OrderStamps();
  }

  uint64_t Hash(uint64_t extra) {
    const std::span<const uint8_t> bytes = Bytes(extra);
    return HashBytes(bytes.data(), bytes.size());
  }

  std::span<const uint8_t> Bytes(uint64_t extra) {
    size_t size = 0;
    const auto put = [&](const void* bytes, size_t count) {
      VMT_CHECK(size + count <= sizeof(bytes_));
      std::memcpy(bytes_ + size, bytes, count);
      size += count;
    };
    put(&extra, sizeof(extra));
    for (const File& it : w_.files) {
      File file = it;
      Rename(file);
      put(&file, sizeof(file));
    }
    put(&w_.free_count, 1);
    for (unsigned i = 0; i < used_; ++i) {
      const Vma vma = Renamed(w_.vmas[order_[i]]);
      put(&vma, sizeof(vma) - sizeof(vma.unused));
    }
    for (const Mm<C>& it : w_.mms) {
      put(&it.live, 1);
      if (it.live == 0) continue;
      const uint8_t head[] = {it.users, it.writer, it.readers,
                              it.page_table_lock, Place(it.mmap)};
      put(head, sizeof(head));
      put(&it.tables, sizeof(it.tables));
      for (unsigned addr = 0; addr < C::kAddrs; addr += kPtesPerTable)
        if ((it.tables >> addr / kPtesPerTable & 1) != 0)
          put(&it.ptes[addr], kPtesPerTable * sizeof(Pte));
    }
    for (const Task& it : w_.tasks) {
      const uint8_t head[] = {it.live, it.mm, it.order,
                              static_cast<uint8_t>(it.op.verb)};
      put(head, sizeof(head));
      if (it.op.verb == Verb::kNone) continue;
      const Op op = Renamed(it.op);
      put(&op, sizeof(op));
    }
    if (w_.tlb != 0) {
      for (const Mm<C>& it : w_.mms) put(it.tlb, sizeof(it.tlb));
      put(w_.frames, sizeof(w_.frames));
    }
    return {bytes_, size};
  }

 private:
  void OrderSlots() {
    for (unsigned slot = 0; slot < C::kVmas; ++slot)
      if (w_.vmas[slot].state != VmaState::kFree)
        order_[used_++] = static_cast<Slot>(slot);
    const auto key = [this](Slot slot) {
      const Vma& v = w_.vmas[slot];
      return uint64_t{v.mm} << 40 | uint64_t(v.state) << 32 |
             uint64_t{v.start} << 16 | v.end;
    };
    std::sort(order_, order_ + used_, [&](Slot a, Slot b) {
      return key(a) != key(b) ? key(a) < key(b) : a < b;
    });
    std::memset(place_, kNone, sizeof(place_));
    for (unsigned i = 0; i < used_; ++i)
      place_[order_[i]] = static_cast<Slot>(i + 1);
    // The next one to be allocated comes first.
    for (unsigned i = 0; i < w_.free_count; ++i)
      place_[w_.free_slots[w_.free_count - 1 - i]] =
          static_cast<Slot>(used_ + i + 1);
    VMT_CHECK(w_.vmas[0].state == VmaState::kFree);
    place_[0] = 0;
  }

  void AddStamp(uint32_t count) {
    if (IsPageAligned(count)) return;
    VMT_CHECK(stamps_ < kMostStamps);
    stamp_[stamps_++] = count;
    near_ |= count > std::min(kSubPage, w_.count_mask) / 2;
  }
  void OrderStamps() {
    for (const File& file : w_.files) AddStamp(file.truncate_count);
    for (unsigned i = 0; i < used_; ++i)
      AddStamp(PassPart(CountOf(w_.vmas[order_[i]])));
    for (const Task& task : w_.tasks) {
      if (task.op.verb == Verb::kNone) continue;
      AddStamp(task.op.pass.count);
      AddStamp(task.op.fault.seq);
    }
    std::sort(stamp_, stamp_ + stamps_);
    stamps_ =
        static_cast<unsigned>(std::unique(stamp_, stamp_ + stamps_) - stamp_);
  }

  // Copied fields of a struct are overwritten when it is linked.
  uint32_t CountOf(const Vma& vma) const {
    const bool overwritten = vma.state == VmaState::kNew &&
                             vma.in_index == InIndex::kNot && !new_counts_;
    return overwritten ? 0 : vma.count;
  }

  // The part of a vma's count that is the count of a pass.
  uint32_t PassPart(uint32_t mark) const {
    return names_pass_ ? mark & kSubPage : mark;
  }
  uint32_t Mark(uint32_t mark) const {
    return (mark - PassPart(mark)) | Count(PassPart(mark));
  }

  Slot Place(Slot slot) const { return slot < C::kVmas ? place_[slot] : slot; }
  uint32_t Count(uint32_t count) const {
    if (IsPageAligned(count) || near_) return count;
    return static_cast<uint32_t>(
               std::lower_bound(stamp_, stamp_ + stamps_, count) - stamp_) +
           1;
  }

  // A slot that an operation remembers, and its birth, 0 if none is noted.
  void Remembered(Slot& slot, uint8_t& birth) const {
    if (birth != 0 && slot < C::kVmas) {
      const Vma& vma = w_.vmas[slot];
      const bool same = vma.birth == birth && vma.state != VmaState::kFree;
      birth = same ? kSame : kAnother;
    }
    slot = Place(slot);
  }

  // Assigns the normal-form names to slots and counts.
  template <class T>
  void Rename(T& it) const {
    ForEachField(it, [this](auto& field, const char*, auto as, auto&... birth) {
      using enum Form;
      if constexpr (as.form == kKnown) {
        Remembered(field, birth...);
      } else if constexpr (as.form == kSlot || as.form == kLink) {
        field = Place(field);
      } else if constexpr (as.form == kCount) {
        field = Count(field);
      } else if constexpr (as.form == kMark) {
        field = Mark(field);
      } else if constexpr (as.form == kBirth) {
        field = 0;
      }
    });
  }

  Vma Renamed(Vma vma) const {
    vma.count = CountOf(vma);
    Rename(vma);
    return vma;
  }

  Op Renamed(Op op) const {
    Rename(op);
    if (op.verb != Verb::kInvalidate) op.pass.zapped = 0;  // not used
    return op;
  }

  static constexpr unsigned kMostStamps = C::kFiles + C::kVmas + 2 * C::kTasks;

  const World<C>& w_;
  const bool names_pass_;
  const bool new_counts_;  // counts of vmas that are not linked yet matter
  unsigned used_ = 0;
  Slot order_[C::kVmas];  // slots in use, in their order
  Slot place_[C::kVmas];  // the position of each slot
  unsigned stamps_ = 0;
  uint32_t stamp_[kMostStamps];  // those that occur, in their order
  bool near_ = false;  // to the leap or the wrap: counts stay unchanged
  uint8_t bytes_[sizeof(World<C>) + 64];
};

}  // namespace

template <class C>
void CanonicalBytes(const World<C>& world, const Rules& rules, uint64_t extra,
                    bool plain, std::vector<uint8_t>& bytes) {
  if (!plain) {
    Canonical<C> canonical(world, rules);
    const std::span<const uint8_t> all = canonical.Bytes(extra);
    bytes.assign(all.begin(), all.end());
    return;
  }
  bytes.resize(sizeof(extra) + sizeof(world));
  std::memcpy(bytes.data(), &extra, sizeof(extra));
  std::memcpy(bytes.data() + sizeof(extra), &world, sizeof(world));
}

template <class C>
uint64_t Fingerprint(const World<C>& world, const Rules& rules, uint64_t extra,
                     bool plain) {
  if (plain) return HashOf(world) ^ (extra * 0x9e3779b97f4a7c15U);
  return Canonical<C>(world, rules).Hash(extra);
}

template void CanonicalBytes<SmallCaps>(const World<SmallCaps>&, const Rules&,
                                        uint64_t, bool, std::vector<uint8_t>&);
template void CanonicalBytes<LargeCaps>(const World<LargeCaps>&, const Rules&,
                                        uint64_t, bool, std::vector<uint8_t>&);
template uint64_t Fingerprint<SmallCaps>(const World<SmallCaps>&, const Rules&,
                                         uint64_t, bool);
template uint64_t Fingerprint<LargeCaps>(const World<LargeCaps>&, const Rules&,
                                         uint64_t, bool);

}  // namespace vmtrunc::search
