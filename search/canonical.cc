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
constexpr uint8_t kAnother = 200;  // one that is not

// Puts the slots in use in their order, and returns how many they are.
template <class C, class F>
unsigned OrderUsed(const World<C>& w, const F& mm_name,
                   Slot (&order)[C::kVmas]) {
  unsigned used = 0;
  for (unsigned slot = 0; slot < C::kVmas; ++slot)
    if (w.vmas[slot].state != VmaState::kFree)
      order[used++] = static_cast<Slot>(slot);
  const auto key = [&](Slot slot) {
    const Vma& v = w.vmas[slot];
    return uint64_t{mm_name(v.mm)} << 40 | uint64_t(v.state) << 32 |
           uint64_t{v.start} << 16 | v.end;
  };
  std::sort(order, order + used, [&](Slot a, Slot b) {
    return key(a) != key(b) ? key(a) < key(b) : a < b;
  });
  return used;
}

// kNamed: under other names for tasks and mms.
template <class C, bool kNamed>
class Canonical {
 public:
  Canonical(const World<C>& world, const Rules& rules, Keeps keeps,
            const Names<C>* names)
      : w_(world),
        names_(names),
        old_marks_(keeps == Keeps::kHistories),
        names_pass_(rules.restart_names_pass),
        restarts_(old_marks_ || rules.restart_in_vma),
        most_count_(old_marks_ || (restarts_ && (!rules.leap || names_pass_))
                        ? std::min(kSubPage, world.count_mask)
                        : world.count_mask),
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
    const bool has_huge_pages = HasHugePages(w_);
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
    for (uint8_t mm = 0; mm < C::kMms; ++mm) {
      const Mm<C>& it = w_.mms[kNamed ? names_->mm_of[mm] : mm];
      put(&it.live, 1);
      if (it.live == 0) continue;
      const uint8_t head[] = {it.users, TaskName(it.writer),
                              TaskNames(it.readers),
                              TaskName(it.page_table_lock), Place(it.mmap)};
      put(head, sizeof(head));
      put(&it.tables, sizeof(it.tables));
      const auto& shares = w_.shares[kNamed ? names_->mm_of[mm] : mm];
      if (has_huge_pages) put(shares, sizeof(shares));
      for (unsigned addr = 0; addr < C::kAddrs; addr += kPtesPerTable)
        if ((it.tables >> addr / kPtesPerTable & 1) != 0)
          put(&it.ptes[addr], kPtesPerTable * sizeof(Pte));
    }
    for (uint8_t task = 0; task < C::kTasks; ++task) {
      const Task& it = w_.tasks[kNamed ? names_->task_of[task] : task];
      const uint8_t head[] = {
          it.live, it.live != 0 ? MmName(it.mm) : uint8_t{0}, Order(it, task),
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
    used_ = OrderUsed(w_, [this](uint8_t mm) { return MmName(mm); }, order_);
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

  // Whether it is no count of a pass: none, or a restart address.
  bool IsAligned(uint32_t count) const {
    return restarts_ ? IsPageAligned(count) : count == 0;
  }
  void AddStamp(uint32_t count) {
    if (IsAligned(count)) return;
    VMT_CHECK(stamps_ < kMostStamps);
    stamp_[stamps_++] = count;
    near_ |= count > most_count_ / 2;
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
    if (!old_marks_ && !near_) DropOldStamps();
  }

  // A pass counts itself before it compares, so a mark means as much as none
  // unless it is of a pass in flight; and a fault asks only whether the count
  // is still what it was.
  void DropOldStamps() {
    stamps_ = 0;
    for (const Task& task : w_.tasks)
      if (task.op.verb != Verb::kNone && task.op.pass.active != 0)
        stamp_[stamps_++] = task.op.pass.count;
    passes_ = stamps_;
    for (const File& file : w_.files) stamp_[stamps_++] = file.truncate_count;
    std::sort(stamp_, stamp_ + passes_);
  }

  // Copied fields of a struct are overwritten when it is linked.
  uint32_t CountOf(const Vma& vma) const {
    const bool overwritten = vma.state == VmaState::kNew &&
                             vma.in_index == InIndex::kNot && !new_counts_;
    return overwritten ? 0 : vma.count;
  }

  // Whether it is the count of a pass that has ended, and that is left out.
  bool IsOld(uint32_t count) const {
    if (old_marks_ || near_ || IsAligned(count)) return false;
    const uint32_t* const end = stamp_ + passes_;
    return std::find(stamp_, end, count) == end;
  }

  // The part of a vma's count that is the count of a pass.
  uint32_t PassPart(uint32_t mark) const {
    return names_pass_ ? mark & kSubPage : mark;
  }
  uint32_t Mark(uint32_t mark) const {
    const uint32_t pass = PassPart(mark);
    return IsOld(pass) ? 0 : (mark - pass) | Count(pass);
  }

  uint8_t TaskName(uint8_t task) const {
    return kNamed ? names_->Task(task) : task;
  }
  uint8_t TaskNames(uint8_t tasks) const {
    return kNamed ? names_->Tasks(tasks) : tasks;
  }
  // The order of the task that gets this name. Of one that was declared it is
  // its number, and becomes the name; a child keeps its own, and one that has
  // exited has none.
  uint8_t Order(const Task& it, uint8_t name) const {
    const bool declared =
        kNamed && it.live != 0 && it.order == names_->task_of[name];
    return declared ? name : it.order;
  }
  uint8_t MmName(uint8_t mm) const { return kNamed ? names_->Mm(mm) : mm; }
  Slot Place(Slot slot) const { return slot < C::kVmas ? place_[slot] : slot; }
  uint32_t Count(uint32_t count) const {
    if (IsAligned(count) || near_) return count;
    if (!old_marks_)
      return static_cast<uint32_t>(std::find(stamp_, stamp_ + stamps_, count) -
                                   stamp_ + 1);
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
      } else if constexpr (as.form == kHolder) {
        field = TaskName(field);
      } else if constexpr (as.form == kTasks) {
        field = TaskNames(field);
      } else if constexpr (as.form == kMm) {
        field = MmName(field);
      } else if constexpr (as.form == kOther) {
        if (field != 0) field = static_cast<uint8_t>(MmName(field - 1) + 1);
      }
    });
  }

  Vma Renamed(Vma vma) const {
    vma.count = CountOf(vma);
    vma.mm = MmName(vma.mm);
    Rename(vma);
    return vma;
  }

  Op Renamed(Op op) const {
    Rename(op);
    if (op.verb != Verb::kInvalidate) op.pass.zapped = 0;  // not used
    // Where no mm is meant, it is not the first one.
    if (op.unmap.end == 0 && op.unmap.whole_mm == 0) op.unmap.mm = 0;
    const bool accesses = op.verb == Verb::kRead || op.verb == Verb::kWrite;
    if (accesses && op.access.phase != AccessPhase::kWake)
      op.access.other_mm = 0;
    return op;
  }

  static constexpr unsigned kMostStamps = C::kFiles + C::kVmas + 2 * C::kTasks;

  const World<C>& w_;
  const Names<C>* const names_;  // with kNamed
  const bool old_marks_;         // marks of passes that have ended matter
  const bool names_pass_;
  const bool restarts_;  // marks may be restart addresses
  // What all counts are well below, for only their order to matter.
  const uint32_t most_count_;
  const bool new_counts_;  // counts of vmas that are not linked yet matter
  unsigned used_ = 0;
  Slot order_[C::kVmas];  // slots in use, in their order
  Slot place_[C::kVmas];  // the position of each slot
  unsigned stamps_ = 0;
  unsigned passes_ = 0;  // without old marks: the first stamps, of passes
  uint32_t stamp_[kMostStamps];  // those that occur, in their order
  bool near_ = false;  // to the leap or the wrap: counts stay unchanged
  uint8_t bytes_[sizeof(World<C>) + 64];
};

template <class C, class F>
auto InNormalForm(const World<C>& world, const Rules& rules, Keeps keeps,
                  const Names<C>* names, const F& f) {
  if (names == nullptr)
    return f(Canonical<C, false>(world, rules, keeps, names));
  return f(Canonical<C, true>(world, rules, keeps, names));
}

}  // namespace

template <class C>
SlotOrder<C>::SlotOrder(const World<C>& world, const Names<C>& names)
    : used(OrderUsed(
          world, [&](uint8_t mm) { return names.Mm(mm); }, slot)),
      all(used) {
  for (unsigned i = world.free_count; i > 0; --i)
    slot[all++] = world.free_slots[i - 1];
}

template <class C>
void CanonicalBytes(const World<C>& world, const Rules& rules, uint64_t extra,
                    Keeps keeps, const Names<C>* names,
                    std::vector<uint8_t>& bytes) {
  if (keeps != Keeps::kAll) {
    InNormalForm(world, rules, keeps, names, [&](auto canonical) {
      const std::span<const uint8_t> all = canonical.Bytes(extra);
      bytes.assign(all.begin(), all.end());
    });
    return;
  }
  bytes.resize(sizeof(extra) + sizeof(world));
  std::memcpy(bytes.data(), &extra, sizeof(extra));
  std::memcpy(bytes.data() + sizeof(extra), &world, sizeof(world));
}

template <class C>
uint64_t Fingerprint(const World<C>& world, const Rules& rules, uint64_t extra,
                     Keeps keeps, const Names<C>* names) {
  if (keeps == Keeps::kAll)
    return HashOf(world) ^ (extra * 0x9e3779b97f4a7c15U);
  return InNormalForm(world, rules, keeps, names,
                      [&](auto canonical) { return canonical.Hash(extra); });
}

template struct SlotOrder<SmallCaps>;
template struct SlotOrder<LargeCaps>;
template void CanonicalBytes<SmallCaps>(const World<SmallCaps>&, const Rules&,
                                        uint64_t, Keeps,
                                        const Names<SmallCaps>*,
                                        std::vector<uint8_t>&);
template void CanonicalBytes<LargeCaps>(const World<LargeCaps>&, const Rules&,
                                        uint64_t, Keeps,
                                        const Names<LargeCaps>*,
                                        std::vector<uint8_t>&);
template uint64_t Fingerprint<SmallCaps>(const World<SmallCaps>&, const Rules&,
                                         uint64_t, Keeps,
                                         const Names<SmallCaps>*);
template uint64_t Fingerprint<LargeCaps>(const World<LargeCaps>&, const Rules&,
                                         uint64_t, Keeps,
                                         const Names<LargeCaps>*);

}  // namespace vmtrunc::search
