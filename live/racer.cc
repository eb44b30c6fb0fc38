#include "live/racer.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"
#include "live/truth.h"

namespace vmtrunc::live {
namespace {

// A processor index for each task, different in each round: so that other pairs
// share a processor.
unsigned PlaceOf(unsigned task, unsigned tasks, uint32_t round) {
  unsigned order[kTasks];
  for (unsigned i = 0; i < kTasks; ++i) order[i] = i;
  base::Random random(round);
  for (unsigned i = tasks; i > 1; --i)
    std::swap(order[i - 1], order[random.Below(i)]);
  return order[task];
}

// Pins this thread to one of its allowed processors: otherwise the scheduler
// wakes tasks that wait for each other on the same one, where they take turns.
void Pin(unsigned place) {
  static const cpu_set_t allowed = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    ::sched_getaffinity(0, sizeof(set), &set);
    return set;
  }();
  const auto count = static_cast<unsigned>(CPU_COUNT(&allowed));
  unsigned skip = count == 0 ? 0 : place % count;
  for (size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || skip-- != 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ::sched_setaffinity(0, sizeof(one), &one);
    return;
  }
}

// Waits for the start of a round; the parent-death signal ends it sooner.
constexpr int kIdleMilliseconds = 1000;

void DieWith(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);  // the parent had ended before
}

}  // namespace

void Racer::Serve(unsigned first, pid_t parent, uint32_t last) {
  parent_ = parent;
  first_ = first;
  DieWith(parent);
  AnswerFaults();
  for (;;) {
    const uint32_t round = s_.go[first].load();
    if (round == last) {
      FutexWait(s_.go[first], round, kIdleMilliseconds);
      continue;
    }
    last = round;
    RunRound();
    if (s_.failed.load() != 0) ::_exit(0);
  }
}

void Racer::RunRound() {
  std::vector<unsigned> tasks;
  for (unsigned t = 0; t < s_.setup.tasks; ++t)
    if (s_.setup.mm_of[t] == first_) tasks.push_back(t);
  threads_.store(static_cast<unsigned>(tasks.size()));
  std::vector<std::thread> threads;
  for (const unsigned task : tasks) {
    if (task == tasks[0]) continue;
    try {
      threads.emplace_back([=, this] { RunTask(task, 0); });
    } catch (const std::system_error& error) {
      Refused(s_, task, "a thread", error.code().value());
      ::_exit(0);  // the others would wait for a missing task
    }
  }
  RunTask(tasks[0], 0);
  for (std::thread& thread : threads) thread.join();
  Ended();
}

// Nothing of this round is kept for the next one.
void Racer::Ended() {
  ::munmap(s_.place.At(0), s_.place.bytes(kArenaPages));
  s_.running.fetch_sub(1);
  FutexWake(s_.running);
}

bool Racer::RunTask(unsigned task, unsigned from) {
  Pin(PlaceOf(task, s_.setup.tasks, s_.round));
  bool late = true;
  for (unsigned i = from; i < s_.count; ++i) {
    if (StartsLap(i)) {
      if (!Meet(task, i)) return true;
      late = false;
    }
    if (s_.ops[i].event.task != task) continue;
    if (!late) StartLate(task, i);
    late = true;
    if (!Do(task, i)) return false;
  }
  Meet(task, s_.count);
  return true;
}

// Tasks that start together would always overlap in the same places.
void Racer::StartLate(unsigned task, unsigned i) const {
  if (s_.delay == 0) return;
  base::Random random(uint64_t{s_.round} << 16 | i << 4 | task);
  const uint64_t start = Now() + random.Below(s_.delay);
  while (Now() < start) {
  }
}

bool Racer::StartsLap(unsigned i) const {
  return i == 0 || s_.ops[i].lap != s_.ops[i - 1].lap;
}

bool Racer::IsCheck(unsigned end) const {
  return end == s_.count || (end != 0 && s_.ops[end].lap % s_.check == 0);
}

bool Racer::Leads(unsigned task) const {
  for (unsigned t = 0; t < task; ++t)
    if (s_.live[t].load() != 0 && s_.mm[t].load() == s_.mm[task].load())
      return false;
  return true;
}

bool Racer::Meet(unsigned task, unsigned end) {
  const bool check = IsCheck(end);
  if (s_.meeting.Arrive()) {
    if (check) Settle(s_, end);
    s_.meeting.Release();
  }
  if (!check) return s_.failed.load() == 0;
  if (Leads(task)) check_.CheckSizes(task);
  if (s_.meeting.Arrive()) {
    if (s_.failed.load() == 0) StampPages(s_);
    s_.meeting.Release();
  }
  // All tasks arrive, even after a failure: else some would wait for ever.
  if (s_.failed.load() == 0 && Leads(task)) check_.CheckSame(task);
  // Twice: a task that slept through the checks spins at the second.
  for (int i = 0; i < 2; ++i)
    if (s_.meeting.Arrive()) s_.meeting.Release();
  return s_.failed.load() == 0;
}

bool Racer::Do(unsigned task, unsigned i) {
  RaceOp& op = s_.ops[i];
  const Event& e = op.event;
  s_.at[task].store(i + 1);
  if (s_.plant == Plant::kI5Dead && s_.round > 2) ::kill(::getpid(), SIGKILL);
  while (s_.plant == Plant::kI5Hang && s_.round > 2) ::pause();
  op.start = Now();
  switch (e.verb) {
    case Verb::kRead:
    case Verb::kWrite:
      TouchUnit(op, i);
      break;
    case Verb::kFork:
      Fork(op, i);
      break;
    case Verb::kExit:
      op.done = true;
      op.end = Now();
      s_.at[task].store(0);
      Exit(task, i);
      return false;
    default:
      op.done = Perform(task, e);
      if (op.done && e.verb == Verb::kMmap && e.populate) Populate(e);
      break;
  }
  op.end = Now();
  s_.at[task].store(0);
  return true;
}

// Returns whether the kernel did it. A limit of the machine ends the race.
bool Racer::Perform(unsigned task, const Event& e) {
  const int error = Call(e, s_.place);
  if (MachineRefused(e, error)) Refused(s_, task, VerbName(e.verb), error);
  return error == 0;
}

void Racer::TouchUnit(RaceOp& op, unsigned i) {
  const bool write = op.event.verb == Verb::kWrite;
  for (unsigned p = 0; p < s_.place.unit; ++p) {
    op.touch = TouchWord(s_.place.At(op.event.addr) + p * kPage, write,
                         OpStamp(s_.round, i))
                   .touch;
    op.done = op.touch == Touch::kServed;
    if (!op.done) return;
  }
}

// Up to the size, which other tasks may change meanwhile.
void Racer::Populate(const Event& e) {
  for (unsigned p = 0; p < e.len * s_.place.unit; ++p)
    if (TouchWord(s_.place.At(e.addr) + p * kPage, false, 0).touch !=
        Touch::kServed)
      return;
}

// The child's parent is this process's, so that the runner of the race sees
// each one die, and how.
void Racer::Fork(RaceOp& op, unsigned i) {
  const unsigned child = op.event.new_addr;
  uint32_t dead = 0;
  if (child >= kTasks || !s_.live[child].compare_exchange_strong(dead, 1))
    return;
  s_.mm[child].store(s_.next_mm.fetch_add(1));
  s_.running.fetch_add(1);
  s_.meeting.Join();
  const long pid = ::syscall(SYS_clone, CLONE_PARENT | SIGCHLD, nullptr,
                             nullptr, nullptr, nullptr);
  if (pid == 0) RunForked(child, i + 1);
  op.done = pid > 0;
  if (pid < 0) Refused(s_, op.event.task, "fork", errno);
  s_.totals.forks += op.done ? 1 : 0;
  if (op.done) return;
  s_.meeting.Leave();  // this task has not arrived: no one waits for the child
  s_.running.fetch_sub(1);
  s_.live[child].store(0);
}

void Racer::RunForked(unsigned task, unsigned from) {
  DieWith(parent_);
  check_.Close();
  forked_ = true;
  threads_.store(1);
  RunTask(task, from);
  Ended();
  ::_exit(0);
}

void Racer::Exit(unsigned task, unsigned i) {
  s_.live[task].store(0);
  const bool last = threads_.fetch_sub(1) == 1;
  unsigned end = i + 1;
  while (end < s_.count && !StartsLap(end)) ++end;
  if (s_.meeting.Leave()) {
    if (IsCheck(end)) Settle(s_, end);
    s_.meeting.Release();
  }
  if (!last) return;  // a thread ends; the mm stays
  if (!forked_) s_.gone[first_].store(1);
  // exit_mmap() unmaps the rest, while the others run.
  s_.running.fetch_sub(1);
  FutexWake(s_.running);
  ::_exit(0);
}

}  // namespace vmtrunc::live
