#include "fuzz/effective.h"

#include <iterator>

namespace vmtrunc::fuzz {
namespace {

// A mremap to where its pages continue another vma, or would if that vma were
// longer.
template <class C>
void Continue(const World<C>& w, const Chooser<C>& mine, Event& mremap) {
  const Vma* from = VmaAt(w, w.tasks[mremap.task].mm, mremap.addr);
  for (int tries = 0; from != nullptr && tries < 3; ++tries) {
    const Vma& vma = mine.Any();
    if (&vma == from || vma.file != from->file) continue;
    const unsigned to = vma.start + unsigned{mremap.addr} - from->start +
                        from->pgoff - vma.pgoff;
    if (to > 0 && to < C::kAddrs * 25U / 32) mremap.new_addr = Byte(to);
    return;
  }
}

// An mprotect that merges two neighbours, or moves their boundary.
template <class C>
bool Merge(const World<C>& w, const Chooser<C>& mine, base::Random& random,
           Event& mprotect) {
  for (int tries = 0; tries < 3; ++tries) {
    const Vma& vma = mine.Any();
    if (vma.mm_next == kNone) continue;
    const Vma& next = w.vmas[vma.mm_next];
    if (next.start != vma.end || next.write == vma.write ||
        next.pgoff != vma.pgoff + vma.pages())
      continue;
    const bool upper = random.Below(2) == 0;
    const Vma& changed = upper ? next : vma;
    const unsigned pages = random.Below(2) == 0
                               ? changed.pages()
                               : 1 + random.Below(changed.pages());
    mprotect.addr = Byte(upper ? next.start : vma.end - pages);
    mprotect.len = Byte(pages);
    mprotect.write = changed.write == 0;
    return true;
  }
  return false;
}

// A device's memory is mapped shared, page by page; huge pages are mapped
// shared.
template <class C>
void MapOf(const World<C>& w, Event& mmap) {
  const File& file = w.files[mmap.file];
  if (file.folios.pfn != 0) mmap.populate = false;
  if (IsSpecial(file)) mmap.is_private = false;
}

template <class C>
bool ChooseMmap(const World<C>& w, const Chooser<C>& mine, base::Random& random,
                Event& e) {
  if (w.files[0].exists == 0) return false;
  e.write = random.Below(4) != 0;
  e.is_private = random.Below(6) == 0;
  e.populate = random.Below(4) != 0;
  e.len = Byte(1 + random.Below(6));
  if (mine.empty()) {
    e.addr = Byte(10 + random.Below(8));
    e.pgoff = Byte(random.Below(3));
    if (C::kFiles > 1 && w.files[C::kFiles - 1].exists != 0)
      e.file = Byte(random.Below(C::kFiles));
    MapOf(w, e);
    return true;
  }
  const Vma& vma = mine.Any();
  e.addr = mine.Place(e.len);
  e.file = vma.file;
  e.write = vma.write != 0;
  e.is_private = vma.shared == 0;
  // As if it continued there, so that they merge; else from anywhere.
  const unsigned pgoff = vma.pgoff + e.addr - unsigned{vma.start};
  e.pgoff = Byte(
      pgoff < C::kFilePages && random.Below(4) != 0 ? pgoff : random.Below(4));
  MapOf(w, e);
  return true;
}

template <class C>
void ChooseMprotect(const World<C>& w, const Chooser<C>& mine,
                    base::Random& random, Event& e) {
  if (random.Below(2) == 0 && Merge(w, mine, random, e)) return;
  mine.Range(e);
  const unsigned mm = w.tasks[e.task].mm;
  if (const Vma* vma = VmaAt(w, mm, e.addr)) e.write = vma->write == 0;
}

template <class C>
void ChooseMremap(const World<C>& w, const Chooser<C>& mine,
                  base::Random& random, Event& e) {
  mine.Range(e);
  e.new_addr = random.Below(6) == 0 ? e.addr : mine.Place(e.len);
  if (random.Below(3) == 0) Continue(w, mine, e);
  e.new_len = e.len;
  if (e.new_addr == e.addr || random.Below(6) == 0)
    e.new_len = Byte(std::max(1U, e.len + random.Below(5) - 2U));
  if (e.new_len == 0 || e.new_len > 64) e.new_len = e.len;
  if (random.Below(8) == 0) e.fail_after = Byte(1 + random.Below(4));
}

// An address whose translation outlives its pte: of one in two, where there
// are some.
template <class C>
bool ChooseTranslation(const World<C>& w, base::Random& random, Event& e) {
  if (w.tlb == 0 || random.Below(2) == 0) return false;
  const Mm<C>& mm = w.mms[w.tasks[e.task].mm];
  const unsigned from = random.Below(C::kAddrs);
  for (unsigned i = 0; i < C::kAddrs; ++i) {
    const unsigned addr = (from + i) % C::kAddrs;
    if (mm.tlb[addr] == 0) continue;
    e.addr = Byte(addr);
    return true;
  }
  return false;
}

// A page at which a read or a write has an effect, if one is found quickly.
template <class C>
void ChooseAccess(const World<C>& w, const Chooser<C>& mine,
                  base::Random& random, Event& e) {
  const unsigned mm = w.tasks[e.task].mm;
  for (int tries = 0; tries < 4; ++tries) {
    const Vma& vma = mine.Any();
    e.addr = Byte(vma.start + random.Below(vma.pages()));
    const Pte pte = w.mms[mm].ptes[e.addr];
    if (e.verb == Verb::kRead ? !pte.present() : !pte.writable()) break;
  }
}

// The task that a fork creates. False if all exist.
template <class C>
bool ChooseFork(const World<C>& w, Event& e) {
  for (uint8_t task = 0; task < C::kTasks; ++task) {
    if (w.tasks[task].live != 0) continue;
    e.new_addr = task;
    return true;
  }
  return false;
}

// A truncate, a punch or an invalidate; of a device's memory a revoke.
template <class C>
bool ChoosePass(const World<C>& w, const Chooser<C>& anyone,
                base::Random& random, search::Verbs verbs, Event& e) {
  if (w.files[0].exists == 0) return false;
  unsigned first = random.Below(w.files[0].size + 1U), pages = 1;
  if (!anyone.empty()) {
    const Vma& vma = anyone.Any();
    e.file = vma.file;
    first = vma.pgoff + random.Below(vma.pages());
    pages = vma.pages();
  }
  e.addr = Byte(std::min(first, C::kFilePages - 1U));
  const File& file = w.files[e.file];
  const bool is_device = file.folios.pfn != 0;
  search::FitToFile(is_device, file.size, e, verbs);
  if (is_device != (e.verb == Verb::kRevoke)) return false;
  if (e.verb == Verb::kTruncate) {
    if (random.Below(8) == 0) e.addr = Byte(first + 2);
    e.addr = std::min<uint8_t>(e.addr, C::kFilePages);
  } else {
    e.len = Byte(1 + random.Below(pages));
  }
  return true;
}

// Fills in the arguments. False if the verb can have no effect here.
template <class C>
bool Arguments(const World<C>& w, const Chooser<C>& mine,
               const Chooser<C>& anyone, base::Random& random,
               search::Verbs verbs, Event& e) {
  switch (e.verb) {
    case Verb::kMmap:
      return ChooseMmap(w, mine, random, e);
    case Verb::kMunmap:
      if (mine.empty()) return false;
      mine.Range(e);
      return true;
    case Verb::kMprotect:
      if (mine.empty()) return false;
      ChooseMprotect(w, mine, random, e);
      return true;
    case Verb::kMremap:
      if (mine.empty()) return false;
      ChooseMremap(w, mine, random, e);
      return true;
    case Verb::kRead:
    case Verb::kWrite:
      if (ChooseTranslation(w, random, e)) return true;
      if (mine.empty()) return false;
      ChooseAccess(w, mine, random, e);
      return true;
    case Verb::kFork:
      return ChooseFork(w, e);
    case Verb::kExit:
      return w.next_order > 1;
    case Verb::kTruncate:
    case Verb::kPunch:
    case Verb::kInvalidate:
    case Verb::kRevoke:
      return ChoosePass(w, anyone, random, verbs, e);
    case Verb::kRemap:
      if (mine.empty()) return false;
      mine.Range(e);
      e.pgoff = Byte(random.Below(w.files[0].size + 1U));
      return true;
    case Verb::kPin:
    case Verb::kUnpin:
      if (w.files[0].size == 0) return false;
      e.addr = Byte(random.Below(w.files[0].size));
      return true;
    case Verb::kOrder:
      e.addr = Byte(random.Below(3));
      return true;
    case Verb::kCollapse:
      e.addr = Byte(16 * random.Below(4));
      return true;
    case Verb::kNone:
      break;
  }
  return false;
}

Verb ChooseVerb(base::Random& random, search::Verbs verbs) {
  constexpr Verb kChoices[] = {
      Verb::kMmap,       Verb::kMmap,     Verb::kMunmap, Verb::kMunmap,
      Verb::kMprotect,   Verb::kMprotect, Verb::kMremap, Verb::kMremap,
      Verb::kRead,       Verb::kWrite,    Verb::kFork,   Verb::kExit,
      Verb::kTruncate,   Verb::kTruncate, Verb::kRemap,  Verb::kPunch,
      Verb::kInvalidate, Verb::kRevoke};
  for (int tries = 0; tries < 32; ++tries) {
    const Verb verb = kChoices[random.Below(std::size(kChoices))];
    if ((verbs & search::Bit(verb)) != 0) return verb;
  }
  return Verb::kNone;
}

}  // namespace

template <class C>
bool ReachedIn<C>::Apply(const Event& event) {
  if (!C::kExact && !Fits<C>(event)) return false;
  if (before_ != nullptr) {
    ran_.events.push_back(event);
    (*before_)(ScriptOf(ran_));
  }
  NoProbe<C> probe;
  Machine<C, NoProbe<C>>(world_, rules_, probe).Apply(event);
  return true;
}

template <class C>
Event EffectiveEvent(const World<C>& world, base::Random& random,
                     search::Verbs verbs, uint8_t task) {
  uint8_t idle[C::kTasks];
  unsigned count = 0;
  for (uint8_t i = 0; i < C::kTasks; ++i) {
    const Task& it = world.tasks[i];
    if (it.live != 0 && it.op.verb == Verb::kNone &&
        (task == kNone || task == i))
      idle[count++] = i;
  }
  for (int tries = 0; count != 0 && tries < 8; ++tries) {
    Event event;
    event.task = idle[random.Below(count)];
    event.kind = EventKind::kStart;
    event.verb = ChooseVerb(random, verbs);
    const unsigned other = world.tasks[random.Below(C::kTasks)].mm;
    if (Arguments(world, Chooser<C>(world, world.tasks[event.task].mm, random),
                  Chooser<C>(world, other, random), random, verbs, event))
      return event;
  }
  return {};
}

template class ReachedIn<LargeCaps>;
template class ReachedIn<SmallCaps>;
template Event EffectiveEvent(const World<LargeCaps>&, base::Random&,
                              search::Verbs, uint8_t);
template Event EffectiveEvent(const World<SmallCaps>&, base::Random&,
                              search::Verbs, uint8_t);

}  // namespace vmtrunc::fuzz
