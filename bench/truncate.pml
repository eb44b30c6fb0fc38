/*
 * What `vmtrunc prove --bound tiny` explores, for SPIN: one truncation that
 * drops i_mmap_lock, beside munmap and mprotect in two mms. ci/bench-spin runs
 * both and compares.
 *
 *   KERNEL       2610  holds the lock for the whole pass
 *                2609  restart point (vma, address, pgoff) in the pass: 2.6.9-mm
 *                2611  restart address in the vma's count
 *   PAGES        of the file, 2 or 3
 *   OPERATIONS   that may begin besides the truncation; IN_FLIGHT, at once
 *   MPROTECT     defined: mprotect too
 *   EVENTS       defined: a transition is an event of `prove --steps`, and not
 *                a step: `drop` is then all steps up to the lock drop
 *   SHOW         defined: a trail that is replayed prints its events, as a
 *                script of vmtrunc has them
 *
 * One d_step is one step of vmtrunc's model: from one sync point to the next. A
 * lock that is held from one step to another is a phase: i_mmap_lock while the
 * pass is at ZAP, and with `ptl` page_table_lock of the mm it is in. All others
 * are held within a step. What follows from the rest is no variable: the list
 * of an mm is its vmas by address; a pte is a bit, since its page follows from
 * the vma. mmap_sem has one user an mm.
 *
 * Slots are 1..4, and 0 is none. Addresses are 0..2 for 15..17. What is free or
 * no longer needed is 0, so that it makes no states.
 */
#ifndef KERNEL
#define KERNEL 2611
#endif
#ifndef PAGES
#define PAGES 2
#endif
#ifndef OPERATIONS
#define OPERATIONS 2
#endif
#ifndef IN_FLIGHT
#define IN_FLIGHT 2
#endif
#define ADDRS 3
#define SLOTS 4
#define DONE 7                  /* a vma's count: the pass's; else an address */
#define CLOSED 3                /* of `busy`: nothing may happen any more */

/* A vma. */
#define FREE 0
#define NEW 1                   /* not linked yet */
#define LINKED 2                /* in its mm's list */
#define DETACHED 3              /* being torn down */
/* How it hangs in the tree. */
#define NODE 1
#define MEMBER 2                /* after a node with the same interval */

typedef Vma {
  unsigned state : 2;
  unsigned start : 2;
  unsigned end : 2;             /* exclusive */
  unsigned pgoff : 3;
  unsigned mm : 1;
  unsigned write : 1;
  unsigned count : 3;
  unsigned tree : 2;
  unsigned parent : 3;
  unsigned left : 3;
  unsigned right : 3;
  unsigned prev : 3;
  unsigned next : 3
}
Vma v[SLOTS + 1];

/* munmap and mprotect: where they stand. */
#define IDLE 0
#define START 1                 /* before mmap_sem */
#define ADJUST_LOW 2            /* before i_mmap_lock of a split */
#define ADJUST_HIGH 3
#define UNMAP 4                 /* munmap: before page_table_lock of a block */
#define UNLINK 5                /* munmap: before i_mmap_lock of a vma */
#define PROTECT 6               /* mprotect: before page_table_lock */
#define MERGE 7                 /* mprotect: before i_mmap_lock of vma_adjust */
#define MERGE_AGAIN 8           /* the second hold of case 6 */

typedef Task {
  unsigned phase : 4;
  unsigned start : 2;
  unsigned end : 2;             /* exclusive */
  unsigned at : 2;              /* the next address */
  unsigned stop : 2;            /* mprotect: end of the part at hand */
  unsigned protects : 1;
  unsigned write : 1
}
Task t[2];

/* The truncation. */
#define LOCK 1                  /* before i_mmap_lock */
#define ZAP 2                   /* before the next block, i_mmap_lock held */
#define RELOCK 3                /* dropped, before i_mmap_lock */
#define REMOVE 4                /* before the next page's lock */

typedef Pass {
  unsigned phase : 3;
  unsigned begun : 1;           /* stays */
  unsigned first : 2;           /* the new size, in pages; stays */
  unsigned page : 3;            /* REMOVE: the next page */
  unsigned vma : 3;             /* ZAP: where it is */
  unsigned at : 2;
  unsigned end : 2;
  unsigned ptl : 1;
  unsigned restart_vma : 3;     /* 2.6.9-mm */
  unsigned restart_at : 2;
  unsigned restart_pgoff : 3
}
Pass p;

typedef Globals {
  unsigned frees : 3;
  unsigned root : 3;
  unsigned bits : 3;            /* the tree's index_bits */
  unsigned pte0 : 3;            /* ptes that map a page, a bit an address */
  unsigned pte1 : 3;
  unsigned mapped0 : 3;         /* addresses in a linked vma */
  unsigned mapped1 : 3;
  unsigned begun : 3;           /* operations */
  unsigned busy : 2             /* in flight */
}
Globals g;

/* The free structs; the one handed out next is at frees - 1. */
byte slab[SLOTS];

/* Used within a step alone. */
hidden byte s, n, m, x, i, k, lo, hi, key;
hidden byte cur, slot, same, level, nxt, up, down, old, grown, moved, keep;
hidden byte put_first, take_n, take_x, put_x, put_n, gone, n_start, n_end, x_start;
hidden byte then, split_at, new_end, prev_vma, next_vma;
hidden byte by_size, entered, bad, over, dropped, drop, after, before, below;

#define LAST(a) (v[a].pgoff + v[a].end - v[a].start - 1)
#define PTES(mm_) (mm_ -> g.pte1 : g.pte0)
#define MAPPED(mm_) (mm_ -> g.mapped1 : g.mapped0)
#define RANGE(a, b) (((1 << (b)) - 1) & ~((1 << (a)) - 1))

/* ---- the prio tree */

inline REPLACE(node, by) {      /* `by` is linked nowhere */
  v[by].tree = NODE;
  v[by].left = v[node].left;
  v[by].right = v[node].right;
  v[by].parent = v[node].parent;
  if
  :: v[node].parent == 0 -> g.root = by
  :: else ->
     if
     :: v[v[node].parent].left == node -> v[v[node].parent].left = by
     :: else -> v[v[node].parent].right = by
     fi
  fi;
  if
  :: v[by].left != 0 -> v[v[by].left].parent = by
  :: else
  fi;
  if
  :: v[by].right != 0 -> v[v[by].right].parent = by
  :: else
  fi
}

inline REMOVE_NODE(which) {     /* below it, the larger last comes up */
  down = which;
  do
  :: v[down].left == 0 && v[down].right == 0 -> break
  :: v[down].left == 0 && v[down].right != 0 -> down = v[down].right
  :: v[down].left != 0 && v[down].right == 0 -> down = v[down].left
  :: v[down].left != 0 && v[down].right != 0 ->
     if
     :: LAST(v[down].left) >= LAST(v[down].right) -> down = v[down].left
     :: else -> down = v[down].right
     fi
  od;
  if
  :: v[down].parent == 0 -> g.root = 0; g.bits = 1
  :: else ->
     up = v[down].parent;
     if
     :: v[up].right == down -> v[up].right = 0
     :: else -> v[up].left = 0
     fi;
     do
     :: down == which -> break
     :: else -> up = v[down].parent; REPLACE(up, down); down = up
     od
  fi
}

inline EXPAND() {               /* `slot` becomes the root */
  if
  :: LAST(slot) > (1 << g.bits) - 1 -> g.bits = g.bits + 1
  :: else
  fi;
  v[slot].left = 0; v[slot].right = 0; v[slot].parent = 0;
  grown = slot;
  do
  :: LAST(slot) <= (1 << g.bits) - 1 -> break
  :: else ->
     g.bits = g.bits + 1;
     if
     :: g.root == 0
     :: else ->
        moved = g.root;
        keep = g.bits;
        REMOVE_NODE(moved);
        g.bits = keep;
        v[moved].left = 0; v[moved].right = 0;
        v[grown].left = moved; v[moved].parent = grown;
        grown = moved
     fi
  od;
  if
  :: g.root != 0 -> v[grown].left = g.root; v[g.root].parent = grown
  :: else
  fi;
  g.root = slot
}

inline INSERT(which) {
  slot = which;
  v[slot].prev = 0; v[slot].next = 0;
  v[slot].left = 0; v[slot].right = 0; v[slot].parent = 0;
  v[slot].tree = NODE;
  same = 0;
  if
  :: g.root == 0 || LAST(slot) >= (1 << g.bits) -> EXPAND()
  :: else ->
     cur = g.root; level = g.bits - 1; by_size = 0;
     do
     :: slot == which && v[cur].pgoff == v[slot].pgoff &&
        LAST(cur) == LAST(slot) -> same = cur; break
     :: else ->
        if
        :: LAST(cur) < LAST(slot) ||
           (LAST(cur) == LAST(slot) && v[cur].pgoff > v[slot].pgoff) ->
           REPLACE(cur, slot);
           old = cur; cur = slot; slot = old
        :: else
        fi;
        key = (by_size -> v[slot].end - v[slot].start - 1 : v[slot].pgoff);
        key = (level < 8 -> (key >> level) & 1 : 0);
        nxt = (key -> v[cur].right : v[cur].left);
        if
        :: nxt == 0 ->
           v[slot].left = 0; v[slot].right = 0; v[slot].parent = cur;
           if
           :: key -> v[cur].right = slot
           :: else -> v[cur].left = slot
           fi;
           break
        :: else
        fi;
        cur = nxt;
        if
        :: level == 0 && !by_size -> by_size = 1; level = 64
        :: else
        fi;
        if
        :: level > 0 -> level = level - 1
        :: else
        fi
     od
  fi;
  if
  :: same == 0
  :: else ->
     do
     :: v[same].next == 0 -> break
     :: else -> same = v[same].next
     od;
     v[which].tree = MEMBER;
     v[which].prev = same;
     v[same].next = which
  fi
}

inline REMOVE_VMA(which) {
  if
  :: v[which].tree == MEMBER ->
     v[v[which].prev].next = v[which].next;
     if
     :: v[which].next != 0 -> v[v[which].next].prev = v[which].prev
     :: else
     fi
  :: v[which].tree == NODE && v[which].next != 0 ->
     nxt = v[which].next;
     v[nxt].prev = 0;
     REPLACE(which, nxt)
  :: v[which].tree == NODE && v[which].next == 0 -> REMOVE_NODE(which)
  :: else
  fi;
  v[which].tree = 0;
  v[which].parent = 0; v[which].left = 0; v[which].right = 0;
  v[which].prev = 0; v[which].next = 0
}

inline NEXT_IN_TREE() {         /* from `s` to the one after it, or 0 */
  if
  :: v[s].next != 0 -> s = v[s].next
  :: else ->
     do
     :: v[s].tree == MEMBER -> s = v[s].prev
     :: else -> break
     od;
     if
     :: v[s].left != 0 -> s = v[s].left
     :: v[s].left == 0 && v[s].right != 0 -> s = v[s].right
     :: else ->
        do
        :: v[s].parent == 0 -> s = 0; break
        :: else ->
           up = v[s].parent;
           if
           :: v[up].left == s && v[up].right != 0 -> s = v[up].right; break
           :: else -> s = up
           fi
        od
     fi
  fi
}

/* ---- the slab and the vmas of an mm */

inline ALLOC(which) {           /* 0 when there is none: beyond the bound */
  if
  :: g.frees == 0 -> which = 0; over = 1
  :: else ->
     g.frees = g.frees - 1;
     which = slab[g.frees];
     slab[g.frees] = 0;
     v[which].state = NEW
  fi
}

inline FREE_VMA(which) {
  v[which].state = FREE; v[which].start = 0; v[which].end = 0;
  v[which].pgoff = 0; v[which].mm = 0; v[which].write = 0;
  v[which].count = 0;
  slab[g.frees] = which;
  g.frees = g.frees + 1
}

/* Of mm `m`: the linked vma at an address, the detached one, or 0; the new. */
#define IS_AT(a, addr, st) (v[a].state == st && v[a].mm == m && v[a].start <= (addr) && (addr) < v[a].end)
#define AT(addr, st) (IS_AT(1, addr, st) -> 1 : (IS_AT(2, addr, st) -> 2 : (IS_AT(3, addr, st) -> 3 : (IS_AT(4, addr, st) -> 4 : 0))))
#define FIND(addr) AT(addr, LINKED)
#define TORN(addr) AT(addr, DETACHED)
#define IS_NEW(a) (v[a].state == NEW && v[a].mm == m)
#define FIND_NEW (IS_NEW(1) -> 1 : (IS_NEW(2) -> 2 : (IS_NEW(3) -> 3 : 4)))

inline END_OPERATION() {
  t[m].phase = IDLE; t[m].start = 0; t[m].end = 0; t[m].at = 0; t[m].stop = 0;
  t[m].protects = 0; t[m].write = 0;
  g.busy = g.busy - 1
}

/*
 * What a step does to the tree and to geometry, in the kernel's order: puts a
 * new vma in, takes out those that change, changes them, puts them back, takes
 * out and frees one. Each is 0 for none. It is in one place, and what decides
 * comes before it, because SPIN copies an inline to each place that calls it,
 * and has a limit for the size of a d_step.
 */
inline CHANGE() {
  k = 0;
  do
  :: k == 6 -> break
  :: else ->
     lo = (k == 0 -> put_first : (k == 1 -> take_n : (k == 2 -> take_x : (k == 3 -> put_x : (k == 4 -> put_n : gone)))));
     if
     :: lo == 0
     :: lo != 0 && (k == 0 || k == 3 || k == 4) -> INSERT(lo)
     :: else -> REMOVE_VMA(lo)
     fi;
     if
     :: k == 2 && take_n != 0 ->
        v[n].pgoff = v[n].pgoff + n_start - v[n].start;
        v[n].start = n_start;
        v[n].end = n_end
     :: else
     fi;
     if
     :: k == 2 && take_x != 0 ->
        v[x].pgoff = v[x].pgoff + x_start - v[x].start;
        v[x].start = x_start
     :: else
     fi;
     k++
  od;
  if
  :: gone != 0 -> FREE_VMA(gone)
  :: else
  fi
}

/* Of vma_adjust(): `n` is what changes. The new vma has the old one's count. */
inline SPLIT_ENDS() {
  below = (t[m].phase == ADJUST_LOW) == t[m].protects;
  x = FIND_NEW;
  n = FIND(v[x].start);
  v[x].count = v[n].count;
  v[x].state = LINKED;
  put_first = x;
  take_n = n;
  put_n = n;
  n_start = (below -> v[x].end : v[n].start);
  n_end = (below -> v[n].end : v[x].start)
}

/*
 * vma_merge() for [at, stop) of `s`, on which the neighbours depend that have
 * the wanted protection already. All vmas of an mm come from one mapping, so
 * that file pages of neighbours follow each other.
 */
inline LOOK_AROUND() {
  prev_vma = (t[m].at == v[s].start -> FIND(t[m].at - 1) : 0);
  next_vma = (t[m].stop == v[s].end -> FIND(t[m].stop) : 0);
  after = prev_vma != 0 && v[prev_vma].write == t[m].write;
  before = next_vma != 0 && v[next_vma].write == t[m].write
}

/* One hold of vma_adjust() where there is nothing new: `n` ends at new_end, and
   `x` is after it. Who gets pages of the other is cleared if they differ. */
inline MERGE_ENDS() {
  s = FIND(t[m].at);
  if
  :: t[m].phase == MERGE_AGAIN ->
     n = s; x = FIND(t[m].stop); new_end = v[x].end
  :: else ->
     LOOK_AROUND();
     if
     :: after ->                /* cases 5, 6, 7 */
        n = prev_vma; x = s;
        new_end = (before -> v[next_vma].end : t[m].stop)
     :: else ->                 /* cases 4, 8 */
        n = s; x = next_vma;
        new_end = (t[m].at > v[s].start -> t[m].at : v[next_vma].end)
     fi
  fi;
  t[m].phase = (new_end > v[x].end -> MERGE_AGAIN : PROTECT);
  if
  :: v[n].count == v[x].count
  :: v[n].count != v[x].count && new_end > v[x].start -> v[n].count = 0
  :: else -> v[x].count = 0
  fi;
  take_n = n;
  put_n = n;
  n_start = v[n].start;
  n_end = new_end;
  if
  :: new_end >= v[x].end -> gone = x; n_end = v[x].end
  :: else -> take_x = x; put_x = x; x_start = new_end
  fi
}

/* ---- munmap */

inline NEXT_TORN() {            /* i: from there on, the first detached */
  do
  :: i >= ADDRS -> break
  :: else ->
     if
     :: TORN(i) != 0 -> break
     :: else -> i++
     fi
  od
}

inline DETACH() {               /* the range begins and ends where vmas do */
  i = 1;
  do
  :: i > SLOTS -> break
  :: else ->
     if
     :: v[i].state == LINKED && v[i].mm == m && v[i].start < t[m].end &&
        v[i].end > t[m].start -> v[i].state = DETACHED
     :: else
     fi;
     i++
  od;
  if
  :: m -> g.mapped1 = g.mapped1 & ~RANGE(t[m].start, t[m].end)
  :: else -> g.mapped0 = g.mapped0 & ~RANGE(t[m].start, t[m].end)
  fi;
  t[m].at = t[m].start;
  t[m].phase = UNMAP
}

/* What follows the tree's part of a step. `then`: START and the two
   ADJUST mean that the low, the high, and no edge is to be looked at. */
inline MUNMAP_STEP() {
  if
  :: then == START ->
     s = FIND(t[m].start);
     if
     :: v[s].start < t[m].start ->
        split_at = t[m].start; below = 0; t[m].phase = ADJUST_LOW; then = IDLE
     :: else -> then = ADJUST_LOW
     fi
  :: else
  fi;
  if
  :: then == ADJUST_LOW ->
     s = FIND(t[m].end - 1);
     if
     :: v[s].end > t[m].end ->
        split_at = t[m].end; below = 1; t[m].phase = ADJUST_HIGH; then = IDLE
     :: else -> then = ADJUST_HIGH
     fi
  :: else
  fi;
  if
  :: then == ADJUST_HIGH -> DETACH()
  :: then == UNMAP ->           /* a block is a page */
     if
     :: m -> g.pte1 = g.pte1 & ~(1 << t[m].at)
     :: else -> g.pte0 = g.pte0 & ~(1 << t[m].at)
     fi;
     i = t[m].at + 1;
     NEXT_TORN();
     if
     :: i < ADDRS -> t[m].at = i
     :: else -> t[m].at = 0; t[m].phase = UNLINK
     fi
  :: then == UNLINK ->
     i = t[m].start;
     NEXT_TORN();
     if
     :: i < ADDRS
     :: else -> END_OPERATION()
     fi
  :: else
  fi
}

/* ---- mprotect */

/* As above: START means the next part, the two ADJUST the high edge of this
   one, and that it is whole. */
inline MPROTECT_STEP() {
  if
  :: then == START -> t[m].at = t[m].start
  :: then == PROTECT ->
     s = FIND(t[m].at);
     v[s].write = t[m].write;
     t[m].at = t[m].stop;
     then = START
  :: else
  fi;
  do
  :: then != START -> break
  :: then == START && t[m].at >= t[m].end -> END_OPERATION(); break
  :: else ->
     s = FIND(t[m].at);
     t[m].stop = (v[s].end < t[m].end -> v[s].end : t[m].end);
     if
     :: v[s].write == t[m].write -> t[m].at = t[m].stop
     :: else ->
        LOOK_AROUND();
        if
        :: after || before -> t[m].phase = MERGE; then = IDLE
        :: !after && !before && t[m].at > v[s].start ->
           split_at = t[m].at; below = 1; t[m].phase = ADJUST_LOW; then = IDLE
        :: else -> then = ADJUST_LOW
        fi
     fi
  od;
  if
  :: then == ADJUST_LOW ->
     s = FIND(t[m].at);
     if
     :: t[m].stop < v[s].end ->
        split_at = t[m].stop; below = 0; t[m].phase = ADJUST_HIGH
     :: else -> t[m].phase = PROTECT
     fi
  :: then == ADJUST_HIGH -> t[m].phase = PROTECT
  :: else
  fi
}

inline TASK_STEP() {
  then = t[m].phase;
  put_first = 0; take_n = 0; take_x = 0; put_x = 0; put_n = 0; gone = 0;
  if
  :: then == ADJUST_LOW || then == ADJUST_HIGH -> SPLIT_ENDS()
  :: then == UNLINK ->
     i = t[m].start;
     NEXT_TORN();
     gone = TORN(i)
#ifdef MPROTECT
  :: then >= MERGE -> MERGE_ENDS()
#endif
  :: else
  fi;
  if
  :: put_n != 0 || gone != 0 -> CHANGE()
  :: else
  fi;
  split_at = 0;
#ifdef MPROTECT
  if
  :: t[m].protects -> MPROTECT_STEP()
  :: else -> MUNMAP_STEP()
  fi;
#else
  MUNMAP_STEP();
#endif
  if                            /* split_vma() of `s` up to the lock */
  :: split_at != 0 ->           /* [n | s) when `below`, else [s | n) */
     ALLOC(n);
     if
     :: n == 0
     :: else ->
        v[n].mm = m; v[n].write = v[s].write;
        v[n].start = (below -> v[s].start : split_at);
        v[n].end = (below -> split_at : v[s].end);
        v[n].pgoff = v[s].pgoff + v[n].start - v[s].start
     fi
  :: else
  fi
}

#define AT_MAP_LOCK(mm_) (t[mm_].phase == ADJUST_LOW || t[mm_].phase == ADJUST_HIGH || t[mm_].phase == UNLINK || t[mm_].phase >= MERGE)
#define AT_PTL(mm_) (t[mm_].phase == UNMAP || t[mm_].phase == PROTECT)
#define BLOCKED(mm_) (p.phase == ZAP && (AT_MAP_LOCK(mm_) || (p.ptl && v[p.vma].mm == mm_ && AT_PTL(mm_))))

/* ---- the truncation */

#define FIRST_IN(a) (p.first > v[a].pgoff -> v[a].start + p.first - v[a].pgoff : v[a].start)
#define PAST_IN(a) (v[a].state != FREE && LAST(a) >= p.first && (PTES(v[a].mm) & RANGE(FIRST_IN(a), v[a].end)) != 0)

inline LOOK_PAST_SIZE() {       /* no-page-past-size */
  if
  :: PAST_IN(1) || PAST_IN(2) || PAST_IN(3) || PAST_IN(4) -> bad = 1
  :: else
  fi
}

/* Sets the pass on `s`, unless there is nothing to zap there. */
inline ENTER() {
  entered = 0;
  if
  :: LAST(s) < p.first || v[s].count == DONE
  :: else ->
     entered = 1;
     lo = FIRST_IN(s);
#if KERNEL == 2611
     if
     :: v[s].count != 0 && lo < v[s].count ->
        lo = v[s].count;
        if
        :: lo >= v[s].end -> entered = 0; v[s].count = DONE
        :: else
        fi
     :: else
     fi;
#elif KERNEL == 2609
     if
     :: s == p.restart_vma && lo < p.restart_at ->
        lo = p.restart_at;
        if
        :: v[s].pgoff + lo != p.restart_pgoff + v[s].start ||
           lo >= v[s].end -> entered = 0; v[s].count = DONE
        :: else
        fi
     :: else
     fi;
#endif
     if
     :: entered -> p.vma = s; p.at = lo; p.end = v[s].end
     :: else
     fi
  fi
}

inline WALK() {                 /* from `s` */
  do
  :: s == 0 ->
     p.phase = REMOVE; p.page = p.first;
     p.vma = 0; p.at = 0; p.end = 0;
     p.restart_vma = 0; p.restart_at = 0; p.restart_pgoff = 0;
     LOOK_PAST_SIZE();
     break
  :: else ->
     ENTER();
     if
     :: entered -> p.phase = ZAP; break
     :: else -> NEXT_IN_TREE()
     fi
  od
}

/* One step; with `drop` the break test after a block answers yes. */
inline PASS_STEP() {
  if
  :: p.phase == LOCK || p.phase == RELOCK -> s = g.root; WALK()
  :: p.phase == ZAP ->          /* a block is a page */
     s = p.vma;
     if
     :: v[s].mm -> g.pte1 = g.pte1 & ~(1 << p.at)
     :: else -> g.pte0 = g.pte0 & ~(1 << p.at)
     fi;
     p.at = p.at + 1;
     if
     :: p.at < p.end && !drop -> p.ptl = 1
     :: else ->
        p.ptl = 0;
#if KERNEL == 2611
        v[s].count = (p.at < p.end -> p.at : DONE);
#elif KERNEL == 2609
        if
        :: p.at >= p.end -> v[s].count = DONE
        :: else ->
           p.restart_vma = s;
           p.restart_at = p.at;
           p.restart_pgoff = v[s].pgoff + p.at - v[s].start
        fi;
#endif
        if
        :: drop ->
           p.phase = RELOCK; p.vma = 0; p.at = 0; p.end = 0;
           dropped = 1
        :: else -> NEXT_IN_TREE(); WALK()
        fi
     fi
  :: p.phase == REMOVE ->
     if
     :: p.page < PAGES -> p.page = p.page + 1
     :: else ->
        LOOK_PAST_SIZE();
        p.phase = 0; p.page = 0;
        g.busy = g.busy - 1
     fi
  fi
}

/* ---- one state for all that is beyond the bound, or was ended */

inline CLOSE() {
  i = 1;
  do
  :: i > SLOTS -> break
  :: else ->
     v[i].state = 0; v[i].start = 0; v[i].end = 0; v[i].pgoff = 0; v[i].mm = 0;
     v[i].write = 0; v[i].count = 0; v[i].tree = 0; v[i].parent = 0;
     v[i].left = 0; v[i].right = 0; v[i].prev = 0; v[i].next = 0;
     slab[i - 1] = 0;
     i++
  od;
  m = 0; END_OPERATION();
  m = 1; END_OPERATION();
  p.phase = 0; p.begun = 1; p.first = 0; p.page = 0; p.vma = 0; p.at = 0;
  p.end = 0; p.ptl = 0;
  p.restart_vma = 0; p.restart_at = 0; p.restart_pgoff = 0;
  g.frees = 0; g.root = 0; g.bits = 0; g.pte0 = 0; g.pte1 = 0;
  g.mapped0 = 0; g.mapped1 = 0; g.begun = 0; g.busy = CLOSED
}

inline STEP_ENDS() {
  if
  :: over -> CLOSE(); over = 0; bad = 0
  :: else -> assert(!bad)
  fi
}

#ifdef SHOW
#define QUOTE(text) #text
#define SAY(task, what) printf(QUOTE(@%c what\n), 97 + task)
#define SAY_RANGE(task, what, a, b, more) printf(QUOTE(@%c what %d %d more\n), 97 + task, 15 + a, b - a)
#else
#define SAY(task, what) skip
#define SAY_RANGE(task, what, a, b, more) skip
#endif

inline DROP_STEPS() {           /* one, or in EVENTS all up to the drop */
  drop = 1;
  dropped = 0;
  do
  :: p.phase == 0 || dropped -> break
  :: else -> PASS_STEP()
  od;
  drop = 0
}
#ifdef EVENTS
#define MAY_DROP (p.phase != 0)
#else
#define MAY_DROP (p.phase == ZAP)
#endif

/* ---- who does what */

#define NOTHING_BEGAN (!p.begun && g.begun == 0)

inline MMAP(a, b, file_page, writable) {
  m = me;
  ALLOC(s);
  v[s].state = LINKED; v[s].mm = m; v[s].start = a; v[s].end = b;
  v[s].pgoff = file_page; v[s].write = writable;
  INSERT(s);
  hi = (PAGES - (file_page) < (b) - (a) -> (a) + PAGES - (file_page) : (b));
  if
  :: m -> g.pte1 = RANGE(a, hi); g.mapped1 = RANGE(a, b)
  :: else -> g.pte0 = RANGE(a, hi); g.mapped0 = RANGE(a, b)
  fi
}
#define MMAP1(a, b, page, w, more) :: d_step { NOTHING_BEGAN && (me == 0 || g.mapped0 != 0) -> SAY_RANGE(me, mmap, a, b, f page more populate); MMAP(a, b, page, w) }
#define MMAP2(a, b, page) MMAP1(a, b, page, 0, r) MMAP1(a, b, page, 1,)
#if PAGES == 2
#define MMAP3(a, b) MMAP2(a, b, 0) MMAP2(a, b, 1)
#else
#define MMAP3(a, b) MMAP2(a, b, 0) MMAP2(a, b, 1) MMAP2(a, b, 2)
#endif

#define MAY_BEGIN (t[me].phase == IDLE && g.busy < IN_FLIGHT && g.begun < OPERATIONS)
#define BEGIN(a, b) t[me].phase = START; t[me].start = a; t[me].end = b; g.begun = g.begun + 1; g.busy = g.busy + 1

#define MUNMAP1(a, b) :: d_step { MAY_BEGIN && ((MAPPED(me) >> (a)) & (MAPPED(me) >> ((b) - 1)) & 1) -> SAY_RANGE(me, munmap, a, b, &); BEGIN(a, b) }

#define DIFFERS(k, a, b, w) (v[k].state == LINKED && v[k].mm == me && v[k].write != w && v[k].start < (b) && (a) < v[k].end)
#define MPROTECT1(a, b, w, more) :: d_step { MAY_BEGIN && (MAPPED(me) & RANGE(a, b)) == RANGE(a, b) && (DIFFERS(1, a, b, w) || DIFFERS(2, a, b, w) || DIFFERS(3, a, b, w) || DIFFERS(4, a, b, w)) -> SAY_RANGE(me, mprotect, a, b, more); BEGIN(a, b); t[me].protects = 1; t[me].write = w }
#define MPROTECT2(a, b) MPROTECT1(a, b, 0, r &) MPROTECT1(a, b, 1, rw &)

#define TRUNCATE1(pages) :: d_step { !p.begun && g.busy < IN_FLIGHT -> SAY(2, truncate f pages &); p.begun = 1; p.first = pages; p.phase = LOCK; g.busy = g.busy + 1 }

proctype Mm(bit me) {
  if
  MMAP3(0, 1) MMAP3(0, 2) MMAP3(0, 3) MMAP3(1, 2) MMAP3(1, 3) MMAP3(2, 3)
  fi;
  do
  :: d_step { t[me].phase != IDLE && !BLOCKED(me) ->
       SAY(me, step); m = me; TASK_STEP(); STEP_ENDS() }
  MUNMAP1(0, 1) MUNMAP1(0, 2) MUNMAP1(0, 3) MUNMAP1(1, 2) MUNMAP1(1, 3)
  MUNMAP1(2, 3)
#ifdef MPROTECT
  MPROTECT2(0, 1) MPROTECT2(0, 2) MPROTECT2(0, 3) MPROTECT2(1, 2)
  MPROTECT2(1, 3) MPROTECT2(2, 3)
#endif
  od
}

/* Begins all, and runs the truncation: a process less in each state. */
init {
  atomic {
    slab[0] = 4; slab[1] = 3; slab[2] = 2; slab[3] = 1;
    g.frees = SLOTS; g.bits = 1;
    run Mm(0); run Mm(1)
  };
  if
  TRUNCATE1(0) TRUNCATE1(1) TRUNCATE1(2)
#if PAGES > 2
  TRUNCATE1(3)
#endif
  fi;
  do
  :: d_step { p.phase != 0 ->
       SAY(2, step); drop = 0; PASS_STEP(); STEP_ENDS() }
#if KERNEL != 2610
  :: d_step { MAY_DROP -> SAY(2, drop); DROP_STEPS(); STEP_ENDS() }
#endif
  od
}
