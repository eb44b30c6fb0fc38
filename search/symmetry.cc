#include "search/symmetry.h"

#include <algorithm>

namespace vmtrunc::search {
namespace {

// What the task may start, as if the first task did.
std::vector<Event> OperationsOf(const Problem& problem, unsigned task) {
  std::vector<Event> own;
  for (const Event& event : problem.operations) {
    if (event.task != task) continue;
    own.push_back(event);
    own.back().task = 0;
  }
  return own;
}

uint64_t Mixed(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
  return hash ^ hash >> 32;
}

}  // namespace

template <class C>
Symmetry<C>::Symmetry(const Problem& problem, const World<C>& start,
                      bool planted) {
  // In order, tasks differ in what they have started; and translations name
  // mms in ways of their own.
  if (problem.in_order || !problem.alike || start.tlb != 0) {
    all_.resize(1);
    return;
  }
  Classes classes = ClassesOf(problem);
  if (planted)
    for (size_t& it : classes) it = it == 0 ? 0 : 1;
  Extend(classes, start, 0, 0, {});
}

template <class C>
typename Symmetry<C>::Classes Symmetry<C>::ClassesOf(const Problem& problem) {
  std::vector<std::vector<Event>> kinds = {{}};
  Classes classes;
  for (unsigned task = 0; task < C::kTasks; ++task) {
    const std::vector<Event> own = OperationsOf(problem, task);
    const auto at = std::find(kinds.begin(), kinds.end(), own);
    classes[task] = static_cast<size_t>(at - kinds.begin());
    if (at == kinds.end()) kinds.push_back(own);
  }
  return classes;
}

// Tasks below `task` have names: `named`, a bit each.
template <class C>
void Symmetry<C>::Extend(const Classes& classes, const World<C>& start,
                         unsigned task, unsigned named, Names<C> names) {
  if (task == C::kTasks) {
    all_.push_back(names);
    return;
  }
  for (unsigned name = 0; name < C::kTasks; ++name) {
    if ((named >> name & 1) != 0 || classes[name] != classes[task]) continue;
    if (classes[task] == 0 && name != task) continue;
    Names<C> longer = names;
    longer.NameTask(static_cast<uint8_t>(task), static_cast<uint8_t>(name));
    if (start.tasks[task].live == 0) {  // a child's, that has none yet
      Extend(classes, start, task + 1, named | 1U << name, longer);
      continue;
    }
    // Its mm goes with it, and is no other's.
    const auto mm_of = [&](unsigned it) { return start.tasks[it].mm; };
    bool fits = true;
    for (unsigned other = 0; other < task; ++other)
      fits &= start.tasks[other].live == 0 ||
              (mm_of(other) == mm_of(task)) ==
                  (mm_of(names.task[other]) == mm_of(name));
    if (!fits) continue;
    longer.NameMm(mm_of(task), mm_of(name));
    Extend(classes, start, task + 1, named | 1U << name, longer);
  }
}

template <class C>
typename Symmetry<C>::Digests Symmetry<C>::DigestsOf(const World<C>& w) {
  Digests digests;
  for (unsigned i = 0; i < C::kTasks; ++i) {
    const Op& op = w.tasks[i].op;
    uint64_t hash = uint64_t(op.verb) << 8 | w.tasks[i].live;
    if (op.verb != Verb::kNone) {
      hash = Mixed(hash, uint64_t(op.pass.phase) << 16 | op.pass.addr);
      hash = Mixed(hash, uint64_t(op.fault.phase) << 16 | op.fault.addr);
      hash = Mixed(hash, uint64_t(op.unmap.phase) << 16 | op.unmap.next_addr);
    }
    digests[i] = hash;
  }
  for (unsigned i = 0; i < C::kMms; ++i) {
    const Mm<C>& mm = w.mms[i];
    uint64_t hash = uint64_t{mm.live} << 16 | mm.tables;
    for (Slot slot = mm.mmap; mm.live != 0 && slot != kNone;
         slot = w.vmas[slot].mm_next) {
      const Vma& vma = w.vmas[slot];
      hash = Mixed(hash, uint64_t{vma.start} << 48 | uint64_t{vma.end} << 32 |
                             uint64_t{vma.pgoff} << 16 |
                             uint64_t{vma.write} << 1 | vma.shared);
      for (unsigned addr = vma.start; addr < vma.end; ++addr)
        hash = Mixed(hash, mm.ptes[addr].bits);
    }
    digests[C::kTasks + i] = hash;
  }
  return digests;
}

template class Symmetry<SmallCaps>;
template class Symmetry<LargeCaps>;

}  // namespace vmtrunc::search
