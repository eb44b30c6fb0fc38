// Plays a script of vmtrunc on the running kernel repeatedly, and looks
// after each truncation whether a page past the end of the file can be
// touched.
//
//   gcc -std=gnu11 -O2 -Wall -Wextra -Werror -pthread program.c -o program
//   ./program [-n RUNS] [-s SECONDS] [-v] [--plant] [FILE]
//
// How close to the script it is. A task is a thread; tasks in one mm are
// threads of one process; `fork` is fork(). Events follow one another in the
// script's order. An operation that the script leaves in flight (`&`) cannot be
// stopped by a user: it is raced. It begins at its event, a random moment late,
// while the events after it run, up to the task's `finish`, its next
// operation, or the end. So one run in many, if any, is the script's; `step`
// and `drop` say nothing here: the last lines say how many events were played.
// remap_file_pages is emulated by kernels since 4.0.
//
// The check. When a truncation has returned, at its event or at its `finish`,
// all tasks come to rest; then each process reads what it has mapped of the
// file and touches each page past the end: all must give SIGBUS, private copies
// too. Where another truncation, that raced with this one, has grown the file,
// pages below the end that it now has are not touched, and the check is
// counted.
//
// The file is a memfd: it needs no directory and no disk, all its pages are in
// the page cache as the script wants it, and it is gone with the last process.
// Its truncation is tmpfs's own; FILE, on another file system, takes that
// one's.
//
// What it does to the machine: up to 9 processes, 9 threads in all, 5 MB and a
// file of up to 64 pages (1024 with --plant), or two; FILE (and FILE.2) must
// not exist and is unlinked once open. No root, no network, no settings. It
// ends within SECONDS and 20 s, and all processes end with the first. The mms
// are used from 1 << 45 on, 256 pages: when that is taken, it says so and ends.
// It wants Linux 5.3 or later and 64 bits.
//
// Exit status: 0 nothing broke, 1 a page past the end could be touched (one
// line says which), 2 it could not run: the machine refused something (memory,
// room, processes), or nothing was checked.
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

// ---- what the table below is made of

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
  WAIT,   // the task's raced operation has returned
  CHECK,  // all is quiet: the pages past the end of the file are touched
};

// Units are pages; bits of `tasks` and `checkers` are tasks.
struct entry {
  int event;  // of the script, from 1
  enum op op;
  unsigned task;
  int raced;  // the entries after it do not wait for its end
  unsigned addr, len, new_addr, new_len, pgoff;  // punch: file page
  unsigned file, size;
  int private, write, populate;
  unsigned new_task;  // fork
  int last;           // exit: nobody else runs in its mm
  unsigned tasks;     // CHECK: those that live
  unsigned checkers;  // CHECK: of them one in each mm
  const char *text;   // as the script has it
};

#define TASKS 8  // at most

// [script
// A sample, so that this file compiles as it is: one truncation, raced.
#define FILES 1
// The task whose mm a task begins in, itself or one before it; 8: it is forked.
static const unsigned mm_of[TASKS] = {0, 1, 8, 8, 8, 8, 8, 8};
static const unsigned sizes[2] = {8, 0};
static const char *const task_names[TASKS] = {"a", "t"};
static const char *const file_names[2] = {"f", "g"};
static const char coverage[] =
    "of 3 events 3 are played; 0 step, drop or finish, and the "
    "kernel decides when; 0 have nothing to do";
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
