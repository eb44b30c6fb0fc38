#include "report/export/record.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/run/drive-inl.h"
#include "core/model/machine-inl.h"
#include "core/run/tracer.h"

namespace vmtrunc::report {
namespace {

using World_ = World<LargeCaps>;

using Variables = std::vector<Change>;  // always the same, in one order

Variables VariablesOf(const World_& w) {
  Variables all;
  const auto add = [&all](const char* name, unsigned i, int64_t value) {
    all.push_back({absl::StrFormat("%s[%u]", name, i), value});
  };
  for (unsigned i = 0; i < LargeCaps::kFiles; ++i) {
    const File& file = w.files[i];
    add("i_size", i, file.size);
    add("truncate_count", i, file.truncate_count);
    add("i_sem", i, file.i_sem);
    add("i_mmap_lock", i, file.i_mmap_lock);
    add("i_mmap_readers", i, file.walkers);
    add("unmap_mutex", i, file.unmap_mutex);
    add("invalidate_lock", i, file.invalidate_lock);
    add("invalidate_readers", i, file.fillers);
  }
  for (unsigned i = 0; i < LargeCaps::kMms; ++i) {
    add("mmap_sem", i, w.mms[i].writer);
    add("mmap_readers", i, w.mms[i].readers);
    add("page_table_lock", i, w.mms[i].page_table_lock);
  }
  return all;
}

// Of all vmas, including those being torn down: as the property checks them.
std::map<Place, unsigned> PagesOf(const World_& w) {
  std::map<Place, unsigned> pages;
  for (const Vma& vma : w.vmas) {
    if (vma.state == VmaState::kFree) continue;
    for (unsigned addr = vma.start; addr < vma.end; ++addr) {
      const Pte pte = w.mms[vma.mm].ptes[addr];
      if (!pte.present()) continue;
      const unsigned index = IndexOf(vma, addr, pte);
      unsigned& page = pages[{vma.file, vma.mm, addr}];
      page = std::max(page, index + 1);
    }
  }
  return pages;
}

// The difference from the last recorded state.
class Differences {
 public:
  Part Since(const World_& w) {
    Part part;
    Variables variables = VariablesOf(w);
    for (size_t i = 0; i < variables.size(); ++i)
      if (variables_.empty() || variables_[i].value != variables[i].value)
        part.changes.push_back(variables[i]);
    std::map<Place, unsigned> pages = PagesOf(w);
    for (const auto& [place, page] : pages_)
      if (!pages.contains(place)) part.pages.push_back({place, 0});
    for (const auto& [place, page] : pages) {
      const auto was = pages_.find(place);
      if (was == pages_.end() || was->second != page)
        part.pages.push_back({place, page});
    }
    variables_ = std::move(variables);
    pages_ = std::move(pages);
    return part;
  }

 private:
  Variables variables_;
  std::map<Place, unsigned> pages_;
};

// The last holder of each lock. Page locks are left out: the probe does not
// report their pages.
class Locks {
 public:
  using Lock = std::pair<LockKind, unsigned>;  // never kMmapSemRead

  Locks(const Script& script, std::vector<HandOver>& to)
      : script_(script), hand_overs_(to) {}

  void Taken(LockKind kind, unsigned id, bool shared, unsigned task,
             size_t step) {
    const Lock lock{kind, id};
    held_.push_back({lock, shared, task, step});
    // Readers do not wait for each other.
    const auto& before = shared ? last_alone_ : last_;
    const auto last = before.find(lock);
    if (last != before.end() && last->second.task != task)
      hand_overs_.push_back({last->second.step, step, Name(lock)});
  }

  // The task has released in this step what it no longer holds.
  void StepEnds(const World_& w, unsigned task, size_t step) {
    std::erase_if(held_, [&](Use use) {
      if (use.task != task || Holds(w, use)) return false;
      use.step = step;
      last_[use.lock] = use;
      if (!use.shared) last_alone_[use.lock] = use;
      return true;
    });
  }

 private:
  struct Use {
    Lock lock;
    bool shared;
    unsigned task;
    size_t step;
  };

  static bool Holds(const World_& w, const Use& use) {
    const auto& [kind, id] = use.lock;
    const auto holds = [&](unsigned alone, unsigned readers) {
      return use.shared ? (readers >> use.task & 1) != 0 : alone == use.task;
    };
    switch (kind) {
      case LockKind::kISem:
        return holds(w.files[id].i_sem, 0);
      case LockKind::kMmapSemWrite:
        return holds(w.mms[id].writer, w.mms[id].readers);
      case LockKind::kInvalidateLock:
        return holds(w.files[id].invalidate_lock, w.files[id].fillers);
      case LockKind::kUnmapMutex:
        return holds(w.files[id].unmap_mutex, 0);
      case LockKind::kIMmapLock:
        return holds(w.files[id].i_mmap_lock, w.files[id].walkers);
      case LockKind::kPageTableLock:
        return holds(w.mms[id].page_table_lock, 0);
      case LockKind::kMmapSemRead:  // recorded as kMmapSemWrite, shared
      case LockKind::kPageLock:     // not recorded
      case LockKind::kVmaLock:      // nor this
        return false;
    }
    return false;
  }

  std::string Name(const Lock& lock) const {
    constexpr const char* kNames[] = {
        "i_sem",       "mmap_sem",        "mmap_sem",
        "vma lock",    "invalidate_lock", "page lock",
        "unmap_mutex", "i_mmap_lock",     "page_table_lock"};
    const auto& [kind, id] = lock;
    const bool of_mm =
        kind == LockKind::kMmapSemWrite || kind == LockKind::kPageTableLock;
    return absl::StrCat(
        kNames[static_cast<size_t>(kind)], " of ",
        of_mm ? absl::StrCat("mm ", id) : script_.file_names[id]);
  }

  const Script& script_;
  std::vector<HandOver>& hand_overs_;
  std::vector<Use> held_;
  std::map<Lock, Use> last_, last_alone_;
};

class Recorder : public Checker<LargeCaps> {
 public:
  Recorder(const Script& script, const World_& w, const Rules& rules,
           Record& record)
      : Checker(rules),
        rules_(rules),
        record_(record),
        locks_(script, record.hand_overs) {
    record.start = differences_.Since(w);
  }

  void EventBegins(unsigned event) {
    event_ = event;
    Checker::EventBegins(event);
  }
  void FinishBegins() { event_ = 0; }
  void EventEnds(const World_& w) {
    Checker::EventEnds(w);
    NoteBroken();
  }
  void StepBegins(const World_& w, unsigned task) {
    from_ = WhereIs(w.tasks[task].op);
    parts_.clear();
  }
  void StepEnds(const World_& w, unsigned task, Verb verb, Flow flow) {
    Checker::StepEnds(w, task, verb, flow);
    locks_.StepEnds(w, task, record_.steps.size());
    parts_.push_back(differences_.Since(w));
    record_.steps.push_back({.event = event_,
                             .task = task,
                             .verb = verb,
                             .from = from_,
                             .flow = flow,
                             .parts = std::move(parts_)});
    parts_.clear();
    NoteBroken();
  }
  void Acquires(const World_& w, unsigned task, LockKind kind, unsigned id) {
    Checker::Acquires(w, task, kind, id);
    if (kind == LockKind::kPageLock || kind == LockKind::kVmaLock) return;
    const bool pass = IsPass(w.tasks[task].op.verb);
    const bool shared =
        kind == LockKind::kMmapSemRead ||
        (kind == LockKind::kInvalidateLock && !pass) ||
        (kind == LockKind::kIMmapLock && pass && rules_.shared_walk);
    if (kind == LockKind::kMmapSemRead) kind = LockKind::kMmapSemWrite;
    locks_.Taken(kind, id, shared, task, record_.steps.size());
  }
  void PassEnds(const World_& w, unsigned task) {
    Checker::PassEnds(w, task);
    const Op& op = w.tasks[task].op;
    if (op.verb == Verb::kTruncate && op.pass.final != 0)
      Asked(w, op.truncate.removal.file, op.truncate.removal.first);
  }
  void TruncationEnds(const World_& w, unsigned task, unsigned file,
                      unsigned size) {
    Checker::TruncationEnds(w, task, file, size);
    Asked(w, file, size);
  }

 private:
  // Not if another task has grown the file since.
  void Asked(const World_& w, unsigned file, unsigned size) {
    if (w.files[file].size != size) return;
    parts_.push_back(differences_.Since(w));
    parts_.back().check = {file, size};
  }
  void NoteBroken() {
    if (!record_.steps.empty())
      record_.steps.back().breaks |= broken() & ~noted_;
    noted_ = broken();
  }

  Rules rules_;
  Record& record_;
  Differences differences_;
  Locks locks_;
  unsigned event_ = 0;
  uint32_t noted_ = 0;
  std::string from_;
  std::vector<Part> parts_;  // of the step that runs
};

}  // namespace

std::string WithoutStep(const Script& script, const Record& record) {
  std::vector<bool> shown(script.events.size() + 1);
  for (const RecordedStep& step : record.steps) shown[step.event] = true;
  std::string text;
  for (size_t event = 1; event < shown.size(); ++event)
    if (!shown[event])
      absl::StrAppend(&text, text.empty() ? "events without a step: " : ", ",
                      event);
  return text;
}

Record RecordRun(const Script& script, const Rules& rules) {
  Record record;
  World_ world = MakeWorld<LargeCaps>(script.setup, rules);
  Recorder recorder(script, world, rules, record);
  record.result = Drive(world, recorder, script.events, rules);
  return record;
}

}  // namespace vmtrunc::report
