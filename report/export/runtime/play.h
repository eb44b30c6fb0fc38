#include "check.h"

// ---- the operations

static void play(unsigned me, unsigned i);

// Returns 0 or -1, as the system calls do.
static int move(const struct entry *e) {
  char *from = address(e->addr);
  char *to = address(e->new_addr);
  const int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
  const size_t old_size = e->len * page_size;
  const size_t new_size = e->new_len * page_size;
  if (to == from)
    return mremap(from, old_size, new_size, 0) == MAP_FAILED ? -1 : 0;
  return mremap(from, old_size, new_size, flags, to) == MAP_FAILED ? -1 : 0;
}

static int map(const struct entry *e) {
  const int prot = PROT_READ | (e->write ? PROT_WRITE : 0);
  const int flags = MAP_FIXED | (e->private ? MAP_PRIVATE : MAP_SHARED);
  if (mmap(address(e->addr), e->len * page_size, prot, flags, files[e->file],
           bytes(e->pgoff)) == MAP_FAILED)
    return -1;
  for (unsigned i = 0; e->populate && i < e->len; i++)
    if (touch(address(e->addr + i), 0) != SERVED) break;
  return 0;
}

// The parent of the new process is the supervisor, as that of all is, so that
// it outlives the task that forks.
static int fork_task(const struct entry *e, unsigned i) {
  const long pid = syscall(SYS_clone, CLONE_PARENT, 0, 0, 0, 0);
  if (pid < 0) return -1;
  if (pid != 0) return 0;
  die_with_supervisor();
  play(e->new_task, i + 1);
  _exit(0);
}

static int system_call(const struct entry *e, unsigned i) {
  switch (e->op) {
    case MMAP:
      return map(e);
    case MUNMAP:
      return munmap(address(e->addr), e->len * page_size);
    case MPROTECT:
      return mprotect(address(e->addr), e->len * page_size,
                      PROT_READ | (e->write ? PROT_WRITE : 0));
    case MREMAP:
      return move(e);
    case FORK:
      return fork_task(e, i);
    case TRUNCATE:
      return ftruncate(files[e->file], bytes(e->size));
    case REMAP:
      return remap_file_pages(address(e->addr), e->len * page_size, 0, e->pgoff,
                              0);
    case PUNCH:
      return fallocate(files[e->file],
                       FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                       bytes(e->pgoff), bytes(e->len));
    default:
      return 0;
  }
}

// Whether a script's mappings still fit this process.
static int can_map(void) {
  const size_t size = 2 * MM_PAGES * page_size;
  void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at != MAP_FAILED && munmap(at, size) == 0;
}

// Whether a limit of the machine or of this process let the call fail, not what
// is mapped where.
static int machine_refused(const struct entry *e, int error) {
  switch (error) {
    case ENOMEM:
      // Of mprotect also for a hole, of mremap for growth that has no room.
      return (e->op != MPROTECT && e->op != MREMAP) || !can_map();
    case EAGAIN:
    case EDQUOT:
    case EFBIG:
    case EINTR:
    case EIO:
    case EMFILE:
    case ENFILE:
    case ENOSPC:
    case ENOSYS:
    case EOPNOTSUPP:
    case EPERM:
      return 1;
    default:
      return 0;
  }
}

static void refuse(const struct entry *e, int error) {
  char what[200];
  snprintf(what, sizeof(what), "continue: the machine refused event %d, %.100s",
           e->event, e->text);
  give_up(what, error);
}

static void perform(const struct entry *e, unsigned i) {
  struct outcome *outcome = &shared->outcomes[i];
  atomic_fetch_add(&shared->operations, 1);
  if (e->op == READ || e->op == WRITE) {
    const enum touched touched = touch(address(e->addr), e->op == WRITE);
    atomic_fetch_add(touched == SERVED    ? &outcome->done
                     : touched == NO_PAGE ? &outcome->sigbus
                                          : &outcome->sigsegv,
                     1);
    return;
  }
  if (system_call(e, i) == 0) {
    atomic_fetch_add(&outcome->done, 1);
    return;
  }
  const int error = errno;
  atomic_store(&outcome->error, error);
  atomic_fetch_add(&outcome->failed, 1);
  if (machine_refused(e, error)) refuse(e, error);
}

// Does the task's part of the table from entry `i` on.
static void play(unsigned me, unsigned i) {
  for (; table[i].op != END; i++) {
    const struct entry *e = &table[i];
    const unsigned tasks = e->op == CHECK ? e->tasks : 1U << e->task;
    if ((tasks >> me & 1) == 0) continue;
    if (!wait_until(&shared->turn, i, me)) return;
    wait_for_ending();
    if (e->op == CHECK) {
      check(e, i, me);
      continue;
    }
    if (e->op == EXIT && e->last && !e->raced)
      atomic_store(&shared->ending, getpid());
    if (e->raced) {
      wait_for_racers(i, me);
      set_turn(i + 1);
    }
    if (e->raced || (i > 0 && table[i - 1].raced)) delay(me, e->raced);
    if (e->op != WAIT) perform(e, i);
    if (!e->raced) set_turn(i + 1);
    if (e->op == EXIT) return;
  }
}
