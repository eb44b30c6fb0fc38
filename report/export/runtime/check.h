#include "turns.h"

// ---- touching

enum touched { SERVED, NO_PAGE, NO_VMA };

static __thread sigjmp_buf back;
static __thread volatile sig_atomic_t touching;

static void on_fault(int signal) {
  if (touching) siglongjmp(back, signal);
  _exit(EXIT_OWN_FAULT);
}

static enum touched touch(char *at, int write) {
  const int signal = sigsetjmp(back, 0);
  if (signal != 0) {
    touching = 0;
    return signal == SIGBUS ? NO_PAGE : NO_VMA;
  }
  touching = 1;
  if (write) *(volatile char *)at = 1;
  (void)*(volatile char *)at;
  touching = 0;
  return SERVED;
}

static char *address(unsigned page) { return BASE + page * page_size; }
static off_t bytes(unsigned pages) { return (off_t)(pages * page_size); }

// ---- what is mapped: after a race only the kernel knows

// A vma of the script's part of this process.
struct vma {
  unsigned long inode;
  unsigned start, end, pgoff;  // end: exclusive
};

static char maps[1 << 19];

static int read_maps(void) {
  const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return give_up("read /proc/self/maps", errno), 0;
  size_t size = 0;
  ssize_t got;
  while ((got = read(fd, maps + size, sizeof(maps) - 1 - size)) > 0)
    size += (size_t)got;
  close(fd);
  maps[size] = 0;
  if (size < sizeof(maps) - 1) return 1;
  return give_up("read /proc/self/maps", EFBIG), 0;
}

// The vma on the first line from `*line` on that has one, or 0.
static int next_vma(const char **line, struct vma *vma) {
  const unsigned long low = (unsigned long)BASE;
  const unsigned long high = (unsigned long)address(MM_PAGES);
  while (**line != 0) {
    // START-END PROT OFFSET MAJOR:MINOR INODE ...
    char *at;
    const unsigned long start = strtoul(*line, &at, 16);
    const unsigned long end = strtoul(at + 1, &at, 16);
    const unsigned long offset = strtoul(at + 6, &at, 16);
    strtoul(at, &at, 16);
    strtoul(at + 1, &at, 16);
    vma->inode = strtoul(at, &at, 10);
    vma->start = (unsigned)((start - low) / page_size);
    vma->end = (unsigned)((end - low) / page_size);
    vma->pgoff = (unsigned)(offset / page_size);
    const char *newline = strchr(at, '\n');
    *line = newline == NULL ? "" : newline + 1;
    if (start >= low && end <= high) return 1;
  }
  return 0;
}

// ---- the check

static void report(const struct entry *e, unsigned me, unsigned page,
                   unsigned index) {
  if (atomic_exchange(&shared->found, 1) == 0) {
    shared->found_at = e;
    shared->found_task = me;
    shared->found_addr = page;
    shared->found_page = index;
  }
  atomic_store(&shared->stop, 1);
}

static void touch_past_end(const struct entry *e, unsigned me) {
  if (!read_maps()) return;
  struct vma vma;
  for (const char *line = maps; next_vma(&line, &vma);) {
    if (vma.inode != inodes[e->file]) continue;
    for (unsigned page = vma.start; page < vma.end; page++) {
      const unsigned index = vma.pgoff + page - vma.start;
      if (index < shared->limit) continue;
      atomic_fetch_add(&shared->pages, 1);
      const enum touched touched = touch(address(page), 0);
      if (touched == NO_PAGE) atomic_fetch_add(&shared->sigbus, 1);
      if (touched == SERVED) report(e, me, page, index);
    }
  }
}

static unsigned size_of(unsigned file) {
  struct stat stat;
  if (fstat(files[file], &stat) != 0) give_up("fstat the file", errno);
  return (unsigned)(((size_t)stat.st_size + page_size - 1) / page_size);
}

static void resize(unsigned file, unsigned size) {
  if (ftruncate(files[file], bytes(size)) != 0)
    give_up("set the size of the file", errno);
}

// Where the file ends now. A truncation that raced with this one may have grown
// it: of pages below that end nothing can be said.
static unsigned end_of_file(const struct entry *e) {
  const unsigned size = size_of(e->file);
  if (size > e->size) atomic_fetch_add(&shared->outgrown, 1);
  return size > e->size ? size : e->size;
}

// All tasks come here and nothing else runs; then one task of each mm touches.
static void check(const struct entry *e, unsigned i, unsigned me) {
  atomic_fetch_or(&shared->arrived, 1U << me);
  wake(&shared->arrived, 1U << e->task);
  if (me == e->task) {
    if (!wait_until(&shared->arrived, e->tasks, me)) return;
    shared->limit = end_of_file(e);
    if (plant) resize(e->file, PLANT_PAGES);
    // Here, as one that finds something does not come to its end.
    atomic_fetch_add(&shared->checks, 1);
    atomic_store(&shared->ready, 1);
    wake(&shared->ready, e->checkers);
  }
  if ((e->checkers >> me & 1) != 0) {
    if (!wait_until(&shared->ready, 1, me)) return;
    touch_past_end(e, me);
    atomic_fetch_or(&shared->done, 1U << me);
    wake(&shared->done, 1U << e->task);
  }
  if (me != e->task || !wait_until(&shared->done, e->checkers, me)) return;
  if (plant) resize(e->file, shared->limit);
  atomic_store(&shared->arrived, 0);
  atomic_store(&shared->ready, 0);
  atomic_store(&shared->done, 0);
  set_turn(i + 1);
}
