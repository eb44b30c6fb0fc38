#include "core/about/condition.h"

#include <algorithm>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/model/mark.h"
#include "core/model/where.h"
#include "core/nearest.h"

namespace vmtrunc {
namespace {

#define VMTRUNC_PREDICATE(code, name, means) {name, means},
constexpr PredicateInfo kPredicates[] = {VMTRUNC_PREDICATES(VMTRUNC_PREDICATE)};
#undef VMTRUNC_PREDICATE

// Whether f(vma, addr, pte) is true of a pte that is there, of a vma.
template <class C, class F>
bool AnyPte(const World<C>& w, F f) {
  for (const Vma& vma : w.vmas) {
    if (vma.state == VmaState::kFree || vma.state == VmaState::kNew) continue;
    const Mm<C>& mm = w.mms[vma.mm];
    for (unsigned addr = vma.start; addr < vma.end; ++addr) {
      if ((mm.tables >> addr / kPtesPerTable & 1) == 0) continue;
      const Pte pte = mm.ptes[addr];
      if (pte.present() && f(vma, addr, pte)) return true;
    }
  }
  return false;
}

template <class C, class F>
bool AnyLinked(const World<C>& w, F f) {
  return std::any_of(std::begin(w.vmas), std::end(w.vmas), [&](const Vma& vma) {
    return vma.state == VmaState::kLinked && f(vma);
  });
}

// Whether f(op) is true of an operation in flight.
template <class C, class F>
bool AnyOp(const World<C>& w, F f) {
  return std::any_of(std::begin(w.tasks), std::end(w.tasks),
                     [&](const Task& task) {
                       return task.op.verb != Verb::kNone && f(task.op);
                     });
}

template <class C>
bool IsPastSize(const World<C>& w) {
  return AnyPte(w, [&](const Vma& vma, unsigned addr, Pte pte) {
    return IndexOf(vma, addr, pte) >= w.files[vma.file].size;
  });
}

template <class C>
bool IsMapped(const World<C>& w, PteKind kind) {
  return AnyPte(
      w, [kind](const Vma&, unsigned, Pte pte) { return pte.kind() == kind; });
}

template <class C>
bool IsShrunk(const World<C>& w, const ConditionOf& of) {
  for (unsigned i = 0; i < C::kFiles; ++i)
    if (w.files[i].exists != 0 && w.files[i].size < of.sizes[i]) return true;
  return false;
}

template <class C>
bool IsLocked(const World<C>& w) {
  return std::any_of(std::begin(w.files), std::end(w.files),
                     [](const File& file) {
                       return file.exists != 0 &&
                              (file.i_mmap_lock != kNone || file.walkers != 0);
                     });
}

}  // namespace

std::span<const PredicateInfo> AllPredicates() { return kPredicates; }

template <class C>
bool IsTrue(Predicate predicate, const World<C>& w, const ConditionOf& of) {
  switch (predicate) {
    case Predicate::kPastSize:
      return IsPastSize(w);
    case Predicate::kRemoved:
      return IsMapped(w, PteKind::kOrphan);
    case Predicate::kMapped:
      return AnyPte(w, [](const Vma&, unsigned, Pte) { return true; });
    case Predicate::kCopy:
      return IsMapped(w, PteKind::kCopy);
    case Predicate::kEmpty:
      return !AnyLinked(w, [](const Vma&) { return true; });
    case Predicate::kRestart:
      return AnyLinked(w, [&](const Vma& vma) {
        return IsRestart(vma.count, of.rules.restart_names_pass);
      });
    case Predicate::kShrunk:
      return IsShrunk(w, of);
    case Predicate::kTruncating:
      return AnyOp(w, [](const Op& op) { return Truncates(op); });
    case Predicate::kPass:
      return AnyOp(w, [](const Op& op) { return InPass(op); });
    case Predicate::kDropped:
      return AnyOp(w, [](const Op& op) { return op.pass.dropped != 0; });
    case Predicate::kLocked:
      return IsLocked(w);
    case Predicate::kFault:
      return AnyOp(w, [](const Op& op) { return InFault(op); });
    case Predicate::kQuiet:
      return BusyTasks(w) == 0;
  }
  return false;
}

template <class C>
bool Condition::Holds(const World<C>& world, const ConditionOf& of) const {
  uint64_t stack = 0;  // the top is the lowest bit
  for (size_t i = 0; i < size_; ++i) {
    const uint8_t code = code_[i];
    if (code < kNot) {
      const bool is = IsTrue(static_cast<Predicate>(code), world, of);
      stack = stack << 1 | (is ? 1U : 0U);
      continue;
    }
    if (code == kNot) {
      stack ^= 1;
      continue;
    }
    const uint64_t right = stack & 1;
    stack >>= 1;
    if (code == kAnd) stack &= right | ~uint64_t{1};
    if (code == kOr) stack |= right;
    if (code == kImplies) stack = (stack ^ 1) | right;
  }
  return (stack & 1) != 0;
}

template bool IsTrue(Predicate, const World<SmallCaps>&, const ConditionOf&);
template bool IsTrue(Predicate, const World<LargeCaps>&, const ConditionOf&);
template bool Condition::Holds(const World<SmallCaps>&,
                               const ConditionOf&) const;
template bool Condition::Holds(const World<LargeCaps>&,
                               const ConditionOf&) const;

// By recursive descent. After an error nothing more is read.
class ConditionParser {
 public:
  explicit ConditionParser(std::string_view text) : rest_(text) { Next(); }

  absl::StatusOr<Condition> Parse() {
    Implies();
    if (error_.ok() && !token_.empty()) Expected("&, |, -> or the end");
    if (!error_.ok()) return error_;
    return condition_;
  }

 private:
  static bool IsOfWord(char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
           c == '_';
  }
  static unsigned char First(std::string_view text) {
    return static_cast<unsigned char>(text.front());
  }

  // token_ becomes the next name or sign; "" at the end.
  void Next() {
    while (!rest_.empty() && absl::ascii_isspace(First(rest_)))
      rest_.remove_prefix(1);
    size_t size = 0;
    while (size < rest_.size() && IsOfWord(rest_[size]) &&
           !rest_.substr(size).starts_with("->"))
      ++size;
    if (size == 0) size = rest_.starts_with("->") ? 2 : rest_.empty() ? 0 : 1;
    token_ = rest_.substr(0, size);
    rest_.remove_prefix(size);
  }

  bool Takes(std::string_view sign) {
    if (!error_.ok() || token_ != sign) return false;
    Next();
    return true;
  }

  void Fail(const std::string& message) {
    if (error_.ok()) error_ = absl::InvalidArgumentError(message);
  }
  void Expected(const char* what) {
    Fail(absl::StrCat(
        "expected ", what, ", not ",
        token_.empty() ? "the end" : "'" + std::string(token_) + "'"));
  }

  void Emit(uint8_t code) {
    if (condition_.size_ == Condition::kMost)
      return Fail(absl::StrCat("expected at most ", Condition::kMost,
                               " predicates and operators"));
    condition_.code_[condition_.size_++] = code;
  }

  // What follows is nested in so many others.
  bool IsDeep() {
    if (++depth_ <= 2 * Condition::kMost) return false;
    Fail("expected fewer parentheses and operators");
    return true;
  }

  void Implies() {
    if (IsDeep()) return;
    Or();
    if (Takes("->")) {
      Implies();
      Emit(Condition::kImplies);
    }
    --depth_;
  }
  void Or() {
    And();
    while (Takes("|")) {
      And();
      Emit(Condition::kOr);
    }
  }
  void And() {
    Not();
    while (Takes("&")) {
      Not();
      Emit(Condition::kAnd);
    }
  }
  void Not() {
    if (!error_.ok() || IsDeep()) return;
    if (Takes("!")) {
      Not();
      Emit(Condition::kNot);
    } else if (Takes("(")) {
      Implies();
      if (error_.ok() && !Takes(")")) Expected("&, |, -> or )");
    } else {
      Name();
    }
    --depth_;
  }

  void Name() {
    if (token_.empty() || !IsOfWord(token_.front()))
      return Expected("a predicate, ! or (");
    std::vector<const char*> names;
    for (const PredicateInfo& info : kPredicates) names.push_back(info.name);
    const auto at = std::find(names.begin(), names.end(), token_);
    if (at == names.end())
      return Fail(absl::StrCat("'", std::string(token_), "' is no predicate",
                               IsIt(Nearest(token_, names)),
                               "; there are: ", absl::StrJoin(names, " ")));
    Emit(static_cast<uint8_t>(at - names.begin()));
    Next();
  }

  std::string_view rest_, token_;
  Condition condition_;
  absl::Status error_;
  size_t depth_ = 0;
};

absl::StatusOr<Condition> Condition::Parse(std::string_view text) {
  return ConditionParser(text).Parse();
}

}  // namespace vmtrunc
