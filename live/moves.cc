#include "live/moves.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "base/random.h"
#include "live/rounds.h"

namespace vmtrunc::live {
namespace {

constexpr unsigned kOwnerBit = 56, kPageBit = 44;
constexpr size_t kTable = size_t{2} << 20;  // the addresses of a page table
constexpr unsigned kTablePages = kTable / kPage;
constexpr unsigned kOtherPages = 16;  // of each other owner
constexpr unsigned kOtherFiles = 2;
constexpr unsigned kMostDelay = 20000;  // nanoseconds
constexpr uint64_t kPlantAfter = 200;   // moves or epochs
constexpr uint64_t kPlantEvery = 64;
constexpr uint64_t kMostStep = 50000000;  // nanoseconds of one look for a hang

// Where a pattern maps the file, and which pages it touches.
struct Shape {
  size_t bytes;
  uintptr_t at[2];
  std::vector<unsigned> pages;
};

// Of a table: its ends and its middle; both places are whole tables, so that
// the kernel can move the table itself. Else a few pages, from one table to
// another.
Shape ShapeOf(Pattern pattern) {
  if (pattern == Pattern::kMoveTable)
    return {.bytes = kTable,
            .at = {kArena, kArena + 2 * kTable},
            .pages = {0, kTablePages / 2, kTablePages - 1}};
  return {.bytes = 4 * kPage,
          .at = {kArena + 16 * kPage, kArena + 2 * kTable + 32 * kPage},
          .pages = {0, 1, 2, 3}};
}

// What the processes of a pattern share. A sequence is odd while the operation
// is in flight.
struct MoveState {
  std::atomic<uint64_t> epoch{1};
  std::atomic<uint64_t> passing{0}, moving{0};
  std::atomic<uint64_t> touches{0};  // done, whatever came of them
  std::atomic<uint32_t> done{0};
};

// Whether an operation of another task was in flight at any time since `then`
// was read.
bool Overlapped(const std::atomic<uint64_t>& sequence, uint64_t then) {
  return then % 2 != 0 || sequence.load() != then;
}

void SpinFor(uint64_t nanoseconds) {
  const uint64_t end = Now() + nanoseconds;
  while (Now() < end) {
  }
}

class Moves {
 public:
  Moves(RaceShared& shared, const RaceOptions& options, MoveState& state)
      : s_(shared),
        options_(options),
        state_(state),
        shape_(ShapeOf(options.pattern)) {}

  void Run();

 private:
  // The process with the mapping.
  [[noreturn]] void Serve(pid_t parent);
  void Move();
  void MoveOnce(unsigned side);
  void PlantInMover(unsigned side, uint64_t move);
  void Touch();
  void TouchOnce(base::Random& random, std::vector<LastWrite>& writes);
  bool Ends() const { return state_.done.load() != 0 || s_.failed.load() != 0; }
  char* At(unsigned side, unsigned page) const {
    return reinterpret_cast<char*>(shape_.at[side] + page * kPage);
  }

  // The process that truncates.
  bool Prepare();
  void Epoch(base::Random& random);
  void Empty();
  void Grow();
  void FillOthers();
  void CheckOthers();
  void CheckOther(Owner owner, unsigned page, uint64_t value);
  void EmptyOthers();
  bool Alive();
  void End();

  RaceShared& s_;
  const RaceOptions& options_;
  MoveState& state_;
  const Shape shape_;
  int file_ = -1, others_[kOtherFiles] = {-1, -1};
  char* own_ = nullptr;   // the file in the process that truncates
  char* anon_ = nullptr;  // memory of that process
  pid_t mover_ = 0;
  uint64_t oom_kills_ = 0, looked_at_ = 0, still_ = 0;
  uint64_t moves_before_ = 0, touches_before_ = 0;
};

void Moves::Serve(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
  ::munmap(own_, shape_.bytes);
  ::munmap(anon_, kOtherPages * kPage);
  void* const at = At(0, 0);
  if (::mmap(at, shape_.bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
             file_, 0) == MAP_FAILED) {
    Refused(s_, kNobody, "mmap", errno);
    ::_exit(0);
  }
  ::madvise(at, shape_.bytes, MADV_NOHUGEPAGE);  // else it has no page table
  try {
    std::thread toucher([this] { Touch(); });
    Move();
    toucher.join();
  } catch (const std::system_error& error) {
    Refused(s_, kNobody, "a thread", error.code().value());
  }
  ::_exit(0);
}

void Moves::Move() {
  base::Random random(options_.seed * 3 + 1);
  for (uint64_t move = 0; !Ends(); ++move) {
    const unsigned side = move % 2;
    if (s_.plant != Plant::kNone && move > kPlantAfter)
      PlantInMover(side, move);
    // A page that is mapped is one whose entry is moved.
    if (random.Below(2) == 0)
      for (const unsigned page : shape_.pages)
        TouchWord(At(side, page), false, 0);
    MoveOnce(side);
    if (random.Below(4) == 0) SpinFor(random.Below(kMostDelay));
  }
}

void Moves::MoveOnce(unsigned side) {
  const uint64_t passing = state_.passing.load();
  state_.moving.fetch_add(1);
  const void* to = ::mremap(At(side, 0), shape_.bytes, shape_.bytes,
                            MREMAP_MAYMOVE | MREMAP_FIXED, At(side ^ 1, 0));
  const int error = to == MAP_FAILED ? errno : 0;
  state_.moving.fetch_add(1);
  const bool met = Overlapped(state_.passing, passing);
  s_.totals.overlapped += met ? 1 : 0;
  s_.totals.overlapped_pass += met ? 1 : 0;
  ++s_.totals.operations;
  ++s_.totals.moves;
  if (error == 0) return;
  if (IsMachineLimit(error)) return Refused(s_, kNobody, "mremap", error);
  Fail(s_, "I4", kNobody, "mremap of the mapping: %s", std::strerror(error));
}

void Moves::PlantInMover(unsigned side, uint64_t move) {
  if (s_.plant == Plant::kI5Dead) ::kill(::getpid(), SIGKILL);
  while (s_.plant == Plant::kI5Hang) ::pause();
  if (s_.plant == Plant::kM1)
    ::mmap(At(side, 0), shape_.bytes, PROT_READ | PROT_WRITE,
           MAP_SHARED | MAP_FIXED, others_[0], 0);
  if (s_.plant != Plant::kM2) return;
  void* const other =
      ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, others_[1], 0);
  if (other == MAP_FAILED) return;
  StoreWord(static_cast<char*>(other), OwnerStamp(Owner::kToucher, 0, move));
  ::munmap(other, kPage);
}

void Moves::Touch() {
  base::Random random(options_.seed * 3 + 2);
  std::vector<LastWrite> writes(shape_.pages.size());
  while (!Ends()) TouchOnce(random, writes);
}

// Fences: a store is not seen at once by others, nor is a load in order
// everywhere.
void Moves::TouchOnce(base::Random& random, std::vector<LastWrite>& writes) {
  const auto i = random.Below(static_cast<uint32_t>(shape_.pages.size()));
  const unsigned page = shape_.pages[i];
  char* const at = At(random.Below(2), page);
  const bool write = random.Below(3) == 0;
  const uint64_t number = state_.touches.load() + 1;
  const uint64_t value = OwnerStamp(Owner::kToucher, page, number);
  const uint64_t passing = state_.passing.load(), moving = state_.moving.load();
  const uint64_t first = state_.epoch.load();
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const Touched touched =
      write ? StoreWord(at, value) : TouchWord(at, false, 0);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const uint64_t last = state_.epoch.load();
  const bool pass = Overlapped(state_.passing, passing);
  const bool any = pass || Overlapped(state_.moving, moving);
  RaceTotals& totals = s_.totals;
  state_.touches.store(number);
  ++totals.operations;
  totals.overlapped_pass += pass ? 1 : 0;
  totals.overlapped += any ? 1 : 0;
  totals.sigbus += touched.touch == Touch::kSigbus ? 1 : 0;
  totals.sigsegv += touched.touch == Touch::kSigsegv ? 1 : 0;
  if (touched.touch != Touch::kServed) return;
  if (write) {
    ++totals.writes_served;
    writes[i] = {.value = value, .epoch = last};
    return;
  }
  ++totals.reads_served;
  const char* error = JudgeMoved(touched.value, page, first, last, writes[i]);
  if (error != nullptr)
    Fail(s_, "M1", kNobody,
         "a read of page %u through the moved mapping gave %#lx, %s; it was in "
         "epochs %lu..%lu",
         page, touched.value, error, first, last);
}

bool Moves::Prepare() {
  file_ = OpenUnnamed(s_, options_.dir);
  for (int& other : others_) other = OpenUnnamed(s_, options_.dir);
  if (s_.failed.load() != 0) return false;
  void* own = ::mmap(nullptr, shape_.bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                     file_, 0);
  void* anon = ::mmap(nullptr, kOtherPages * kPage, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (own == MAP_FAILED || anon == MAP_FAILED) {
    Refused(s_, kNobody, "mmap", errno);
    return false;
  }
  ::madvise(own, shape_.bytes, MADV_NOHUGEPAGE);
  own_ = static_cast<char*>(own);
  anon_ = static_cast<char*>(anon);
  AnswerFaults();
  oom_kills_ = OomKills();
  const pid_t self = ::getpid();
  mover_ = ::fork();
  if (mover_ == 0) Serve(self);
  if (mover_ < 0) Refused(s_, kNobody, "fork", errno);
  return mover_ > 0;
}

void Moves::Run() {
  if (!Prepare()) return;
  base::Random random(options_.seed * 3);
  const uint64_t start = Now();
  looked_at_ = start;
  for (uint64_t run = 0; run < options_.runs && Alive(); ++run) {
    const double seconds = static_cast<double>(Now() - start) * 1e-9;
    if (options_.seconds > 0 && seconds > options_.seconds) break;
    if (s_.stop.load() != 0) break;
    Epoch(random);
  }
  End();
}

// The frames of the file are free for the others until it grows again, or also
// after that.
void Moves::Epoch(base::Random& random) {
  const bool before = random.Below(4) != 0;
  Empty();
  if (before) FillOthers();
  if (random.Below(2) == 0) SpinFor(random.Below(kMostDelay));
  Grow();
  if (!before) FillOthers();
  SpinFor(random.Below(3 * kMostDelay));
  CheckOthers();
  EmptyOthers();
  ++s_.totals.rounds;
  s_.meeting.Release();  // progress, for the process that watches
}

void Moves::Empty() {
  const bool skip =
      s_.plant == Plant::kM1Stale && state_.epoch.load() % kPlantEvery == 0;
  state_.passing.fetch_add(1);
  if (!skip && ::ftruncate(file_, 0) != 0)
    Refused(s_, kNobody, "ftruncate", errno);
  state_.passing.fetch_add(1);
  state_.epoch.fetch_add(1);
  ++s_.totals.operations;
}

// Stamps by stores: a reader must not see half of one.
void Moves::Grow() {
  if (::ftruncate(file_, static_cast<off_t>(shape_.bytes)) != 0)
    return Refused(s_, kNobody, "ftruncate", errno);
  const bool skip =
      s_.plant == Plant::kM1Stale && state_.epoch.load() % kPlantEvery == 1;
  for (const unsigned page : shape_.pages) {
    if (skip) continue;
    const uint64_t stamp =
        OwnerStamp(Owner::kMapped, page, state_.epoch.load());
    if (StoreWord(own_ + page * kPage, stamp).touch == Touch::kServed) continue;
    // Without room, a write by the file fails too.
    const off_t at = static_cast<off_t>(page * kPage);
    if (const int error = WriteAtOnce(file_, &stamp, sizeof(stamp), at))
      return Refused(s_, kNobody, "to write to a file", error);
    return Fail(s_, "I1", kNobody,
                "a write to page %u, below the end, ended in a signal", page);
  }
}

void Moves::FillOthers() {
  const uint64_t epoch = state_.epoch.load();
  for (unsigned page = 0; page < kOtherPages; ++page) {
    const off_t at = static_cast<off_t>(page * kPage);
    for (unsigned f = 0; f < kOtherFiles; ++f) {
      const uint64_t stamp =
          OwnerStamp(f == 0 ? Owner::kFile0 : Owner::kFile1, page, epoch);
      if (const int error = WriteAtOnce(others_[f], &stamp, sizeof(stamp), at))
        return Refused(s_, kNobody, "to write to a file", error);
    }
    StoreWord(anon_ + at, OwnerStamp(Owner::kAnon, page, epoch));
  }
  if (s_.plant == Plant::kM2Anon && epoch > kPlantAfter)
    StoreWord(anon_, OwnerStamp(Owner::kToucher, 0, epoch));
}

void Moves::CheckOthers() {
  for (unsigned page = 0; page < kOtherPages; ++page) {
    const off_t at = static_cast<off_t>(page * kPage);
    for (unsigned f = 0; f < kOtherFiles; ++f) {
      uint64_t value = 0;
      const ssize_t got = ::pread(others_[f], &value, sizeof(value), at);
      if (got != sizeof(value))
        return Refused(s_, kNobody, "to read a file", ErrorOfRead(got));
      CheckOther(f == 0 ? Owner::kFile0 : Owner::kFile1, page, value);
    }
    CheckOther(Owner::kAnon, page, TouchWord(anon_ + at, false, 0).value);
  }
  ++s_.totals.quiescent;
}

void Moves::CheckOther(Owner owner, unsigned page, uint64_t value) {
  ++s_.totals.pages;
  const uint64_t stamp = OwnerStamp(owner, page, state_.epoch.load());
  if (value == stamp) return;
  const bool written =
      value >> kOwnerBit == static_cast<uint64_t>(Owner::kToucher);
  Fail(
      s_, "M2", kNobody, "page %u of %s has %#lx%s in place of its stamp %#lx",
      page,
      owner == Owner::kAnon ? "a process' memory" : "a file that is not mapped",
      value, written ? ", a write through the moved mapping," : "", stamp);
}

void Moves::EmptyOthers() {
  for (const int other : others_)
    if (::ftruncate(other, 0) != 0) Refused(s_, kNobody, "ftruncate", errno);
  ::madvise(anon_, kOtherPages * kPage, MADV_DONTNEED);
}

// I5. A step of time counts at most a look's: while this process is stopped, it
// does not count.
bool Moves::Alive() {
  int status = 0;
  if (s_.failed.load() == 0 && ::waitpid(mover_, &status, WNOHANG) == mover_) {
    mover_ = 0;
    if (s_.failed.load() == 0 && !RefusedBySignal(s_, status, oom_kills_))
      Fail(s_, "I5", kNobody, "the process with the mapping ended with %s %d",
           WIFSIGNALED(status) ? "signal" : "exit status",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  }
  const uint64_t now = Now(), moves = s_.totals.moves.load(),
                 touches = state_.touches.load();
  still_ += std::min(now - looked_at_, kMostStep);
  looked_at_ = now;
  if (moves != moves_before_ && touches != touches_before_) {
    still_ = 0;
    moves_before_ = moves;
    touches_before_ = touches;
  }
  if (static_cast<double>(still_) * 1e-9 > options_.hang)
    Fail(s_, "I5", kNobody, "no progress for %.0f s of the thread that %s",
         options_.hang, moves == moves_before_ ? "moves" : "touches");
  return s_.failed.load() == 0;
}

void Moves::End() {
  state_.done.store(1);
  if (mover_ <= 0) return;
  // Who has found the violation may not have written it down yet.
  for (int i = 0; i < 1000 && s_.failed.load() == 1; ++i) ::usleep(1000);
  if (s_.failed.load() != 0) ::kill(mover_, SIGKILL);
  ::waitpid(mover_, nullptr, 0);
}

}  // namespace

uint64_t OwnerStamp(Owner owner, unsigned page, uint64_t count) {
  return static_cast<uint64_t>(owner) << kOwnerBit |
         uint64_t{page} << kPageBit | count;
}

const char* JudgeMoved(uint64_t value, unsigned page, uint64_t first,
                       uint64_t last, const LastWrite& write) {
  constexpr uint64_t kCount = (uint64_t{1} << kPageBit) - 1;
  constexpr uint64_t kPageMask = (uint64_t{1} << (kOwnerBit - kPageBit)) - 1;
  if (value == 0) return nullptr;  // not written since it grew
  const auto owner = value >> kOwnerBit;
  if (owner != static_cast<uint64_t>(Owner::kMapped) &&
      owner != static_cast<uint64_t>(Owner::kToucher))
    return "which belongs to another owner";
  if ((value >> kPageBit & kPageMask) != page)
    return "which belongs to another page of the file";
  if (owner == static_cast<uint64_t>(Owner::kToucher)) {
    if (value != write.value) return "an older write than the last one";
    return write.epoch < first ? "a write that was truncated before" : nullptr;
  }
  const uint64_t epoch = value & kCount;
  if (epoch < first) return "a stamp that was truncated before";
  return epoch > last ? "a stamp of a later time" : nullptr;
}

void RunMoves(RaceShared& shared, const RaceOptions& options) {
  BoundProcess();
  void* memory = ::mmap(nullptr, sizeof(MoveState), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return Refused(shared, kNobody, "memory", errno);
  auto& state = *new (memory) MoveState();
  try {
    Moves(shared, options, state).Run();
  } catch (const std::bad_alloc&) {
    Refused(shared, kNobody, "memory", ENOMEM);
  }
}

}  // namespace vmtrunc::live
