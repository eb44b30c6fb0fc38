#include "explain/outcome.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "explain/words.h"

namespace vmtrunc {
namespace {

using LargeWorld = World<LargeCaps>;
using Kind = TraceNote::Kind;

class Outcomes {
 public:
  Outcomes(const Story& story, size_t row)
      : story_(story),
        number_(row),
        row_(story.rows[row]),
        before_(story.Before(row)),
        after_(row_.world),
        op_after_(row_.ends) {}

  std::vector<std::string> Tell() {
    Faults();
    Outcome();
    return told_;
  }

  // Who holds what the task stands before.
  std::string Waits() const {
    std::string who;
    for (const TraceNote& note : row_.notes) {
      if (note.kind != Kind::kBlocks) continue;
      for (unsigned task = 0; task < LargeCaps::kTasks; ++task)
        for (const HeldLock& lock : LocksOf(after_, task))
          if (IsIn(note, lock, task))
            absl::StrAppend(
                &who, who.empty() ? "" : ", ",
                task == row_.task ? "it" : story_.script.task_names[task],
                " holds ", LockName(story_, number_, lock),
                task == row_.task ? " itself" : "");
    }
    if (who.empty() && LockedPage(op_after_) != 0)
      who = absl::StrFormat(
          "page %u is mapped, and a pass over it has zapped nothing",
          LockedPage(op_after_) - 1);
    return "waits: " + (who.empty() ? row_.to : who);
  }

  // Whether the lock that the task holds is the one that is not free.
  bool IsIn(const TraceNote& wanted, const HeldLock& lock,
            unsigned task) const {
    const auto is_sem = [](LockKind kind) {
      return kind == LockKind::kMmapSemRead || kind == LockKind::kMmapSemWrite;
    };
    if (lock.id != wanted.id) return false;
    if (is_sem(wanted.lock)) return is_sem(lock.kind);
    if (lock.kind != wanted.lock) return false;
    if (lock.kind != LockKind::kPageLock) return true;
    const Op& op = after_.tasks[task].op;
    return wanted.mm == (LockedPage(op) == lock.id + 1
                             ? RemovalOf(op).file
                             : after_.vmas[op.fault.vma].file);
  }

 private:
  void Say(std::string outcome) { told_.push_back(std::move(outcome)); }

  // How faults came out, each told by its own step.
  void Faults() {
    const bool access = row_.verb == Verb::kRead || row_.verb == Verb::kWrite;
    const char* const stops =
        access ? "ends in SIGBUS" : "stops populating, for SIGBUS";
    for (const TraceNote& note : row_.notes) {
      switch (note.kind) {
        case Kind::kServed:
          Served(note);
          break;
        case Kind::kSigbus:
          Say(absl::StrFormat("%s at %u: ", stops, note.start) +
              (note.id >= note.end
                   ? absl::StrFormat("page %u is past i_size, %u", note.id,
                                     note.end)
                   : absl::StrFormat("page %u has left the page cache",
                                     note.id)));
          break;
        case Kind::kSigsegv:
          Say(note.id != 0 ? absl::StrFormat(
                                 "ends in SIGSEGV: the vma at %u is read-only",
                                 note.start)
                           : absl::StrFormat("ends in SIGSEGV: no vma is at %u",
                                             note.start));
          break;
        case Kind::kCountChanged:
          Say("retries: truncate_count has changed");
          break;
        case Kind::kPageGone:
          Say(absl::StrFormat("retries: page %u has left the page cache",
                              note.id));
          break;
        case Kind::kPteChanged:
          Say(
              absl::StrFormat("ends, and would fault again: the pte at %u is "
                              "not what it was",
                              note.start));
          break;
        default:
          break;
      }
    }
  }

  void Served(const TraceNote& note) {
    const Pte a = before_.mms[note.mm].ptes[note.start];
    const Pte b = after_.mms[note.mm].ptes[note.start];
    if (a == b)
      Say("is served by the page that is there");
    else if (a.kind() == b.kind() && a.index() == b.index())
      Say(absl::StrFormat("makes %u of %s writable", note.start,
                          story_.MmName(number_, note.mm)));
  }

  void Outcome() {
    bool no_memory = HasFailed(op_after_);
    for (const TraceNote& note : row_.notes)
      no_memory |= note.kind == Kind::kNoMemory;
    if (row_.flow == Flow::kDone && no_memory)
      Say("fails: ENOMEM");
    else if (row_.Has(Kind::kNoMemory))
      Say("gets no memory: it has to undo what it did");
  }

  const Story& story_;
  const size_t number_;
  const StoryRow& row_;
  const LargeWorld& before_;
  const LargeWorld& after_;
  const Op& op_after_;
  std::vector<std::string> told_;
};

}  // namespace

std::string WaitsInWords(const Story& story, size_t row) {
  return Outcomes(story, row).Waits();
}

std::vector<std::string> OutcomesOf(const Story& story, size_t row) {
  return Outcomes(story, row).Tell();
}

}  // namespace vmtrunc
