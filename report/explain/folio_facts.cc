#include "report/explain/folio_facts.h"

#include <algorithm>

#include "report/explain/folio_victim.h"
#include "report/explain/row_reader.h"

namespace vmtrunc::report {
namespace {

std::vector<unsigned> PagesOf(uint64_t bits) {
  std::vector<unsigned> pages;
  for (unsigned page = 0; page < LargeCaps::kFilePages; ++page)
    if ((bits >> page & 1) != 0) pages.push_back(page);
  return pages;
}

// The page of the file to whose folio the fault holds a reference.
std::optional<unsigned> HeldPage(const LargeWorld& world, const Op& op,
                                 unsigned file) {
  if (op.fault.page.kind() != PteKind::kPage || FileOf(world, op.fault) != file)
    return std::nullopt;
  return op.fault.page.index();
}

// The page of the file whose folio the operation has locked.
std::optional<unsigned> PageLockedBy(const LargeWorld& world, const Op& op,
                                     unsigned file) {
  if (LockedPage(op) != 0 && RemovalOf(op).file == file)
    return LockedPage(op) - 1;
  return op.fault.locked != 0 ? HeldPage(world, op, file) : std::nullopt;
}

// The i_size that fault-around has read and will map by.
std::optional<unsigned> SampleOf(const Story& story, const Op& op) {
  const Rules& rules = story.rules;
  if (op.verb == Verb::kNone || !rules.around_caps_size) return std::nullopt;
  const bool is_read =
      op.fault.phase == FaultPhase::kAroundFolio ||
      (op.fault.phase == FaultPhase::kAroundMap &&
       (rules.around_size_first || rules.around_size_unlocked));
  return is_read ? std::optional<unsigned>(op.fault.cap) : std::nullopt;
}

class Watcher : RowReader {
 public:
  Watcher(const Story& story, size_t row) : RowReader(story, row) {}

  std::vector<Fact> Collect() {
    for (unsigned file = 0; file < LargeCaps::kFiles; ++file) {
      if (!ShowsFolios(story_, file)) continue;
      Sizes(file);
      Finds(file);
      Pages(file);
      Folios(file);
      Keeps(file);
    }
    return std::move(facts_);
  }

 private:
  Fact& Add(Kind kind, unsigned file) {
    facts_.push_back({.kind = kind, .task = row_.task, .file = file});
    return facts_.back();
  }
  void AddFolio(Kind kind, unsigned file, const File& it, unsigned page) {
    Fact& fact = Add(kind, file);
    fact.first = FolioFirst(it, page);
    fact.last = FolioLast(it, page);
  }

  // What a fault reads of i_size.
  void Sizes(unsigned file) {
    const Fault& fault = row_.begins.fault;
    if (!row_.from.in_fault() || FileOf(before_, fault) != file) return;
    const auto sample = SampleOf(story_, row_.ends);
    if (sample && sample != SampleOf(story_, row_.begins))
      Add(Kind::kSamplesSize, file).after = *sample;
    const bool rechecks = story_.rules.found_page_is_rechecked ||
                          before_.files[file].folios.shmem == 0 ||
                          fault.added != 0;
    const bool looks =
        fault.phase == FaultPhase::kReadSize ||
        (fault.phase == FaultPhase::kLockPage && fault.told == 0 && rechecks);
    if (!looks || row_.flow != Flow::kSync ||
        row_.ends.fault.index >= before_.files[file].size)
      return;
    Fact& fact = Add(Kind::kChecksSize, file);
    fact.page = row_.ends.fault.index;
    fact.after = before_.files[file].size;
  }

  // A fault that begins to hold a reference.
  void Finds(unsigned file) {
    const auto page = HeldPage(after_, row_.ends, file);
    if (!page || row_.ends.verb == Verb::kNone || row_.flow == Flow::kDone ||
        HeldPage(before_, row_.begins, file) == page)
      return;
    AddFolio(Kind::kHolds, file, after_.files[file], *page);
    facts_.back().page = *page;
  }

  // Pages that get a reference, lose one, or are to show nothing any more.
  void Pages(unsigned file) {
    const vmtrunc::Folios& a = before_.files[file].folios;
    const vmtrunc::Folios& b = after_.files[file].folios;
    const auto put = [&](Kind kind, uint64_t bits) {
      if (bits != 0) Add(kind, file).pages = PagesOf(bits);
    };
    put(Kind::kPins, b.pinned & ~a.pinned);
    if (row_.verb == Verb::kUnpin) put(Kind::kUnpins, a.pinned & ~b.pinned);
    const uint64_t old = b.stale & ~a.stale;
    const uint64_t was_cached = before_.files[file].cached;
    if (IsPass(row_.verb)) {
      put(Kind::kHoldsOld, old);
    } else {
      put(Kind::kWritesPast, old & was_cached);
      put(Kind::kReadsOld, old & ~was_cached);
    }
    if (a.order != b.order) Add(Kind::kSetsOrder, file).after = b.order;
  }

  // Folios that come, become dirty, or become smaller ones.
  void Folios(unsigned file) {
    const File& a = before_.files[file];
    const File& b = after_.files[file];
    for (unsigned page = 0; page < LargeCaps::kFilePages;
         page = FolioLast(b, page) + 1) {
      const uint64_t bit = PageBits(page, page);
      if ((b.cached & bit) == 0) continue;
      if ((a.cached & bit) == 0) AddFolio(Kind::kCaches, file, b, page);
      if ((b.folios.dirty & ~a.folios.dirty & bit) != 0)
        AddFolio(Kind::kDirties, file, b, page);
    }
    for (unsigned page = 0; page < LargeCaps::kFilePages;
         page = FolioLast(a, page) + 1)
      if (OrderOf(a, page) != 0) Splits(file, page);
  }

  void Splits(unsigned file, unsigned page) {
    const File& a = before_.files[file];
    const File& b = after_.files[file];
    std::vector<unsigned> pieces;
    for (unsigned at = page; at <= FolioLast(a, page);
         at = FolioLast(b, at) + 1)
      if ((b.cached >> at & 1) != 0 && OrderOf(b, at) < OrderOf(a, page))
        pieces.push_back(at);
    if (pieces.empty()) return;
    AddFolio(Kind::kSplitsFolio, file, a, page);
    facts_.back().pages = std::move(pieces);
  }

  // A truncation or a punch that cannot split a folio and leaves it whole.
  void Keeps(unsigned file) {
    if ((row_.verb != Verb::kTruncate && row_.verb != Verb::kPunch) ||
        RemovalOf(row_.begins).file != file)
      return;
    const Removal& a = RemovalOf(row_.begins);
    const Removal& b = RemovalOf(row_.ends);
    const bool at_edge =
        a.phase == RemovalPhase::kEdge || a.phase == RemovalPhase::kKeptPass ||
        (a.phase == RemovalPhase::kNextPage && a.edge == Edge::kDone);
    if (!at_edge || (a.stop == b.stop && a.cursor == b.cursor)) return;
    const unsigned page = a.stop != b.stop ? b.stop - 1U : b.cursor - 1U;
    const File& it = after_.files[file];
    if (page >= LargeCaps::kFilePages || OrderOf(it, page) == 0 ||
        (it.folios.dirty >> page & 1) == 0)
      return;
    AddFolio(Kind::kKeepsFolio, file, it, page);
    Fact& fact = facts_.back();
    fact.is_smallest = OrderOf(it, page) <= it.folios.min_order;
    fact.is_unreleased =
        story_.rules.dirty_is_not_split && it.folios.shmem == 0;
    fact.pages = PagesOf(it.folios.pinned & FolioBits(it, page));
    for (unsigned task = 0; task < LargeCaps::kTasks; ++task)
      if (const auto held = HeldPage(after_, after_.tasks[task].op, file);
          task != row_.task && held &&
          FolioFirst(it, *held) == FolioFirst(it, page))
        fact.tasks.push_back(task);
  }
};

}  // namespace

bool ShowsFolios(const Story& story, unsigned file) {
  if (file >= story.script.setup.files) return false;
  const vmtrunc::Folios& folios = story.start.files[file].folios;
  if (story.rules.large_folios &&
      (folios.high != 0 || folios.order != 0 || folios.min_order != 0))
    return true;
  if (const auto victim = CacheVictimOf(story.result.first);
      victim && !story.result.holds() && victim->file == file)
    return true;
  return std::any_of(
      story.script.events.begin(), story.script.events.end(),
      [](const Event& event) { return event.verb == Verb::kPin; });
}

CacheView CacheOf(const Story& story, const LargeWorld& world, unsigned file) {
  const File& it = world.files[file];
  CacheView view{.size = it.size, .folios = {}, .samples = {}};
  for (unsigned page = 0; page < LargeCaps::kFilePages;
       page = FolioLast(it, page) + 1) {
    if ((it.cached >> page & 1) == 0) continue;
    const uint64_t bits = FolioBits(it, page);
    FolioView folio{.first = page,
                    .last = FolioLast(it, page),
                    .pins = PagesOf(it.folios.pinned & bits),
                    .holders = {},
                    .locker = {},
                    .dirty = (it.folios.dirty >> page & 1) != 0,
                    .old = PagesOf(it.folios.stale & bits)};
    for (unsigned task = 0; task < LargeCaps::kTasks; ++task) {
      const Op& op = world.tasks[task].op;
      const auto is_it = [&](std::optional<unsigned> at) {
        return at && FolioFirst(it, *at) == page;
      };
      if (is_it(HeldPage(world, op, file))) folio.holders.push_back(task);
      if (is_it(PageLockedBy(world, op, file))) folio.locker = task;
    }
    FolioView plain;
    plain.first = plain.last = page;
    if (folio != plain) view.folios.push_back(std::move(folio));
  }
  for (unsigned task = 0; task < LargeCaps::kTasks; ++task) {
    const Op& op = world.tasks[task].op;
    const auto sample = SampleOf(story, op);
    if (sample && FileOf(world, op.fault) == file)
      view.samples.push_back({task, *sample});
  }
  return view;
}

std::vector<Fact> FolioFactsOf(const Story& story, size_t row) {
  return Watcher(story, row).Collect();
}

}  // namespace vmtrunc::report
