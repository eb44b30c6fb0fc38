#include "report/explain/tlb_facts.h"

#include <algorithm>
#include <utility>

#include "report/explain/row_reader.h"

namespace vmtrunc::report {
namespace {

using Note = TraceNote::Kind;

constexpr unsigned kMms = LargeCaps::kMms;
constexpr unsigned kAddrs = LargeCaps::kAddrs;

// Whose page the frame was: while it is somebody else's, only the rows before
// say so.
std::optional<PageName> WasOf(const Story& story, const LargeWorld& world,
                              size_t row, unsigned frame) {
  const auto page = [&](const LargeWorld& w) -> std::optional<PageName> {
    const Frame& it = w.frames[frame];
    if (it.state != FrameState::kHeld && it.state != FrameState::kFree)
      return std::nullopt;
    return PageName{it.file, it.page};
  };
  if (const auto now = page(world)) return now;
  for (size_t i = std::min(row + 1, story.rows.size()); i-- > 0;) {
    if (story.rows[i].world.frames[frame].state == FrameState::kUnnumbered)
      return std::nullopt;
    if (const auto then = page(story.rows[i].world)) return then;
  }
  return std::nullopt;
}

FrameUse UseOf(const Story& story, const LargeWorld& world, size_t row,
               unsigned frame) {
  const Frame& it = world.frames[frame];
  FrameUse use;
  switch (it.state) {
    case FrameState::kUnnumbered:
      break;
    case FrameState::kHeld:
      use.is = FrameUse::Is::kHeld;
      for (unsigned task = 0; task < LargeCaps::kTasks; ++task)
        if ((it.holders >> task & 1) != 0) use.holders.push_back(task);
      break;
    case FrameState::kFree:
      use.is = FrameUse::Is::kFree;
      break;
    case FrameState::kPage:
      use.is = FrameUse::Is::kPage;
      use.page = {it.file, it.page};
      break;
    case FrameState::kCopy:
      use.is = FrameUse::Is::kCopy;
      use.addr = it.page;
      if (row < story.rows.size()) use.owner = story.rows[row].mm_task[it.file];
      break;
  }
  return use;
}

TranslationView ViewOf(const Story& story, const LargeWorld& world, size_t row,
                       unsigned mm, unsigned addr) {
  const Translation it = world.mms[mm].Translates(addr);
  TranslationView view;
  view.mm = mm;
  view.addr = addr;
  view.writable = it.writable;
  view.owner = story.rows[row].mm_task[mm];
  if (it.leads == Leads::kFrame) {
    view.frame = it.number;
    view.made_for = WasOf(story, world, row, it.number);
    view.use = UseOf(story, world, row, it.number);
  } else if (it.leads == Leads::kPage) {
    view.made_for = PageName{it.file, it.number};
    const File& file = world.files[it.file];
    // A page of a device is its driver's again when the pass has returned.
    if ((file.cached >> it.number & 1) == 0)
      view.use.is = file.i_sem == kNone ? FrameUse::Is::kRevoked
                                        : FrameUse::Is::kBeingRevoked;
  } else {
    view.use.is = FrameUse::Is::kUnknown;
  }
  return view;
}

std::vector<PageName> PagesOf(const Gather& gather) {
  std::vector<PageName> pages;
  for (unsigned i = 0; i < gather.frames && i < Gather::kCapacity; ++i)
    if ((gather.named >> i & 1) != 0)
      pages.push_back({gather.files[i], gather.pages[i]});
  return pages;
}

// What the task of the operation owes, if it is open.
std::optional<GatherView> GatherOf(const Story& story, const LargeWorld& world,
                                   size_t row, unsigned task) {
  const Op& op = world.tasks[task].op;
  GatherView view;
  view.task = task;
  if (op.gather.mm != 0) {
    view.mm = op.gather.mm - 1U;
    if (op.gather.lo != op.gather.hi) {
      view.first = op.gather.lo;
      view.last = op.gather.hi - 1U;
    }
    view.frames = op.gather.frames;
    view.pages = PagesOf(op.gather);
    view.is_full = op.gather.is_full();
  } else if (op.verb == Verb::kMremap && op.mremap.owes != 0) {
    const MremapOp& my = op.mremap;
    view.mm = world.tasks[task].mm;
    view.first = my.backwards != 0 ? my.new_addr : my.addr;
    view.last = view.first + my.len - 1U;
    view.is_move = true;
  } else {
    return std::nullopt;
  }
  view.owner = story.rows[row].mm_task[view.mm];
  return view;
}

class TlbWatcher : RowReader {
 public:
  TlbWatcher(const Story& story, size_t row) : RowReader(story, row) {}

  std::vector<Fact> Collect() {
    Revokes();
    if (story_.script.setup.tlb) {
      Flushes();
      Leaves();
      Frees();
      Releases();
      Frames();
    }
    return std::move(facts_);
  }

 private:
  // Pages of a device that its driver lets nobody map from now on.
  void Revokes() {
    if (row_.verb != Verb::kRevoke) return;
    for (unsigned file = 0; file < LargeCaps::kFiles; ++file) {
      const uint64_t gone =
          before_.files[file].cached & ~after_.files[file].cached;
      Addresses pages;
      for (unsigned page = 0; page < LargeCaps::kFilePages; ++page)
        if ((gone >> page & 1) != 0) pages.push_back(page);
      if (pages.empty()) continue;
      Fact& fact = Add(Kind::kRevokes);
      fact.file = file;
      fact.pages = std::move(pages);
    }
  }

  bool Has(const LargeWorld& world, unsigned mm, unsigned addr) const {
    return world.mms[mm].tlb[addr] != 0;
  }
  // Whether the pte at the address has gone in the row.
  bool Went(unsigned mm, unsigned addr) const {
    return before_.mms[mm].ptes[addr].present() &&
           !after_.mms[mm].ptes[addr].present();
  }

  // What no processor has any more: what it had, and what went with its pte. An
  // mm that exits has nobody to flush for.
  Addresses Flushed(unsigned mm) const {
    Addresses addrs;
    for (unsigned addr = 0; addr < kAddrs; ++addr)
      if (!Has(after_, mm, addr) &&
          (Has(before_, mm, addr) ||
           (Went(mm, addr) && row_.verb != Verb::kExit)))
        addrs.push_back(addr);
    return addrs;
  }

  void Flushes() {
    for (unsigned mm = 0; mm < kMms; ++mm) {
      const bool all = Range(mm);
      Addresses addrs = all ? Addresses{} : Flushed(mm);
      if (!all && addrs.empty()) addrs = AtOldPlace(mm);
      if (addrs.empty()) continue;
      Add(Kind::kFlushes, mm, std::move(addrs)).is_full = IsFull();
    }
  }

  // What a full gather flushes where its table was before it moved: no
  // processor has anything there.
  Addresses AtOldPlace(unsigned mm) const {
    const Tables tables = story_.TablesBefore(number_);
    const TableRead& read = tables.reads[row_.task];
    const auto now = tables.PlaceOf(read.table);
    if (!IsFull() || read.table == 0 || read.mm != mm || !now ||
        tables.IsAt(read))
      return {};
    Addresses addrs;
    for (const TraceNote& note : row_.notes)
      if (note.kind == Note::kZaps)
        addrs.push_back(note.start + read.span * kPtesPerTable -
                        now->second * kPtesPerTable);
    const Gather& gather = row_.begins.gather;
    for (unsigned addr = gather.lo; addr < gather.hi; ++addr)
      addrs.push_back(addr);
    std::sort(addrs.begin(), addrs.end());
    if (!story_.rules.full_batch_counts_last_page && !addrs.empty())
      addrs.pop_back();
    return addrs;
  }

  bool IsFull() const { return row_.to && row_.to->is_full(); }

  // A step that is for the flush: its range, whatever is in it. False if it is
  // no such step.
  bool Range(unsigned mm) {
    if (!row_.from.flushes() || row_.first_step != row_.last_step) return false;
    const auto view = GatherOf(story_, before_, number_, row_.task);
    if (!view || view->mm != mm) return false;
    Addresses addrs;
    const bool all =
        !view->is_move && story_.rules.nested_gather_flushes && IsNested(mm);
    for (unsigned addr = view->first; !all && addr <= view->last; ++addr)
      addrs.push_back(addr);
    Fact& fact = Add(Kind::kFlushes, mm, std::move(addrs));
    for (unsigned task = 0; all && task < LargeCaps::kTasks; ++task)
      if (task != row_.task && Gathers(task, mm)) fact.tasks.push_back(task);
    return true;
  }

  bool Gathers(unsigned task, unsigned mm) const {
    return before_.tasks[task].op.gather.mm == mm + 1;
  }
  bool IsNested(unsigned mm) const {
    for (unsigned task = 0; task < LargeCaps::kTasks; ++task)
      if (task != row_.task && Gathers(task, mm)) return true;
    return false;
  }

  // Translations that stay though their ptes go.
  void Leaves() {
    for (unsigned mm = 0; mm < kMms; ++mm) {
      Addresses addrs, pages;
      unsigned file = 0;
      for (unsigned addr = 0; addr < kAddrs; ++addr) {
        if (!Has(after_, mm, addr) ||
            (Has(before_, mm, addr) && !Went(mm, addr)))
          continue;
        const auto view = ViewOf(story_, after_, number_, mm, addr);
        addrs.push_back(addr);
        if (!view.made_for) continue;
        pages.push_back(view.made_for->page);
        file = view.made_for->file;
      }
      if (addrs.empty()) continue;
      Fact& fact = Add(Kind::kLeaves, mm, std::move(addrs));
      // Of two files at once the addresses say enough.
      if (pages.size() == fact.addrs.size()) fact.pages = std::move(pages);
      fact.file = file;
    }
  }

  // The translations that lead to the frame, of one mm.
  void Reachable(unsigned frame, Fact& fact) const {
    for (unsigned mm = 0; mm < kMms; ++mm) {
      for (unsigned addr = 0; addr < kAddrs; ++addr) {
        const Translation it = after_.mms[mm].Translates(addr);
        if (it.leads == Leads::kFrame && it.number == frame)
          fact.addrs.push_back(addr);
      }
      if (fact.addrs.empty()) continue;
      fact.owner = row_.mm_task[mm];
      return;
    }
  }

  void Frees() {
    for (const TraceNote& note : row_.notes) {
      if (note.kind != Note::kFrameFreed) continue;
      Fact& fact = Add(Kind::kFreesFrame);
      fact.made_for = PageName{note.mm, note.start};
      if (after_.frames[note.id].state == FrameState::kFree)
        Reachable(note.id, fact);
    }
  }

  // Frames of a gather that do not go free: the page cache, or another gather,
  // has them too.
  void Releases() {
    const Gather& a = row_.begins.gather;
    if (a.frames == 0 || row_.ends.gather.frames != 0) return;
    Fact& fact = Add(Kind::kReleases);
    fact.before = a.frames;
    for (const PageName& it : PagesOf(a)) {
      fact.pages.push_back(it.page);
      fact.file = it.file;
    }
    const auto frees = [](const TraceNote& note) {
      return note.kind == Note::kFrameFreed;
    };
    if (fact.pages.empty() &&
        std::any_of(row_.notes.begin(), row_.notes.end(), frees))
      facts_.pop_back();
  }

  // Frames that gathers hold from now on, and those that are used again.
  void Frames() {
    for (unsigned frame = 0; frame < LargeCaps::kFrames; ++frame) {
      const FrameState a = before_.frames[frame].state;
      const FrameState b = after_.frames[frame].state;
      if (a == b) continue;
      if (b == FrameState::kHeld) {
        Fact& fact = Add(Kind::kHoldsFrame);
        fact.made_for = WasOf(story_, after_, number_, frame);
        fact.tasks = UseOf(story_, after_, number_, frame).holders;
      }
      if (b != FrameState::kPage && b != FrameState::kCopy) continue;
      Fact& fact = Add(Kind::kReusesFrame);
      fact.made_for = WasOf(story_, after_, number_, frame);
      fact.use = UseOf(story_, after_, number_, frame);
      Reachable(frame, fact);
    }
  }
};

}  // namespace

bool ShowsTlb(const Story& story) { return story.script.setup.tlb; }

bool IsStale(const FrameUse& use) {
  using Is = FrameUse::Is;
  return use.is == Is::kFree || use.is == Is::kPage || use.is == Is::kCopy ||
         use.is == Is::kRevoked;
}

TlbView TlbOf(const Story& story, const LargeWorld& world, size_t row) {
  TlbView view;
  if (!ShowsTlb(story) || row >= story.rows.size()) return view;
  for (unsigned mm = 0; mm < kMms; ++mm)
    for (unsigned addr = 0; addr < kAddrs; ++addr)
      if (world.mms[mm].tlb[addr] != 0)
        view.translations.push_back(ViewOf(story, world, row, mm, addr));
  for (unsigned task = 0; task < LargeCaps::kTasks; ++task)
    if (const auto gather = GatherOf(story, world, row, task))
      view.gathers.push_back(*gather);
  for (unsigned frame = 0; frame < LargeCaps::kFrames; ++frame)
    if (world.frames[frame].state != FrameState::kUnnumbered)
      view.frames.push_back({.number = frame,
                             .was = WasOf(story, world, row, frame),
                             .use = UseOf(story, world, row, frame)});
  return view;
}

std::optional<TranslationView> TranslationAt(const TlbView& view, unsigned mm,
                                             unsigned addr) {
  for (const TranslationView& it : view.translations)
    if (it.mm == mm && it.addr == addr) return it;
  return std::nullopt;
}

std::vector<Fact> TlbFactsOf(const Story& story, size_t row) {
  return TlbWatcher(story, row).Collect();
}

bool TlbComesFirst(const StoryRow& row) {
  return row.from.flushes() || row.from.frees_frames();
}

}  // namespace vmtrunc::report
