#include "report/explain/outcome.h"

#include "report/explain/lock_facts.h"
#include "report/explain/row_reader.h"
#include "report/explain/tlb_facts.h"

namespace vmtrunc::report {
namespace {

class Outcomes : RowReader {
 public:
  Outcomes(const Story& story, size_t row) : RowReader(story, row) {}

  std::vector<Fact> Collect() {
    for (const TraceNote& note : row_.notes) Fault(note);
    Memory();
    return facts_;
  }

  // The holders of what the task waits for.
  Fact Wait() const {
    Fact fact = Of(Fact::Kind::kWaits);
    for (const TraceNote& note : row_.notes) {
      if (note.kind != Note::kBlocks) continue;
      for (const Holder& holder :
           HoldersOf(story_, number_, note.lock, note.id, note.mm))
        fact.holders.push_back(holder);
    }
    if (!fact.holders.empty()) return fact;
    // It is mapped, and a pass over it has zapped nothing.
    if (LockedPage(row_.ends) != 0)
      fact.page = LockedPage(row_.ends) - 1;
    else
      fact.place = row_.to;
    return fact;
  }

 private:
  Fact Of(Fact::Kind kind) const { return {.kind = kind, .task = row_.task}; }

  // The result of a fault, from its own step.
  void Fault(const TraceNote& note) {
    Fact fact = Of(Fact::Kind::kServed);
    fact.addr = note.start;
    switch (note.kind) {
      case Note::kServed:
        return Served(note, fact);
      case Note::kSigbus:
        fact.kind = note.id >= note.end ? Fact::Kind::kSigbusPastSize
                                        : Fact::Kind::kSigbusGone;
        fact.page = note.id;
        fact.after = note.end;
        fact.access = row_.verb == Verb::kRead || row_.verb == Verb::kWrite;
        if (const Vma* const vma = VmaAt(after_, note.mm, note.start))
          fact.file = vma->file;
        break;
      case Note::kSigsegv:
        fact.kind = note.id != 0 ? Fact::Kind::kSigsegvReadOnly
                                 : Fact::Kind::kSigsegvNoVma;
        break;
      case Note::kCountChanged:
        fact.kind = Fact::Kind::kRetriesCount;
        break;
      case Note::kPageGone:
        fact.kind = Fact::Kind::kRetriesPage;
        fact.page = note.id;
        break;
      case Note::kPteChanged:
        fact.kind = Fact::Kind::kPteChanged;
        break;
      case Note::kTranslates:
        return Translates(note);
      case Note::kTakes:
      case Note::kFrameFreed:
      case Note::kDrops:
      case Note::kPassBegins:
      case Note::kScans:
      case Note::kZaps:
      case Note::kPassEnds:
      case Note::kRemoves:
      case Note::kTruncationEnds:
      case Note::kBorn:
      case Note::kCleared:
      case Note::kLooksAt:
      case Note::kBlocks:
      case Note::kNoMemory:
        return;
    }
    facts_.push_back(fact);
  }

  void Served(const TraceNote& note, Fact fact) {
    const Pte a = before_.mms[note.mm].ptes[note.start];
    const Pte b = after_.mms[note.mm].ptes[note.start];
    if (a.kind() != b.kind() || a.index() != b.index()) return;
    if (a != b) fact.kind = Fact::Kind::kMakesPteWritable;
    fact.owner = row_.mm_task[note.mm];
    facts_.push_back(fact);
  }

  // An access without a fault.
  void Translates(const TraceNote& note) {
    const auto view =
        TranslationAt(TlbOf(story_, after_, number_), note.mm, note.start);
    if (!view) return;
    Fact fact = Of(Fact::Kind::kTranslates);
    fact.addr = note.start;
    fact.owner = view->owner;
    fact.made_for = view->made_for;
    fact.use = view->use;
    facts_.push_back(fact);
  }

  void Memory() {
    const bool lacks = row_.Has(Note::kNoMemory) || HasFailed(row_.ends);
    if (row_.flow == Flow::kDone && lacks)
      facts_.push_back(Of(Fact::Kind::kFails));
    else if (row_.Has(Note::kNoMemory))
      facts_.push_back(Of(Fact::Kind::kNoMemory));
  }
};

}  // namespace

Fact WaitOf(const Story& story, size_t row) {
  return Outcomes(story, row).Wait();
}

std::vector<Fact> OutcomesOf(const Story& story, size_t row) {
  return Outcomes(story, row).Collect();
}

}  // namespace vmtrunc::report
