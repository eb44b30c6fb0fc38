// A page past the end of a tmpfs file whose folio cannot be split:
// past_size MOUNT_OPTION pinned|free
//
// Exit status: 0 it ran, and says what it saw; 77 a mount is not allowed.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

enum { kPage = 4096, kHuge = 2 << 20, kSize = 2 * kHuge };

static sigjmp_buf refused;

static void on_sigbus(int signal) {
  (void)signal;
  siglongjmp(refused, 1);
}

static const char *touch(volatile char *at, int write) {
  if (sigsetjmp(refused, 1) != 0) return "SIGBUS";
  if (write)
    *at = 'A';
  else
    (void)*at;
  return "served";
}

static void require(int holds, const char *what, int status) {
  if (holds) return;
  perror(what);
  exit(status);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  signal(SIGBUS, on_sigbus);
  require(unshare(CLONE_NEWNS) == 0 &&
              mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
              mount("none", "/tmp", "tmpfs", 0, argv[1]) == 0,
          "a tmpfs of its own", 77);
  const int fd = open("/tmp/file", O_RDWR | O_CREAT, 0600);
  require(fd >= 0 && ftruncate(fd, kSize) == 0, "a file", 1);
  char *const room = mmap(NULL, kSize + kHuge, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  require(room != MAP_FAILED, "room", 1);
  char *const start = room + (kHuge - (size_t)room % kHuge) % kHuge;
  char *const p = mmap(start, kSize, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_FIXED, fd, 0);
  require(p != MAP_FAILED, "a mapping", 1);
  p[0] = 1;
  unsigned char cached = 0;
  require(mincore(p + 100 * kPage, kPage, &cached) == 0, "mincore", 1);
  if ((cached & 1) == 0) printf("small folio; ");
  int ends[2];
  require(pipe(ends) == 0, "a pipe", 1);
  loff_t offset = 0;
  if (strcmp(argv[2], "pinned") == 0)
    require(splice(fd, &offset, ends[1], NULL, kPage, 0) == kPage, "splice", 1);
  require(ftruncate(fd, 5 * kPage) == 0, "ftruncate", 1);
  require(strcmp(touch(p + 4 * kPage, 0), "served") == 0, "page 4", 1);
  const char *const read_at = touch(p + 6 * kPage, 0);
  const char *const write_at = touch(p + 6 * kPage, 1);
  char found = 0;
  require(ftruncate(fd, kSize) == 0 && pread(fd, &found, 1, 6 * kPage) == 1,
          "growth", 1);
  printf("read %s, write %s; after growth: %d\n", read_at, write_at, found);
  return 0;
}
