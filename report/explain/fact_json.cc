#include "report/explain/fact_json.h"

#include <array>

#include "report/explain/account.h"
#include "report/explain/folio_victim.h"
#include "report/explain/parting.h"
#include "report/explain/table_json.h"
#include "report/explain/tlb_json.h"

namespace vmtrunc::report {
namespace {

// In the order of Fact::Kind.
constexpr auto kKinds = std::to_array<const char*>({"waits",
                                                    "sets-size",
                                                    "begins-pass",
                                                    "zaps",
                                                    "scans",
                                                    "passes-by",
                                                    "goes-on",
                                                    "comes-to",
                                                    "frees",
                                                    "allocates",
                                                    "splits",
                                                    "resizes",
                                                    "detaches",
                                                    "indexes",
                                                    "unindexes",
                                                    "makes-nonlinear",
                                                    "makes-linear",
                                                    "makes-writable",
                                                    "makes-readonly",
                                                    "moves",
                                                    "clears",
                                                    "maps",
                                                    "drops",
                                                    "removes",
                                                    "ends-pass",
                                                    "clears-count",
                                                    "served",
                                                    "makes-pte-writable",
                                                    "sigbus-past-size",
                                                    "sigbus-gone",
                                                    "sigsegv-readonly",
                                                    "sigsegv-no-vma",
                                                    "retries-count",
                                                    "retries-page",
                                                    "pte-changed",
                                                    "fails",
                                                    "no-memory",
                                                    "ends",
                                                    "only-locks",
                                                    "samples-size",
                                                    "checks-size",
                                                    "holds-folio",
                                                    "caches",
                                                    "dirties",
                                                    "splits-folio",
                                                    "keeps-folio",
                                                    "pins",
                                                    "unpins",
                                                    "holds-old",
                                                    "writes-past",
                                                    "reads-old",
                                                    "sets-order",
                                                    "leaves",
                                                    "flushes",
                                                    "releases",
                                                    "holds-frame",
                                                    "frees-frame",
                                                    "reuses-frame",
                                                    "translates",
                                                    "revokes",
                                                    "takes-back",
                                                    "reads-table",
                                                    "moves-table",
                                                    "moves-freed-table",
                                                    "retracts-table",
                                                    "frees-table",
                                                    "uses-table",
                                                    "finds-no-table",
                                                    "shares-table",
                                                    "unshares-table"});
static_assert(kKinds.size() ==
              size_t{static_cast<size_t>(Fact::Kind::kUnsharesTable)} + 1);

class Writer {
 public:
  Writer(const Story& story, const Fact& fact) : story_(story), fact_(fact) {}

  nlohmann::json Write() {
    json_ = {{"kind", Name(fact_.kind)}, {"task", TaskName(fact_.task)}};
    Vmas();
    Pages();
    Numbers();
    if (fact_.pass) json_["pass"] = *fact_.pass;
    if (fact_.count.kind != CountFact::Kind::kNone)
      json_["count"] = ToJson(fact_.count);
    if (fact_.note)
      json_["note"] = {{"slot", fact_.note->slot},
                       {"addr", fact_.note->addr},
                       {"page", fact_.note->page}};
    for (const Holder& holder : fact_.holders)
      json_["holders"].push_back(ToJson(story_, holder));
    if (fact_.place) json_["at"] = fact_.place->Name();
    return json_;
  }

 private:
  using Kind = Fact::Kind;

  const std::string& TaskName(unsigned task) const {
    return story_.script.task_names[task];
  }

  void Vmas() {
    const auto put = [&](const char* name, const std::optional<VmaFact>& vma) {
      if (vma)
        json_[name] = {{"slot", vma->slot},
                       {"mm", TaskName(vma->owner)},
                       {"start", vma->start},
                       {"end", vma->end}};
    };
    put("vma", fact_.vma);
    put("of", fact_.of);
    put("was", fact_.was);
  }

  void Pages() {
    if (!fact_.addrs.empty()) {
      json_["mm"] = TaskName(fact_.owner);
      json_["addrs"] = fact_.addrs;
    }
    if (!fact_.to.empty()) json_["to_addrs"] = fact_.to;
    if (!fact_.pages.empty()) json_["pages"] = fact_.pages;
    if (!fact_.mapped.empty()) json_["mapped"] = fact_.mapped;
    if (fact_.page) json_["page"] = *fact_.page;
  }

  // Numbers of one kind only.
  void Numbers() {
    const Fact& f = fact_;
    if (f.kind == Kind::kSetsSize || f.kind == Kind::kBeginsPass)
      json_["file"] = story_.FileName(f.file);
    if (f.kind == Kind::kSetsSize) {
      json_["from"] = f.before;
      json_["to"] = f.after;
    }
    if (f.kind == Kind::kBeginsPass || f.kind == Kind::kGoesOn) {
      json_["first"] = f.first;
      json_["last"] = f.last;
    }
    if (f.kind == Kind::kGoesOn) json_["believes"] = f.believes;
    if (f.kind == Kind::kResizes) {
      json_["start"] = f.first;
      json_["end"] = f.last;
    }
    if (f.addr != 0) json_["addr"] = f.addr;
    Folio();
    Tlb();
    Table();
    const bool sigbus =
        f.kind == Kind::kSigbusPastSize || f.kind == Kind::kSigbusGone;
    if (!sigbus) return;
    json_["size"] = f.after;
    json_["access"] = f.access;
  }

  // Of a folio, or of i_size as a fault reads it.
  void Folio() {
    const Fact& f = fact_;
    if (f.kind < Kind::kSamplesSize || f.kind > Kind::kSetsOrder) return;
    json_["file"] = story_.FileName(f.file);
    if (f.kind == Kind::kSamplesSize || f.kind == Kind::kChecksSize)
      json_["size"] = f.after;
    if (f.kind == Kind::kSetsOrder) json_["order"] = f.after;
    if (IsOfFolio(f.kind)) {
      json_["first"] = f.first;
      json_["last"] = f.last;
    }
    if (f.kind != Kind::kKeepsFolio) return;
    json_["smallest"] = f.is_smallest;
    json_["unreleased"] = f.is_unreleased;
    for (const unsigned task : f.tasks)
      json_["held_by"].push_back(TaskName(task));
  }

  // Of what is used without a pte.
  void Tlb() {
    const Fact& f = fact_;
    if (f.kind <= Kind::kSetsOrder || f.table) return;
    if (!f.pages.empty()) json_["file"] = story_.FileName(f.file);
    if (f.made_for) json_["made_for"] = ToJson(story_, *f.made_for);
    if (f.use) json_["use"] = ToJson(story_, *f.use);
    if (f.kind == Kind::kReleases) json_["frames"] = f.before;
    if (f.kind == Kind::kFlushes) {
      json_["mm"] = TaskName(f.owner);
      json_["full"] = f.is_full;
    }
    if (f.kind == Kind::kTranslates) json_["mm"] = TaskName(f.owner);
    for (const unsigned task : f.tasks)
      json_["gathers"].push_back(TaskName(task));
  }

  void Table() {
    if (!fact_.table) return;
    json_["mm"] = TaskName(fact_.owner);
    json_["table"] = ToJson(*fact_.table);
    const bool shares =
        fact_.kind == Kind::kSharesTable || fact_.kind == Kind::kUnsharesTable;
    for (const unsigned task : fact_.tasks)
      json_[shares ? "sharers" : "readers"].push_back(TaskName(task));
  }

  static bool IsOfFolio(Kind kind) {
    return kind >= Kind::kHolds && kind <= Kind::kKeepsFolio;
  }

  const Story& story_;
  const Fact& fact_;
  nlohmann::json json_;
};

// In the order of Account::How.
constexpr auto kHows = std::to_array<const char*>(
    {"comes-back", "by-pointer", "by-other-page", "by-restart", "by-stamp",
     "scanned", "out-of-range", "never-there", "left-out"});
static_assert(kHows.size() ==
              static_cast<size_t>(Account::How::kLeftOut) + size_t{1});

nlohmann::json FactsJson(const Story& story, const std::vector<Fact>& facts) {
  nlohmann::json json = nlohmann::json::array();
  for (const Fact& fact : facts) json.push_back(ToJson(story, fact));
  return json;
}

}  // namespace

const char* Name(Fact::Kind kind) { return kKinds[static_cast<size_t>(kind)]; }

const char* Name(LockKind kind) {
  switch (kind) {
    case LockKind::kISem:
      return "i_sem";
    case LockKind::kMmapSemRead:
    case LockKind::kMmapSemWrite:
      return "mmap_sem";
    case LockKind::kVmaLock:
      return "vma";
    case LockKind::kInvalidateLock:
      return "invalidate_lock";
    case LockKind::kPageLock:
      return "page";
    case LockKind::kUnmapMutex:
      return "unmap_mutex";
    case LockKind::kIMmapLock:
      return "i_mmap_lock";
    case LockKind::kPageTableLock:
      return "page_table_lock";
  }
  return "";
}

nlohmann::json ToJson(const CountFact& count) {
  switch (count.kind) {
    case CountFact::Kind::kNone:
      break;
    case CountFact::Kind::kToScan:
      return {{"is", "to-scan"}};
    case CountFact::Kind::kScanned:
      return {{"is", "scanned"}, {"pass", count.pass}};
    case CountFact::Kind::kRestart: {
      nlohmann::json json = {{"is", "restart"}, {"at", count.at}};
      if (count.pass != 0) json["pass"] = count.pass;
      return json;
    }
  }
  return nullptr;
}

nlohmann::json ToJson(const Story& story, const LockFact& fact) {
  const HeldLock& lock = fact.lock;
  nlohmann::json json = {
      {"lock", Name(lock.kind)},
      {"shared", lock.shared || lock.kind == LockKind::kMmapSemRead}};
  switch (lock.kind) {
    case LockKind::kISem:
    case LockKind::kInvalidateLock:
    case LockKind::kUnmapMutex:
    case LockKind::kIMmapLock:
      json["file"] = story.FileName(lock.id);
      break;
    case LockKind::kPageLock:
      json["page"] = lock.id;
      break;
    case LockKind::kVmaLock:
      json["slot"] = lock.id;
      break;
    case LockKind::kMmapSemRead:
    case LockKind::kMmapSemWrite:
    case LockKind::kPageTableLock:
      json["mm"] = story.script.task_names[fact.owner];
      break;
  }
  return json;
}

nlohmann::json ToJson(const Story& story, const LockMove& move) {
  nlohmann::json json = ToJson(story, move.lock);
  json["takes"] = move.takes;
  json["lets_go"] = move.lets_go;
  if (!move.pages.empty()) json["pages"] = move.pages;
  return json;
}

nlohmann::json ToJson(const Story& story, const Holder& holder) {
  return {{"task", story.script.task_names[holder.task]},
          {"lock", ToJson(story, holder.lock)}};
}

nlohmann::json ToJson(const Story& story, const VmaLocks& locks) {
  nlohmann::json json = nlohmann::json::object();
  if (locks.writer) json["locked_by"] = story.script.task_names[*locks.writer];
  for (const unsigned task : locks.readers)
    json["read_by"].push_back(story.script.task_names[task]);
  return json;
}

nlohmann::json EscapeJson(const Story& story) {
  const auto victim = VictimOf(story.result.first);
  const auto escape = EscapeOf(story);
  if (!victim || !escape) return nullptr;
  const Account account = AccountOf(story, *victim, *escape);
  nlohmann::json json = {{"how", kHows[static_cast<size_t>(account.how)]},
                         {"begins", escape->begins},
                         {"scans", escape->scans},
                         {"meanwhile", nlohmann::json::array()}};
  if (escape->arrives) json["arrives"] = *escape->arrives;
  if (escape->looked) json["looked"] = *escape->looked;
  if (escape->dropped) json["dropped"] = *escape->dropped;
  if (escape->skip != Escape::Skip::kUnknown) {
    json["skipped"] = escape->skipped;
    json["marked"] = escape->marked;
  }
  if (account.older) json["left_by_pass"] = account.older->pass;
  for (const DatedFact& it : account.tables)
    json["tables"].push_back({{"steps", {it.first_step, it.last_step}},
                              {"fact", ToJson(story, it.fact)}});
  for (const Meanwhile& it : account.meanwhile)
    for (const DatedFact& deed : it.deeds) {
      nlohmann::json fact = ToJson(story, deed.fact);
      json["meanwhile"].push_back({{"event", it.event},
                                   {"steps", {deed.first_step, deed.last_step}},
                                   {"fact", std::move(fact)}});
    }
  return json;
}

nlohmann::json FolioStoryJson(const Story& story) {
  const auto tale = FolioStoryOf(story);
  if (!tale) return nullptr;
  nlohmann::json json = {{"file", story.FileName(tale->file)},
                         {"page", tale->page},
                         {"leads", nlohmann::json::array()}};
  for (const DatedFact& it : tale->leads)
    json["leads"].push_back({{"steps", {it.first_step, it.last_step}},
                             {"fact", ToJson(story, it.fact)}});
  if (tale->kept) json["kept"] = *tale->kept;
  if (const auto& old = tale->old_size)
    json["old_size"] = {{"task", story.script.task_names[old->task]},
                        {"size", old->size},
                        {"now", old->now},
                        {"read", old->read},
                        {"stored", old->stored}};
  return json;
}

nlohmann::json PartingJson(const Story& left, const Story& right) {
  const auto row = PartingRow(left, right);
  if (!row) return nlohmann::json::object();
  nlohmann::json rules = nlohmann::json::array();
  for (const RuleInfo* rule : PartingRules(left, right, *row))
    rules.push_back(rule->name);
  return {{"parting_row", *row}, {"parting_rules", rules}};
}

nlohmann::json ToJson(const Story& story, const NoReturn& no_return) {
  nlohmann::json json = {{"row", no_return.row},
                         {"settled", no_return.settled},
                         {"saves", FactsJson(story, no_return.saves)},
                         {"moves", nlohmann::json::array()}};
  for (const Event& move : no_return.way_out) {
    nlohmann::json it = {{"task", story.script.task_names[move.task]}};
    if (move.kind == EventKind::kBegin) it["verb"] = VerbName(move.verb);
    it["does"] = move.kind == EventKind::kDrop    ? "drops"
                 : move.kind == EventKind::kBegin ? "begins"
                                                  : "steps";
    json["moves"].push_back(std::move(it));
  }
  return json;
}

nlohmann::json ToJson(const Story& story, const Fact& fact) {
  return Writer(story, fact).Write();
}

}  // namespace vmtrunc::report
