#include "play.h"

// ---- the processes

static void *play_thread(void *task) {
  play((unsigned)(size_t)task, 0);
  return NULL;
}

// A process is an mm. Its first task is the thread that it begins with.
static void run_mm(unsigned first) {
  pthread_t threads[TASKS];
  unsigned count = 0;
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, STACK_BYTES);
  die_with_supervisor();
  for (unsigned task = first + 1; task < TASKS; task++) {
    if (mm_of[task] != first) continue;
    const int error = pthread_create(&threads[count], &attr, play_thread,
                                     (void *)(size_t)task);
    if (error != 0) {
      give_up("make a thread", error);
    } else {
      count++;
    }
  }
  play(first, 0);
  for (unsigned i = 0; i < count; i++) pthread_join(threads[i], NULL);
  _exit(0);
}

// Until no process is left. All of them are children of this one.
static void wait_for_all(void) {
  int status;
  for (;;) {
    const pid_t pid = waitpid(-1, &status, 0);
    if (pid < 0 && errno == ECHILD) return;
    if (pid < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) continue;
    give_up(WIFSIGNALED(status) ? "continue: a process was killed"
                                : "continue: a process has failed",
            0);
  }
}

// The files as the script declares them, every page in the page cache.
static void set_up_files(void) {
  for (unsigned file = 0; file < FILES; file++) {
    resize(file, 0);
    for (unsigned i = 0; i < sizes[file]; i++)
      if (pwrite(files[file], "x", 1, bytes(i)) != 1)
        give_up("write the file", errno);
    resize(file, sizes[file]);
  }
}

static void run_once(void) {
  alarm(RUN_SECONDS);
  atomic_store(&shared->turn, 0);
  atomic_store(&shared->ending, 0);
  atomic_store(&shared->awake, 0);
  set_up_files();
  for (unsigned task = 0; task < TASKS && !atomic_load(&shared->stop); task++) {
    if (mm_of[task] != task) continue;
    const pid_t pid = fork();
    if (pid < 0) give_up("fork", errno);
    if (pid == 0) run_mm(task);
  }
  wait_for_all();
}

// ---- before and after

// For a terminal: a name or an argument is bytes. Valid until the next call.
static const char *shown(const char *text) {
  static char out[4 * 4200];
  char *at = out;
  for (; *text != 0 && at + 5 <= out + sizeof(out); text++)
    at += snprintf(at, 5, *text < ' ' || *text > '~' ? "\\x%02x" : "%c",
                   (unsigned char)*text);
  *at = 0;
  return out;
}

// Ends the program. What is left of it dies with it.
static void die(const char *what, int error) {
  fprintf(stderr, "cannot %s%s%s\n", shown(what), error != 0 ? ": " : "",
          error != 0 ? strerror(error) : "");
  exit(EXIT_COULD_NOT_RUN);
}

static void on_alarm(int signal) {
  (void)signal;
  static const char text[] = "cannot continue: a run took too long\n";
  if (write(2, text, sizeof(text) - 1) < 0) _exit(EXIT_COULD_NOT_RUN);
  _exit(EXIT_COULD_NOT_RUN);
}

// A descriptor of a standard stream that is closed is taken, or a file would
// get it, and the report. It is opened in the other direction: using it is an
// error.
static void hold_closed_streams(void) {
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 &&
        open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
      _exit(EXIT_COULD_NOT_RUN);
}

// `status`, if what was printed has been written, which NFS does at the close.
static int end(int status) {
  int error = fflush(stdout) != 0 ? errno : ferror(stdout) ? EIO : 0;
  if (error == 0 && close(STDOUT_FILENO) != 0 && errno != EBADF) error = errno;
  if (error != 0) die("write the report", error);
  return status;
}

// A memfd, or a new file of that name, which loses its name at once.
static void open_file(unsigned file, const char *path) {
  char name[4096];
  snprintf(name, sizeof(name), "%s%s", path == NULL ? "" : path,
           file == 0 ? "" : ".2");
  char memfd_name[250];  // the kernel takes no longer ones
  snprintf(memfd_name, sizeof(memfd_name), "%.249s", file_names[file]);
  files[file] = path == NULL ? (int)syscall(SYS_memfd_create, memfd_name, 0U)
                             : open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (files[file] < 0) {
    const int error = errno;
    char what[sizeof(name) + 10];
    snprintf(what, sizeof(what), "make %s", path == NULL ? "a memfd" : name);
    die(what, error);
  }
  if (path != NULL) unlink(name);
}

// Sees that the addresses are free, and how the maps call the file.
static void learn_inode(unsigned file) {
  char *at = mmap(BASE, MM_PAGES * page_size, PROT_READ,
                  MAP_SHARED | MAP_FIXED_NOREPLACE, files[file], 0);
  if (at != MAP_FAILED && at != BASE) errno = EEXIST;
  if (at != BASE) die("map the addresses of the script", errno);
  struct vma vma;
  const char *line = maps;
  if (!read_maps() || !next_vma(&line, &vma))
    die("read /proc/self/maps", shared->failed_error);
  inodes[file] = vma.inode;
  munmap(at, MM_PAGES * page_size);
}

static void set_up(const char *path) {
  page_size = (size_t)sysconf(_SC_PAGESIZE);
  supervisor = getpid();
  shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) die("map memory", errno);
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_TIMERSLACK, 1000);
  signal(SIGXFSZ, SIG_IGN);
  signal(SIGCHLD, SIG_DFL);
  signal(SIGALRM, on_alarm);
  struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
  sigaction(SIGBUS, &action, NULL);
  sigaction(SIGSEGV, &action, NULL);
  for (unsigned file = 0; file < FILES; file++) {
    open_file(file, path);
    learn_inode(file);
  }
}

static void print_outcomes(void) {
  printf("%5s %9s %9s %9s %9s\n", "event", "done", "failed", "SIGBUS",
         "SIGSEGV");
  for (unsigned i = 0; table[i].op != END; i++) {
    struct outcome *outcome = &shared->outcomes[i];
    if (table[i].op == CHECK || table[i].op == WAIT) continue;
    printf("%5d %9lu %9lu %9lu %9lu  %s%s%s\n", table[i].event, outcome->done,
           outcome->failed, outcome->sigbus, outcome->sigsegv, table[i].text,
           outcome->error != 0 ? ": " : "",
           outcome->error != 0 ? strerror(outcome->error) : "");
  }
}

static int print_found(void) {
  if (!shared->found) return 0;
  const struct entry *e = shared->found_at;
  printf(
      "VIOLATED in run %lu: page %u of %s, which ends at %u, could be touched "
      "at %p (%u) by %s after event %d, %s\n",
      shared->run, shared->found_page, file_names[e->file], shared->limit,
      (void *)address(shared->found_addr), shared->found_addr,
      task_names[shared->found_task], e->event, e->text);
  return 1;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int run_all(unsigned long runs, double seconds) {
  const double start = now();
  while (!atomic_load(&shared->stop) && shared->run < runs &&
         (shared->run == 0 || now() - start < seconds)) {
    shared->run++;
    run_once();
  }
  if (verbose) print_outcomes();
  const int found = print_found();
  printf("%s\n", coverage);
  printf(
      "%lu runs, %lu operations, %lu checks, %lu of them on a file that grew "
      "meanwhile, %lu pages past the end touched, %lu SIGBUS, %.2f s"
      "%s\n",
      shared->run, shared->operations, shared->checks, shared->outgrown,
      shared->pages, shared->sigbus, now() - start,
      found || shared->failed || shared->pages == 0 ? "" : ": no violation");
  if (found) return end(EXIT_BROKEN);
  if (shared->failed) die(shared->failed_what, shared->failed_error);
  if (shared->checks == 0) die("give a result: nothing was checked", 0);
  if (shared->pages == 0)
    die("give a result: no page past the end was mapped at a check", 0);
  return end(0);
}

static const char usage[] =
    "usage: %s [-n RUNS] [-s SECONDS] [-v] [--plant] [FILE]\n"
    "  -n RUNS     number of runs of the script, default 1000\n"
    "  -s SECONDS  no run starts after this time, default 10\n"
    "  -v          print the results of each event\n"
    "  --plant     grow the file before each check, which must report it\n"
    "  FILE        use a new file of this name instead of a memfd\n";

static double number(const char *text, double low, double high) {
  char *end;
  const double value = strtod(text, &end);
  if (*end == 0 && end != text && value >= low && value <= high) return value;
  fprintf(stderr, "expected a number, %g..%g, not %s\n", low, high,
          shown(text));
  exit(EXIT_COULD_NOT_RUN);
}

// Names the option that is not taken. Of a long one with a value that it does
// not take, `optopt` has the letter.
static int refuse_option(char **argv) {
  const char letter[] = {'-', (char)optopt, 0};
  const int is_long = (optopt == 0 || optopt == 'p' || optopt == 'h') &&
                      strncmp(argv[optind - 1], "--", 2) == 0;
  fprintf(stderr, "not expected: %s\n",
          shown(is_long ? argv[optind - 1] : letter));
  fprintf(stderr, usage, shown(argv[0]));
  return EXIT_COULD_NOT_RUN;
}

int main(int argc, char **argv) {
  static const struct option options[] = {
      {"plant", 0, NULL, 'p'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
  unsigned long runs = 1000;
  double seconds = 10;
  int option;
  hold_closed_streams();
  opterr = 0;  // it prints words as they are
  while ((option = getopt_long(argc, argv, "n:s:v", options, NULL)) != -1) {
    if (option == 'n') runs = (unsigned long)number(optarg, 1, 1e9);
    if (option == 's') seconds = number(optarg, 0, 1e6);
    if (option == 'v') verbose = 1;
    if (option == 'p') plant = 1;
    if (option == 'h') return printf(usage, shown(argv[0])), end(0);
    if (option == '?') return refuse_option(argv);
  }
  if (argc - optind > 1) die("play on more than one file", 0);
  set_up(optind < argc ? argv[optind] : NULL);
  return run_all(runs, seconds);
}
