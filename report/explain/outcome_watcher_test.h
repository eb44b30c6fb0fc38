// The outcome of each step of a run, derived only from the worlds around it and
// the event that started the operation, independently of explain/.
#ifndef VMTRUNC_REPORT_EXPLAIN_OUTCOME_WATCHER_TEST_H_
#define VMTRUNC_REPORT_EXPLAIN_OUTCOME_WATCHER_TEST_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/model/fields.h"
#include "core/run/tracer.h"
#include "report/explain/outcome_tables_test.h"

namespace vmtrunc::report {

// One step of the run.
struct Seen {
  unsigned event, task;
  Outcomes outcomes;
};

// Observes the run from outside.
class Watcher {
 public:
  Watcher(const Script& script, const Rules& rules)
      : script_(script),
        rules_(rules),
        before_(MakeWorld<LargeCaps>(script.setup, rules)) {
    RunTraced(script, rules, [&](const TraceStep& step) { See(step); });
  }
  const std::vector<Seen>& steps() const { return steps_; }

 private:
  void See(const TraceStep& step) {
    NoteEvents(step.event == 0 ? script_.events.size() : step.event);
    outcomes_.clear();
    const unsigned mm = before_.tasks[step.task].mm;
    if (step.flow == Flow::kBlocked) {
      outcomes_.insert("blocked");
    } else if (step.verb == Verb::kRead || step.verb == Verb::kWrite) {
      Access(step, mm);
    } else {
      Populate(step, mm);
      NoMemory(step, mm);
    }
    Ptes(step);
    Files(step);
    Splits(*step.world);
    SeeTables(step, before_, rules_, outcomes_);
    steps_.push_back({step.event, step.task, outcomes_});
    before_ = *step.world;
    if (step.flow == Flow::kDone) busy_ &= ~(1U << step.task);
  }

  // Folios of which a part is in a smaller one now.
  void Splits(const LargeWorld& after) {
    for (unsigned file = 0; file < LargeCaps::kFiles; ++file) {
      std::set<unsigned> split;
      for (unsigned page = 0; page < LargeCaps::kFilePages; ++page)
        if ((after.files[file].cached >> page & 1) != 0 &&
            OrderOf(after.files[file], page) <
                OrderOf(before_.files[file], page))
          split.insert(FolioFirst(before_.files[file], page));
      for (const unsigned page : split)
        outcomes_.insert("splits " + std::to_string(page));
    }
  }

  // Operations that the events up to this one start. Events without a step only
  // change which tasks are busy.
  void NoteEvents(size_t until) {
    for (; noted_ < until; ++noted_) {
      const Event& it = script_.events[noted_];
      const bool starts =
          it.kind == EventKind::kStart || it.kind == EventKind::kBegin;
      if (!starts || (busy_ >> it.task & 1) != 0 || !Begins(it)) continue;
      busy_ |= 1U << it.task;
      began_[it.task] = it;
    }
  }

  // The rules of script.md for events that cannot start.
  bool Begins(const Event& it) const {
    if (before_.tasks[it.task].live == 0) return false;
    const unsigned end = it.addr + unsigned{it.len};
    const unsigned new_end = it.new_addr + unsigned{it.new_len};
    switch (it.verb) {
      case Verb::kRead:
      case Verb::kWrite:
      case Verb::kExit:
        return true;
      case Verb::kTruncate:
        return HasCache(it.file);
      case Verb::kPunch:
      case Verb::kInvalidate:
        return HasCache(it.file) && it.len != 0;
      case Verb::kPin:
      case Verb::kUnpin:
        return HasCache(it.file) && it.addr < LargeCaps::kFilePages;
      case Verb::kOrder:
        return HasCache(it.file);
      case Verb::kRevoke:
        return before_.files[it.file].folios.pfn != 0 && it.len != 0 &&
               it.addr < before_.files[it.file].size;
      case Verb::kCollapse:
        return rules_.retracts_tables && HasCache(it.file) &&
               it.addr % 16 == 0 && it.addr < before_.files[it.file].size;
      case Verb::kFork:
        if (before_.tasks[it.new_addr].live != 0) return false;
        for (const auto& [task, other] : began_)
          if ((busy_ >> task & 1) != 0 && other.verb == Verb::kFork &&
              other.new_addr == it.new_addr)
            return false;
        return MmsInUse() < LargeCaps::kMms;
      default:
        break;
    }
    if (it.addr == 0 || it.len == 0 || end > LargeCaps::kAddrs) return false;
    if (it.verb == Verb::kMmap)
      return before_.files[it.file].exists != 0 &&
             !(it.is_private && before_.files[it.file].folios.pfn != 0);
    return it.verb != Verb::kMremap ||
           (it.new_addr != 0 && it.new_len != 0 &&
            new_end <= LargeCaps::kAddrs &&
            (it.new_addr == it.addr || it.new_addr >= end ||
             it.addr >= new_end));
  }

  // Whether there is such a file, and it is not a device.
  bool HasCache(unsigned file) const {
    return before_.files[file].exists != 0 &&
           before_.files[file].folios.pfn == 0;
  }

  // Existing tasks, and those of forks that have made no step.
  unsigned MmsInUse() const {
    unsigned used = 0;
    for (const auto& mm : before_.mms) used += mm.live != 0 ? 1U : 0U;
    for (const auto& [task, it] : began_)
      if ((busy_ >> task & 1) != 0 && it.verb == Verb::kFork &&
          before_.tasks[task].op.verb == Verb::kNone)
        ++used;
    return used;
  }

  static bool MaySigbus(const std::string& from) {
    return from == "fault: before i_size is read" ||
           from == "fault: before the page's lock" ||
           from == "fault: before the page is installed";
  }

  void Retries(const TraceStep& step, bool same_fault) {
    const std::string to = WhereIs(step.world->tasks[step.task].op);
    const bool count = step.from == "fault: before the pte is set" &&
                       to == "fault: before i_size is read";
    const bool page = step.from == "fault: before the page's lock" &&
                      (to == "fault: before the page is taken" ||
                       to == "fault: before page_table_lock");
    if (same_fault && step.flow == Flow::kSync && (count || page))
      outcomes_.insert("retried");
  }

  void Access(const TraceStep& step, unsigned mm) {
    Retries(step, true);
    if (step.flow != Flow::kDone) return;
    const unsigned addr = began_[step.task].addr;
    const bool write = step.verb == Verb::kWrite;
    const Vma* const vma = VmaAt(before_, mm, addr);
    const Translation it = before_.mms[mm].Translates(addr);
    if ((step.from == "before mmap_sem" ||
         step.from == "before a vma is looked for without mmap_sem") &&
        it.leads != Leads::kNowhere && (!write || it.writable)) {
      outcomes_.insert("translated");
      return;
    }
    if (step.from == "before mmap_sem" ||
        step.from == "vma locked, before it is looked at again") {
      EXPECT_TRUE(vma == nullptr || (write && vma->write == 0));
      outcomes_.insert(vma == nullptr ? "SIGSEGV: no vma" : "SIGSEGV: a vma");
      return;
    }
    const Pte pte = step.world->mms[mm].ptes[addr];
    const bool ok = pte.present() && (!write || pte.writable());
    if (step.from == "fault: before i_size is read" ||
        step.from == "fault: before the page's lock")
      outcomes_.insert("SIGBUS");  // the only way to end there
    else if (IsRevoked(step, addr))
      outcomes_.insert("SIGBUS");
    else if (!ok)
      outcomes_.insert("again");
    else if (pte == before_.mms[mm].ptes[addr])
      outcomes_.insert("served");
  }

  // Whether the page of a device that a fault was about to map has gone.
  bool IsRevoked(const TraceStep& step, unsigned addr) const {
    const Op& op = before_.tasks[step.task].op;
    const Vma& vma = before_.vmas[op.fault.vma];
    const File& file = before_.files[vma.file];
    return step.from == "fault: before the pte is set" &&
           file.folios.pfn != 0 &&
           (file.cached >> (vma.pgoff + addr - vma.start) & 1) == 0;
  }

  // The next address to populate.
  static unsigned NextFault(const Op& op) {
    if (op.verb == Verb::kRemap && op.remap.phase != RemapPhase::kMmap)
      return op.remap.addr + unsigned{op.remap.cursor};
    return op.mmap.addr + unsigned{op.mmap.populated};
  }

  void Populate(const TraceStep& step, unsigned mm) {
    if (step.verb != Verb::kMmap && step.verb != Verb::kRemap) return;
    const Op& op = before_.tasks[step.task].op;
    const Op& now = step.world->tasks[step.task].op;
    const unsigned at = NextFault(op);
    Retries(step, at == NextFault(now));
    if (step.flow == Flow::kDone &&
        (MaySigbus(step.from) || IsRevoked(step, at)) &&
        !step.world->mms[mm].ptes[at].present())
      outcomes_.insert("SIGBUS");
  }

  // None that is free, or none that no fault looks at without a lock.
  bool NoStruct() const {
    const auto is_looked_at = [&](Slot slot) {
      return std::any_of(
          std::begin(before_.tasks), std::end(before_.tasks),
          [&](const Task& task) {
            const Op& op = task.op;
            return (op.verb == Verb::kRead || op.verb == Verb::kWrite) &&
                   op.access.vma == slot &&
                   (op.access.phase == AccessPhase::kVmaLock ||
                    op.access.phase == AccessPhase::kCheckVma);
          });
    };
    return std::all_of(before_.free_slots,
                       before_.free_slots + before_.free_count, [&](Slot slot) {
                         return !rules_.slab_lifo && rules_.vma_locks &&
                                is_looked_at(slot);
                       });
  }

  // For operations that end: the event's object does not exist.
  void NoMemory(const TraceStep& step, unsigned mm) {
    if (step.flow != Flow::kDone) return;
    const Event& it = began_[step.task];
    const LargeWorld& world = *step.world;
    const unsigned end = it.addr + unsigned{it.len};
    bool failed = false;
    for (unsigned addr = it.addr; addr < end; ++addr) {
      const Vma* const vma = VmaAt(world, mm, addr);
      failed |= step.verb == Verb::kMmap && !Is(vma, addr, it);
      failed |= step.verb == Verb::kMunmap && vma != nullptr;
      if (step.verb != Verb::kMprotect) continue;
      if (vma == nullptr) break;
      failed |= (vma->write != 0) != it.write;
    }
    // Only structs can run out.
    failed = failed && NoStruct();
    if (step.verb == Verb::kFork) failed = world.tasks[it.new_addr].live == 0;
    // The pages moved back, and the range with them.
    if (step.verb == Verb::kMremap)
      failed = before_.tasks[step.task].op.mremap.backwards != 0;
    // These also split what is at their target: with an empty slab they may
    // have failed, or have had no effect.
    if (!failed && NoStruct() &&
        (step.verb == Verb::kMremap || step.verb == Verb::kRemap))
      outcomes_.insert("ENOMEM?");
    if (failed) outcomes_.insert("ENOMEM");
  }

  // Whether the vma has the mmap's pages at the address.
  static bool Is(const Vma* vma, unsigned addr, const Event& it) {
    return vma != nullptr && vma->file == it.file &&
           vma->pgoff + addr - vma->start == it.pgoff + addr - it.addr &&
           (vma->shared == 0) == it.is_private && (vma->write != 0) == it.write;
  }

  void Ptes(const TraceStep& step) {
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm)
      for (unsigned addr = 0; addr < LargeCaps::kAddrs; ++addr) {
        const Pte a = before_.mms[mm].ptes[addr];
        const Pte b = step.world->mms[mm].ptes[addr];
        const bool other =
            a.index() != b.index() ||
            (a.kind() != b.kind() && b.kind() != PteKind::kOrphan);
        if (b.present() && (!a.present() || other))
          outcomes_.insert(absl::StrCat("comes ", mm, " ", addr));
        else if (a.present() && !b.present())
          outcomes_.insert(absl::StrCat("goes ", mm, " ", addr));
      }
    Translations(*step.world);
    Frames(*step.world);
  }

  // What stays in the TLB though its pte goes.
  void Translations(const LargeWorld& after) {
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm)
      for (unsigned addr = 0; addr < LargeCaps::kAddrs; ++addr) {
        const bool goes = before_.mms[mm].ptes[addr].present() &&
                          !after.mms[mm].ptes[addr].present();
        if (after.mms[mm].tlb[addr] != 0 &&
            (before_.mms[mm].tlb[addr] == 0 || goes))
          outcomes_.insert(absl::StrCat("keeps ", mm, " ", addr));
      }
  }

  // Frames of pages that have left the cache, once nobody holds them.
  void Frames(const LargeWorld& after) {
    for (unsigned i = 0; i < LargeCaps::kFrames; ++i)
      if (before_.frames[i].state == FrameState::kHeld &&
          after.frames[i].state != FrameState::kHeld)
        outcomes_.insert(absl::StrCat("frees ", before_.frames[i].page));
    std::set<unsigned> freed;  // a frame may be in several places
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm)
      for (unsigned addr = 0; addr < LargeCaps::kAddrs; ++addr) {
        const Translation a = before_.mms[mm].Translates(addr);
        const Translation b = after.mms[mm].Translates(addr);
        if (a.leads == Leads::kPage && b.leads == Leads::kFrame &&
            after.frames[b.number].state == FrameState::kFree &&
            freed.insert(b.number).second)
          outcomes_.insert(absl::StrCat("frees ", a.number));
      }
  }

  void Files(const TraceStep& step) {
    for (unsigned i = 0; i < LargeCaps::kFiles; ++i) {
      const File& a = before_.files[i];
      const File& b = step.world->files[i];
      if (a.size != b.size)
        outcomes_.insert(absl::StrCat("i_size of ", script_.file_names[i], ": ",
                                      a.size, " -> ", b.size));
      for (unsigned page = 0; page < LargeCaps::kFilePages; ++page)
        if ((a.cached >> page & 1) != 0 && (b.cached >> page & 1) == 0)
          outcomes_.insert(absl::StrCat("removes ", page));
    }
    SeesMapped(step);
    for (const TraceNote& note : step.notes)
      if (note.kind == TraceNote::Kind::kPassBegins) PassBegins(step);
  }

  // The first page that is in the cache and in the range of the task's
  // invalidation, which does not go back to what was cached again.
  unsigned LowestCached(const TraceStep& step) {
    const Event& it = began_[step.task];
    const Op& op = before_.tasks[step.task].op;
    unsigned first = rules_.invalidate_range ? it.addr : 0;
    if (op.verb == Verb::kInvalidate)
      first = std::max<unsigned>(first, op.invalidate.removal.cursor);
    while (first + 1 < LargeCaps::kFilePages &&
           (before_.files[it.file].cached >> first & 1) == 0)
      ++first;
    return first;
  }

  // An invalidation that unmaps first does so in two steps: it sees that a page
  // is mapped, and begins a pass there, whatever becomes of the page.
  void SeesMapped(const TraceStep& step) {
    const auto rest = [](const Op& op) {
      return op.verb == Verb::kInvalidate &&
             op.invalidate.removal.phase == RemovalPhase::kRestPass;
    };
    if (rest(step.world->tasks[step.task].op) &&
        !rest(before_.tasks[step.task].op))
      rest_first_[step.task] = LowestCached(step);
  }

  // The range begins at the page that is locked, at the one that would be next,
  // or where the event says.
  void PassBegins(const TraceStep& step) {
    const Event& it = began_[step.task];
    const Op& op = before_.tasks[step.task].op;
    unsigned first = LockedPage(op) != 0 ? LockedPage(op) - 1 : it.addr;
    // A folio that reaches over an end is locked by the step that begins the
    // pass over it.
    const Op& now = step.world->tasks[step.task].op;
    if (LockedPage(op) == 0 && LockedPage(now) != 0)
      first = LockedPage(now) - 1;
    if (LockedPage(now) != 0) first = FolioFirst(before_.files[it.file], first);
    if (step.verb == Verb::kInvalidate && LockedPage(op) == 0)
      first = rules_.invalidate_unmaps_first ? rest_first_[step.task]
                                             : LowestCached(step);
    const bool rest = LockedPage(op) == 0 && rules_.invalidate_unmaps_first;
    if (step.verb == Verb::kInvalidate && rules_.invalidate_range && !rest &&
        !rules_.wide_offsets)
      first &= 0xf;
    // 6 bits of a page, shifted as signed.
    if (!rules_.unsigned_offsets && step.verb != Verb::kInvalidate &&
        LockedPage(op) == 0 && LockedPage(now) == 0 && (first & 32U) != 0)
      first |= 0xffc0;
    const uint32_t count = step.world->files[it.file].truncate_count;
    outcomes_.insert(absl::StrCat("pass ", count, " from ", first));
  }

  const Script& script_;
  const Rules rules_;
  LargeWorld before_;
  std::map<unsigned, Event> began_;          // by task
  std::map<unsigned, unsigned> rest_first_;  // by task
  unsigned busy_ = 0;                        // tasks, a bit each
  size_t noted_ = 0;                         // events
  Outcomes outcomes_;
  std::vector<Seen> steps_;
};

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_OUTCOME_WATCHER_TEST_H_
