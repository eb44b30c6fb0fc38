#include "table.h"

#define ENTRIES (sizeof(table) / sizeof(table[0]))

// ---- what all processes share

// What came of an entry, over all runs.
struct outcome {
  atomic_ulong done, failed, sigbus, sigsegv;
  atomic_int error;  // of the last that failed
};

struct shared {
  atomic_uint turn;                  // the entry whose turn it is
  atomic_uint stop;                  // everybody leaves
  atomic_uint arrived, ready, done;  // of the check that is under way
  atomic_uint awake;                 // tasks that are about to race
  atomic_int ending;                 // the process that an EXIT ends
  unsigned limit;  // of the check: pages from here on are past the end
  unsigned long run;
  atomic_uint failed;  // what could not be done, and why
  char failed_what[256];
  int failed_error;
  atomic_uint found;  // a page past the end that could be touched
  unsigned found_page, found_addr, found_task;
  const struct entry *found_at;
  atomic_ulong operations, checks, outgrown, pages, sigbus;
  struct outcome outcomes[ENTRIES];
};

static struct shared *shared;
static int files[2];
static unsigned long inodes[2];  // as /proc/self/maps has them
static size_t page_size;
static pid_t supervisor;
static int plant, verbose;

// Page n of an mm is at BASE + n pages: low, so that few lines of the maps come
// before it.
#define BASE ((char *)(1UL << 45))
#define MM_PAGES 256
#define PLANT_PAGES 1024  // more than any mapping reaches
#define RUN_SECONDS 20    // a run takes milliseconds; then it hangs
#define SPINS 5000        // before a task sleeps that is about to race
#define STACK_BYTES (256 << 10)

enum { EXIT_BROKEN = 1, EXIT_COULD_NOT_RUN = 2, EXIT_OWN_FAULT = 100 };

static void wake(atomic_uint *word, unsigned tasks) {
  syscall(SYS_futex, word, FUTEX_WAKE_BITSET, TASKS, NULL, NULL, tasks);
}

// The first failure counts. Nobody waits for anything any more.
static void give_up(const char *what, int error) {
  if (atomic_exchange(&shared->failed, 1) == 0) {
    snprintf(shared->failed_what, sizeof(shared->failed_what), "%s", what);
    shared->failed_error = error;
  }
  atomic_store(&shared->stop, 1);
}

static void die_with_supervisor(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != supervisor) _exit(0);
}

// ---- turns

// Those who must be awake when it is the turn of entry `i`: who does it, and,
// when it is raced, who comes next.
static unsigned tasks_of(unsigned i) {
  unsigned tasks = 0;
  for (;; i++) {
    const struct entry *e = &table[i];
    if (e->op != END) tasks |= e->op == CHECK ? e->tasks : 1U << e->task;
    if (!e->raced) return tasks;
  }
}

static void set_turn(unsigned i) {
  atomic_store(&shared->turn, i);
  const unsigned tasks = tasks_of(i);
  if (tasks != 0) wake(&shared->turn, tasks);
}

// Whether it will be the turn of `wanted` at once, when it is that of `now`.
static int is_soon(unsigned now, unsigned wanted) {
  while (now < wanted && table[now].raced) now++;
  return now == wanted;
}

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
  atomic_signal_fence(memory_order_seq_cst);
}

static void sleep_while(atomic_uint *word, unsigned value, unsigned me) {
  // The bound is for `stop`, which wakes nobody.
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += 50000000;
  if (until.tv_nsec >= 1000000000) {
    until.tv_sec++;
    until.tv_nsec -= 1000000000;
  }
  syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value, &until, NULL, 1U << me);
}

// Returns 0 when everybody is to leave. Who is about to race does not sleep.
static int wait_until(atomic_uint *word, unsigned wanted, unsigned me) {
  for (int spins = 0;;) {
    const unsigned now = atomic_load(word);
    if (now == wanted) {
      if (spins != 0) atomic_fetch_and(&shared->awake, ~(1U << me));
      return 1;
    }
    if (atomic_load(&shared->stop)) return 0;
    if (word != &shared->turn || spins == SPINS || !is_soon(now, wanted)) {
      atomic_fetch_and(&shared->awake, ~(1U << me));
      sleep_while(word, now, me);
      spins = 0;
      continue;
    }
    if (spins == 0) atomic_fetch_or(&shared->awake, 1U << me);
    spins++;
    relax();
  }
}

// Before a raced operation: until those that race with it are awake, or for a
// moment.
static void wait_for_racers(unsigned i, unsigned me) {
  const unsigned others = tasks_of(i) & ~(1U << me);
  if (others == 0) return;
  wake(&shared->turn, others);
  for (int spins = 0; spins < SPINS; spins++) {
    if ((atomic_load(&shared->awake) & others) == others) break;
    relax();
  }
}

// An EXIT has happened when its process is gone, which only others can see.
static void wait_for_ending(void) {
  const pid_t pid = atomic_exchange(&shared->ending, 0);
  if (pid == 0) return;
  const int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) return;
  struct pollfd gone = {.fd = fd, .events = POLLIN};
  while (poll(&gone, 1, 50) == 0 && !atomic_load(&shared->stop)) {
  }
  close(fd);
}

// Tasks that race begin late, each by another time in each run: by turns of a
// loop, and the raced one now and then by a sleep, so that others come first
// even where there is one processor for all.
static void delay(unsigned me, int raced) {
  unsigned x = (unsigned)shared->run * 2654435761U + me * 40503U + 1;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  if (raced && x % 4 == 0) {
    const struct timespec time = {0, x / 4 % 100 * 1000};
    nanosleep(&time, NULL);
  }
  for (x = x / 4 % (1U << shared->run % 10); x != 0; x--) relax();
}
