#include "fuzz/cause.h"

#include <bit>
#include <cctype>
#include <optional>
#include <string_view>
#include <vector>

namespace vmtrunc {
namespace {

constexpr uint64_t Flag(int rule) { return uint64_t{1} << rule; }

bool HoldsWith(const Draft& draft, const KernelSpec& kernel, uint64_t flips) {
  KernelSpec other = kernel;
  other.flips ^= flips;
  return Run<LargeCaps>(draft.setup, draft.events, other.rules(),
                        {.hash_state = false})
      .holds();
}

// "page %u is mapped at %u of mm %u" to "page-is-mapped-at-of-mm".
std::string Slug(std::string_view words) {
  std::string slug;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == '%') {
      ++i;
      continue;
    }
    const bool letter = std::isalnum(static_cast<unsigned char>(words[i])) != 0;
    if (letter)
      slug += words[i];
    else if (!slug.empty() && slug.back() != '-')
      slug += '-';
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug;
}

}  // namespace

bool RootCause::operator==(const RootCause& other) const {
  return property == other.property && rule == other.rule &&
         std::string_view(what) == other.what;
}

std::string RootCause::Name(const KernelSpec& kernel) const {
  const std::string name = vmtrunc::Name(property);
  if (rule == kSeveral) return name + ".several-known";
  if (rule < 0) return name + "." + Slug(what);
  const RuleInfo& info = AllRules()[static_cast<size_t>(rule)];
  return name + (kernel.rules().*info.flag ? "-" : "+") + info.name;
}

std::string RootCause::InWords(const KernelSpec& kernel) const {
  if (rule == kSeveral) return "several known ones together";
  if (rule < 0) {
    std::string words = what;
    for (size_t at; (at = words.find('%')) != std::string::npos;)
      words.replace(at, 2, "N");
    return words;
  }
  KernelSpec other = kernel;
  other.flips ^= Flag(rule);
  return "holds on " + other.ToString();
}

RootCause CauseOf(const Draft& draft, const KernelSpec& kernel,
                  Property property, uint64_t known, uint64_t* runs) {
  uint64_t ignored = 0;
  uint64_t& count = runs != nullptr ? *runs : ignored;
  for (uint64_t left = known; left != 0; left &= left - 1) {
    const int rule = std::countr_zero(left);
    ++count;
    if (HoldsWith(draft, kernel, Flag(rule)))
      return {.property = property, .rule = rule};
  }
  // Bugs may meet in one script, and then no one rule helps.
  count += std::has_single_bit(known) || known == 0 ? 0 : 1;
  if (!std::has_single_bit(known) && known != 0 &&
      HoldsWith(draft, kernel, known))
    return {.property = property, .rule = RootCause::kSeveral};
  const Reason reason = ReasonOf(draft, kernel, property);
  count += AllRules().size();
  if (reason.unlike) {
    const int rule = std::countr_zero(reason.unlike->flips ^ kernel.flips);
    if (AllRules()[static_cast<size_t>(rule)].flag != &Rules::drop_lock)
      return {.property = property, .rule = rule};
  }
  return {.property = property, .what = reason.what};
}

Judge JudgeOf(const RootCause& cause, const KernelSpec& kernel,
              uint64_t known) {
  Reason reason{.property = cause.property, .unlike = {}, .what = cause.what};
  if (cause.rule >= 0) {
    reason.unlike = kernel;
    reason.unlike->flips ^= Flag(cause.rule);
    known = 0;
  }
  return [=, shows = Shows(kernel.rules(), reason)](
             const Draft& draft, bool* counts) -> std::optional<size_t> {
    const auto run = shows(draft, counts);
    if (!run) return std::nullopt;
    for (uint64_t left = known; left != 0; left &= left - 1)
      if (HoldsWith(draft, kernel, left & -left)) return std::nullopt;
    if (known != 0 && HoldsWith(draft, kernel, known)) return std::nullopt;
    return run->first.event;
  };
}

}  // namespace vmtrunc
