// Plays a script of vmtrunc on the running kernel repeatedly. After each
// truncation it checks whether a page past the end of the file can be touched.
//
//   gcc -std=gnu11 -O2 -Wall -Wextra -Werror -pthread program.c -o program
//   ./program [-n RUNS] [-s SECONDS] [-v] [--plant] [FILE]
//
// How close to the script it is. A task is a thread; tasks in one mm are
// threads of one process; `fork` is fork(). Events run in the script's order.
// A user process cannot stop an operation that the script leaves in flight
// (`&`), so it is raced: it starts at its event, after a random delay, while
// the following events run, up to the task's `finish`, its next operation, or
// the end. So few runs, if any, have the script's order. `step` and `drop` have
// no effect here; the last lines say how many events were played. Since Linux
// 4.0 the kernel emulates remap_file_pages.
//
// The check. When a truncation has returned, at its event or at its `finish`,
// all tasks stop. Then each process reads its mappings of the file and touches
// each page past the end: all must give SIGBUS, private copies too. If another
// truncation raced with this one and grew the file, pages below the new end are
// not touched, and the check is counted.
//
// The file is a memfd: it needs no directory and no disk, all its pages are in
// the page cache, as in the script, and it ends with the last process. It is
// truncated by tmpfs; FILE, on another file system, by that one.
//
// Resources: up to 9 processes, 9 threads in all, 5 MB and a file of up to 64
// pages (1024 with --plant), or two; FILE (and FILE.2) must not exist and is
// unlinked once open. No root, no network, no settings. It ends within SECONDS
// and 20 s, and all processes end with the first. The mms use 256 pages from
// 1 << 45; if that range is taken, the program says so and ends. It requires
// Linux 5.3 or later and 64 bits.
//
// Exit status: 0 no violation, 1 a page past the end could be touched (one line
// says which), 2 it could not run: the machine refused something (memory, room,
// processes), nothing was checked, no page past the end was mapped at a check,
// or what it reports could not be written.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// ---- types of the table below

enum op {
  END,
  MMAP,
  MUNMAP,
  MPROTECT,
  MREMAP,
  READ,
  WRITE,
  FORK,
  EXIT,
  TRUNCATE,
  REMAP,
  PUNCH,
  WAIT,   // for the task's raced operation to return
  CHECK,  // all tasks are stopped: the pages past the end are touched
};

// Units are pages; bits of `tasks` and `checkers` are tasks.
struct entry {
  int event;  // of the script, from 1
  enum op op;
  unsigned task;
  int raced;  // the following entries do not wait for it
  unsigned addr, len, new_addr, new_len, pgoff;  // punch: file page
  unsigned file, size;
  int private, write, populate;
  unsigned new_task;  // fork
  int last;           // exit: it is the last task of its mm
  unsigned tasks;     // CHECK: those that exist
  unsigned checkers;  // CHECK: of these, one in each mm
  const char *text;   // of the script
};

#define TASKS 8  // at most

// [script
// A sample, so that this file compiles: one truncation, raced.
#define FILES 1
// The task whose mm a task starts in, itself or an earlier one; 8: it is
// forked.
static const unsigned mm_of[TASKS] = {0, 1, 8, 8, 8, 8, 8, 8};
static const unsigned sizes[2] = {8, 0};
static const char *const task_names[TASKS] = {"a", "t"};
static const char *const file_names[2] = {"f", "g"};
static const char coverage[] =
    "of 3 events 3 are played; 0 are steps, drops or finishes, which "
    "the kernel times; 0 have no effect";
static const struct entry table[] = {
    {.event = 1,
     .op = MMAP,
     .task = 0,
     .addr = 100,
     .len = 8,
     .write = 1,
     .populate = 1,
     .text = "a mmap 100 8 f 0 populate"},
    {.event = 2,
     .op = TRUNCATE,
     .task = 1,
     .raced = 1,
     .size = 2,
     .text = "t truncate f 2 &"},
    {.event = 3,
     .op = MPROTECT,
     .task = 0,
     .addr = 100,
     .len = 4,
     .text = "a mprotect 100 4 r"},
    {.event = 2,
     .op = CHECK,
     .task = 1,
     .size = 2,
     .tasks = 0x3,
     .checkers = 0x3,
     .text = "t truncate f 2 &"},
    {.op = END},
};
// script]
