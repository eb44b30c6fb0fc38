#include "core/about/differences.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/about/field_words.h"
#include "core/model/fields.h"
#include "core/run/tracer.h"

namespace vmtrunc {
namespace {

// The lines of one kind, of which the first ones are kept.
class Kind {
 public:
  explicit Kind(const char* plural) : plural_(plural) {}

  // `subject` is what the line is about: "mm 0".
  void Add(const std::string& subject, const std::string& text) {
    if (lines_.size() < kMostTold) {
      lines_.push_back(subject + text);
    } else {
      if (left_out_.empty() || left_out_.back().first != subject)
        left_out_.push_back({subject, 0});
      ++left_out_.back().second;
    }
  }

  void MoveTo(std::vector<std::string>& all) {
    for (std::string& line : lines_) all.push_back(std::move(line));
    if (left_out_.empty()) return;
    std::string rest;
    for (const auto& [subject, count] : left_out_)
      absl::StrAppendFormat(&rest, "%s%s (%u)", rest.empty() ? "" : ", ",
                            subject, count);
    all.push_back(
        absl::StrFormat("left out: more lines on %s: %s", plural_, rest));
  }

 private:
  const char* plural_;
  std::vector<std::string> lines_;
  std::vector<std::pair<std::string, unsigned>> left_out_;  // in the order told
};

// A field's value, under the name `before` and `name`.
struct Value {
  const char* before;
  const char* name;
  Form form;
  uint64_t value;
};

template <class T>
std::vector<Value> ValuesOf(const T& it) {
  std::vector<Value> values;
  ForEachField(it, [&](const auto& field, const char* name, auto as,
                       const auto&... birth) {
    values.push_back({"", name, as.form, static_cast<uint64_t>(field)});
    (values.push_back({"allocation of the ", name, Form::kBirth, birth}), ...);
  });
  return values;
}

class Comparison {
 public:
  Comparison(const Side& left, const Side& right, const Script& names,
             std::span<const std::string> mms)
      : l_(left), r_(right), names_(names), mm_names_(mms) {}

  std::vector<std::string> Tell();

 private:
  void Files();
  void Mms();
  void Ptes(unsigned mm);
  void Shares(unsigned mm);
  void Tlb(unsigned mm);
  void Frames();
  void Vmas();
  void Tasks();
  void Slab();
  void Mapcounts();

  std::string Mm(unsigned mm) const {
    return mm < mm_names_.size() ? mm_names_[mm] : absl::StrCat("mm ", mm);
  }
  std::string Place(const Vma& vma) const {
    if (vma.state == VmaState::kFree) return "free";
    return absl::StrFormat("[%u, %u) of %s, %s from %u", vma.start, vma.end,
                           Mm(vma.mm), names_.file_names[vma.file], vma.pgoff);
  }
  std::string Both(Form form, uint64_t left, uint64_t right) const {
    return InWords(form, left, names_, l_.names_pass) + " | " +
           InWords(form, right, names_, r_.names_pass);
  }
  // `alike`: what phases or links are details of is the same.
  template <class T>
  void Fields(Kind& kind, const std::string& subject, const T& left,
              const T& right, bool alike = true) {
    if (std::memcmp(&left, &right, sizeof(left)) == 0) return;
    const std::vector<Value> l = ValuesOf(left), r = ValuesOf(right);
    for (size_t i = 0; i < l.size(); ++i) {
      const Form form = l[i].form;
      const bool detail = form == Form::kPhase || form == Form::kLink;
      if (l[i].value == r[i].value || (detail && !alike)) continue;
      Kind& to = form == Form::kBirth ? births_ : kind;
      to.Add(subject, absl::StrCat(": ", l[i].before, l[i].name, " ",
                                   Both(form, l[i].value, r[i].value)));
    }
  }

  const Side& l_;
  const Side& r_;
  const Script& names_;
  const std::span<const std::string> mm_names_;
  Kind files_{"files"}, mms_{"mms"}, ptes_{"ptes"}, vmas_{"vmas"};
  Kind tlb_{"the TLB"}, frames_{"frames"};
  Kind tasks_{"tasks"}, slab_{"the slab"}, mapcounts_{"mapcounts"};
  Kind rest_{"the rest"}, births_{"allocations"};
};

void Comparison::Files() {
  for (unsigned i = 0; i < LargeCaps::kFiles; ++i)
    Fields(files_, "file " + names_.file_names[i], l_.world.files[i],
           r_.world.files[i]);
}

void Comparison::Mms() {
  for (unsigned i = 0; i < LargeCaps::kMms; ++i) {
    Fields(mms_, Mm(i), l_.world.mms[i], r_.world.mms[i]);
    Ptes(i);
    Shares(i);
    Tlb(i);
  }
}

// Whether `later` is `pages` pages after `pte`, of its kind.
bool GoesOn(Pte pte, Pte later, unsigned pages) {
  if (pte.kind() == PteKind::kPage || pte.kind() == PteKind::kOrphan ||
      pte.kind() == PteKind::kFilePte)
    return later.bits == pte.bits + pages &&
           later.index() == pte.index() + pages;
  return later == pte;
}

// Neighbours that differ in the same way are one line.
void Comparison::Ptes(unsigned mm) {
  const Pte* const left = l_.world.mms[mm].ptes;
  const Pte* const right = r_.world.mms[mm].ptes;
  for (unsigned addr = 0; addr < LargeCaps::kAddrs;) {
    if (left[addr] == right[addr]) {
      ++addr;
      continue;
    }
    unsigned end = addr + 1;
    while (end < LargeCaps::kAddrs && left[end] != right[end] &&
           GoesOn(left[addr], left[end], end - addr) &&
           GoesOn(right[addr], right[end], end - addr))
      ++end;
    const std::string first =
        Both(Form::kPte, left[addr].bits, right[addr].bits);
    const std::string where =
        end == addr + 1 ? absl::StrFormat(": pte at %u: %s", addr, first)
                        : absl::StrFormat(": ptes at %u..%u: from %s", addr,
                                          end - 1, first);
    ptes_.Add(Mm(mm), where);
    addr = end;
  }
}

// Page tables that mms share.
void Comparison::Shares(unsigned mm) {
  constexpr unsigned kSpans = LargeCaps::kAddrs / kPtesPerTable;
  const auto told = [](uint8_t number) {
    return number == 0 ? std::string("not shared")
                       : absl::StrCat("shared, number ", number);
  };
  for (unsigned span = 0; span < kSpans; ++span) {
    const uint8_t left = l_.world.shares[mm][span];
    const uint8_t right = r_.world.shares[mm][span];
    if (left == right) continue;
    mms_.Add(Mm(mm), absl::StrFormat(": page table %u..%u: %s | %s",
                                     span * kPtesPerTable,
                                     (span + 1) * kPtesPerTable - 1, told(left),
                                     told(right)));
  }
}

// Translations that outlive their ptes.
void Comparison::Tlb(unsigned mm) {
  for (unsigned addr = 0; addr < LargeCaps::kAddrs; ++addr) {
    const auto left = l_.world.mms[mm].tlb[addr];
    const auto right = r_.world.mms[mm].tlb[addr];
    if (left == right) continue;
    std::string a = InWords(l_.world.mms[mm].Translates(addr), names_);
    std::string b = InWords(r_.world.mms[mm].Translates(addr), names_);
    if (a == b) {  // what these words leave out
      a = absl::StrFormat("bits %#x", left);
      b = absl::StrFormat("bits %#x", right);
    }
    tlb_.Add(Mm(mm), absl::StrFormat(": tlb at %u: %s | %s", addr, a, b));
  }
}

void Comparison::Frames() {
  for (unsigned i = 0; i < LargeCaps::kFrames; ++i)
    Fields(frames_, absl::StrCat("frame ", i), l_.world.frames[i],
           r_.world.frames[i]);
}

// A vma in use on one side alone is one line.
void Comparison::Vmas() {
  for (unsigned slot = 0; slot < LargeCaps::kVmas; ++slot) {
    const Vma& left = l_.world.vmas[slot];
    const Vma& right = r_.world.vmas[slot];
    std::string subject = absl::StrFormat("vma slot %u", slot);
    const std::string a = Place(left), b = Place(right);
    if (a != b) vmas_.Add(subject, absl::StrCat(": ", a, " | ", b));
    if ((left.state == VmaState::kFree) != (right.state == VmaState::kFree))
      continue;
    if (left.state != VmaState::kFree && a == b)
      absl::StrAppendFormat(&subject, " [%u, %u) of %s", left.start, left.end,
                            Mm(left.mm));
    Fields(vmas_, subject, left, right, left.in_index == right.in_index);
  }
}

// What two different operations have reached is not compared.
void Comparison::Tasks() {
  for (unsigned i = 0; i < LargeCaps::kTasks; ++i) {
    const Task& left = l_.world.tasks[i];
    const Task& right = r_.world.tasks[i];
    const std::string subject = "task " + names_.task_names[i];
    Fields(tasks_, subject, left, right);
    const auto phase = [](const Op& op) {
      return op.verb == Verb::kNone
                 ? std::string("idle")
                 : absl::StrFormat("%s, %s", VerbName(op.verb), WhereIs(op));
    };
    const std::string a = phase(left.op), b = phase(right.op);
    if (a != b) tasks_.Add(subject, absl::StrCat(": phase ", a, " | ", b));
    if (left.op.verb == right.op.verb)
      Fields(tasks_, subject, left.op, right.op, a == b);
  }
}

// The free structs, the one freed last first: from where the order differs.
void Comparison::Slab() {
  const auto& l = l_.world;
  const auto& r = r_.world;
  if (l.free_count != r.free_count)
    slab_.Add("slab", absl::StrFormat(": free structs %u | %u", l.free_count,
                                      r.free_count));
  const auto slot = [](const World<LargeCaps>& w, unsigned i) -> unsigned {
    // A world that was put together from anything may say that more are free.
    const unsigned count = std::min<unsigned>(w.free_count, LargeCaps::kVmas);
    return i < count ? w.free_slots[count - 1 - i] : kNone;
  };
  unsigned from = 0;
  while (from < LargeCaps::kVmas && slot(l, from) == slot(r, from)) ++from;
  if (from == LargeCaps::kVmas) return;
  constexpr unsigned kShown = 3;
  const auto some = [&](const World<LargeCaps>& w) {
    std::string text;
    for (unsigned i = from; i < from + kShown && i < w.free_count; ++i)
      absl::StrAppendFormat(&text, "%s%u", text.empty() ? "" : ", ",
                            slot(w, i));
    return text.empty() ? "none" : text;
  };
  const std::string older =
      from == 0 ? "" : absl::StrFormat(" but for %u", from);
  slab_.Add("slab", absl::StrFormat(": freed last%s: slots %s | %s", older,
                                    some(l), some(r)));
}

void Comparison::Mapcounts() {
  for (unsigned i = 0; i < LargeCaps::kFiles; ++i) {
    for (unsigned page = 0; page < LargeCaps::kFilePages; ++page) {
      const unsigned a = l_.world.mapcount[i][page];
      const unsigned b = r_.world.mapcount[i][page];
      if (a == b) continue;
      mapcounts_.Add(
          "file " + names_.file_names[i],
          absl::StrFormat(": page %u: mapcount %u | %u", page, a, b));
    }
  }
}

std::vector<std::string> Comparison::Tell() {
  std::vector<std::string> all;
  if (std::memcmp(&l_.world, &r_.world, sizeof(l_.world)) == 0) return all;
  Files();
  Mms();
  Vmas();
  Tasks();
  Slab();
  Mapcounts();
  Frames();
  Fields(rest_, "world", l_.world, r_.world);
  for (Kind* kind : {&files_, &mms_, &ptes_, &tlb_, &vmas_, &tasks_, &slab_,
                     &mapcounts_, &frames_, &rest_})
    kind->MoveTo(all);
  if (all.empty()) births_.MoveTo(all);
  // What has no row in core/fields.cc; spare bytes are always 0.
  if (all.empty()) all.push_back("world: a field that has no name here");
  return all;
}

}  // namespace

std::vector<std::string> Differences(const Side& left, const Side& right,
                                     const Script& names,
                                     std::span<const std::string> mms) {
  return Comparison(left, right, names, mms).Tell();
}

}  // namespace vmtrunc
