// The radix priority search tree of a file's linear vmas (lib/prio_tree.c and
// mm/prio_tree.c, 2.6.7 to 3.6), with links that are slots.
//
//   key     [pgoff, last_pgoff()] of the vma, read from the vma itself
//   heap    a parent's last is larger, or equal and its pgoff not larger
//   radix   the n-th bit of pgoff, from the top of index_bits, says left (0) or
//           right; below bit 0 the bits of the size (last - pgoff) do
//   vm_set  vmas with one interval share a node: a list whose head is the node
//
// A walk is in pre-order, each node's set after it. The shape depends on the
// set of intervals and on index_bits alone. Callers hold i_mmap_lock.
#ifndef VMTRUNC_CORE_MODEL_PRIO_TREE_H_
#define VMTRUNC_CORE_MODEL_PRIO_TREE_H_

#include "core/check.h"
#include "core/model/world.h"

namespace vmtrunc {

// The tree of one file. A view for the duration of a call. `Of` is the walking
// machine: each machine has a copy of its own, so that the linker does not
// merge the copy that fuzzers watch with one without counters.
template <class C, class Of = void>
class PrioTree {
 public:
  PrioTree(World<C>& world, unsigned file)
      : vmas_(world.vmas), file_(world.files[file]) {}

  // Requires: `slot` is not in the index. vma_prio_tree_insert(): a vma whose
  // interval is there goes to the end of its set.
  void Insert(Slot slot);

  // vma_prio_tree_add(): `child` has its parent's interval and goes right
  // after it, or, where the parent is the node, to the end of the set.
  // `before` puts it in front of the parent instead.
  void AddBeside(Slot child, Slot parent, bool before);

  void Remove(Slot slot);

  // First vma in the walk, or kNone.
  Slot First() const { return file_.root; }
  // The vma after `slot` in the walk, or kNone. Total: whatever the links say,
  // it returns a slot or kNone.
  Slot Next(Slot slot) const;

 private:
  static constexpr int kMaxDepth = 128;  // radix bits and size bits

  void Link(Slot slot, Slot parent, Slot& link);
  void Replace(Slot old, Slot by);
  void RemoveNode(Slot slot);
  void Expand(Slot slot, unsigned last);
  Slot InsertNode(Slot slot);

  Vma* vmas_;
  File& file_;
};

template <class C, class Of>
void PrioTree<C, Of>::Link(Slot slot, Slot parent, Slot& link) {
  link = slot;
  vmas_[slot].parent = parent;
}

// Puts `by` where `old` is; `by` must be linked nowhere.
template <class C, class Of>
void PrioTree<C, Of>::Replace(Slot old, Slot by) {
  const Vma& from = vmas_[old];
  Vma& to = vmas_[by];
  to.in_index = InIndex::kNode;
  to.left = from.left;
  to.right = from.right;
  to.parent = from.parent;
  if (from.parent == kNone) {
    file_.root = by;
  } else {
    Vma& parent = vmas_[from.parent];
    (parent.left == old ? parent.left : parent.right) = by;
  }
  if (to.left != kNone) vmas_[to.left].parent = by;
  if (to.right != kNone) vmas_[to.right].parent = by;
}

// The new largest last needs more bits: every key in the tree has 0 in the new
// ones, so the new vma is the root and each further bit is one more left step.
template <class C, class Of>
void PrioTree<C, Of>::Expand(Slot slot, unsigned last) {
  const auto max_of = [](unsigned bits) { return (1U << bits) - 1; };
  if (last > max_of(file_.index_bits)) ++file_.index_bits;
  Slot top = slot;
  vmas_[slot].left = vmas_[slot].right = vmas_[slot].parent = kNone;
  while (last > max_of(file_.index_bits)) {
    ++file_.index_bits;
    if (file_.root == kNone) continue;
    const Slot moved = file_.root;
    const uint8_t bits = file_.index_bits;
    RemoveNode(moved);
    file_.index_bits = bits;
    vmas_[moved].left = vmas_[moved].right = kNone;
    Link(moved, top, vmas_[top].left);
    top = moved;
  }
  if (file_.root != kNone) Link(file_.root, top, vmas_[top].left);
  file_.root = slot;
}

// Returns the node that has the interval already, or kNone once inserted.
template <class C, class Of>
Slot PrioTree<C, Of>::InsertNode(Slot slot) {
  const unsigned last = vmas_[slot].last_pgoff();
  if (file_.root == kNone || last >= (1U << file_.index_bits)) {
    Expand(slot, last);
    return kNone;
  }
  const Slot inserted = slot;
  Slot cur = file_.root;
  int bit = file_.index_bits - 1;
  bool by_size = false;
  for (int depth = 0;; ++depth) {
    VMT_CHECK(depth < kMaxDepth);
    const Vma* here = &vmas_[cur];
    const Vma* mine = &vmas_[slot];
    // Only the new vma can meet its own interval, unless a key was changed in
    // place (HB-01): then the displaced one must not get lost.
    if (slot == inserted && here->pgoff == mine->pgoff &&
        here->last_pgoff() == mine->last_pgoff())
      return cur;
    if (here->last_pgoff() < mine->last_pgoff() ||
        (here->last_pgoff() == mine->last_pgoff() &&
         here->pgoff > mine->pgoff)) {
      Replace(cur, slot);
      const Slot displaced = cur;
      cur = slot;
      slot = displaced;
      mine = &vmas_[slot];
    }
    const uint64_t key = by_size ? mine->pages() - 1 : mine->pgoff;
    Vma& parent = vmas_[cur];
    Slot& link = (key >> bit & 1) != 0 ? parent.right : parent.left;
    if (link == kNone) {
      vmas_[slot].left = vmas_[slot].right = kNone;
      Link(slot, cur, link);
      return kNone;
    }
    cur = link;
    if (bit == 0 && !by_size) {
      by_size = true;
      bit = 64;
    }
    if (bit > 0) --bit;
  }
}

template <class C, class Of>
void PrioTree<C, Of>::Insert(Slot slot) {
  Vma& vma = vmas_[slot];
  VMT_CHECK(vma.in_index == InIndex::kNot);
  vma.set_prev = vma.set_next = kNone;
  vma.left = vma.right = vma.parent = kNone;
  vma.in_index = InIndex::kNode;
  const Slot same = InsertNode(slot);
  if (same == kNone) return;
  Slot tail = same;
  while (vmas_[tail].set_next != kNone) tail = vmas_[tail].set_next;
  vma.in_index = InIndex::kMember;
  vma.set_prev = tail;
  vmas_[tail].set_next = slot;
}

template <class C, class Of>
void PrioTree<C, Of>::AddBeside(Slot child, Slot parent, bool before) {
  Vma& vma = vmas_[child];
  VMT_CHECK(vma.in_index == InIndex::kNot);
  vma.set_prev = vma.set_next = kNone;
  vma.left = vma.right = vma.parent = kNone;
  const bool is_node = vmas_[parent].in_index == InIndex::kNode;
  if (before && is_node) {
    Replace(parent, child);
    Vma& old = vmas_[parent];
    old.left = old.right = old.parent = kNone;
    old.in_index = InIndex::kMember;
    old.set_prev = child;
    vma.set_next = parent;
    return;
  }
  Slot prev = before ? vmas_[parent].set_prev : parent;
  if (!before && is_node) {
    while (vmas_[prev].set_next != kNone) prev = vmas_[prev].set_next;
  }
  vma.in_index = InIndex::kMember;
  vma.set_prev = prev;
  vma.set_next = vmas_[prev].set_next;
  if (vma.set_next != kNone) vmas_[vma.set_next].set_prev = child;
  vmas_[prev].set_next = child;
}

template <class C, class Of>
void PrioTree<C, Of>::RemoveNode(Slot slot) {
  Slot cur = slot;
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    const Vma& vma = vmas_[cur];
    if (vma.left == kNone && vma.right == kNone) break;
    if (vma.left == kNone) {
      cur = vma.right;
    } else if (vma.right == kNone) {
      cur = vma.left;
    } else {
      cur = vmas_[vma.left].last_pgoff() >= vmas_[vma.right].last_pgoff()
                ? vma.left
                : vma.right;
    }
  }
  const Slot above = vmas_[cur].parent;
  if (above == kNone) {
    file_.root = kNone;
    file_.index_bits = 1;
    return;
  }
  (vmas_[above].right == cur ? vmas_[above].right : vmas_[above].left) = kNone;
  for (int depth = 0; cur != slot; ++depth) {
    VMT_CHECK(depth < kMaxDepth);
    const Slot old = vmas_[cur].parent;
    Replace(old, cur);
    cur = old;
  }
}

template <class C, class Of>
void PrioTree<C, Of>::Remove(Slot slot) {
  Vma& vma = vmas_[slot];
  if (vma.in_index == InIndex::kMember) {
    vmas_[vma.set_prev].set_next = vma.set_next;
    if (vma.set_next != kNone) vmas_[vma.set_next].set_prev = vma.set_prev;
  } else if (vma.in_index == InIndex::kNode && vma.set_next != kNone) {
    vmas_[vma.set_next].set_prev = kNone;
    Replace(slot, vma.set_next);
  } else if (vma.in_index == InIndex::kNode) {
    RemoveNode(slot);
  }
  vma.in_index = InIndex::kNot;
  vma.left = vma.right = vma.parent = 0;
  vma.set_prev = vma.set_next = 0;
}

template <class C, class Of>
Slot PrioTree<C, Of>::Next(Slot slot) const {
  if (vmas_[slot].in_index == InIndex::kNot) return kNone;
  if (vmas_[slot].in_index == InIndex::kListed) return vmas_[slot].set_next;
  if (vmas_[slot].set_next != kNone) return vmas_[slot].set_next;
  while (vmas_[slot].in_index == InIndex::kMember) slot = vmas_[slot].set_prev;
  if (vmas_[slot].left != kNone) return vmas_[slot].left;
  if (vmas_[slot].right != kNone) return vmas_[slot].right;
  while (vmas_[slot].parent != kNone) {
    const Vma& parent = vmas_[vmas_[slot].parent];
    if (parent.left == slot && parent.right != kNone) return parent.right;
    slot = vmas_[slot].parent;
  }
  return kNone;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_PRIO_TREE_H_
