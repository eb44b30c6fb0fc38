#include "search/cause.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>
#include <vector>

namespace vmtrunc::search {
namespace {

size_t Number(const RootCause& cause) {
  return static_cast<size_t>(cause.rule);
}

bool HoldsWith(const Draft& draft, const KernelSpec& kernel,
               const RuleSet& flips) {
  KernelSpec other = kernel;
  other.flips ^= flips;
  return Run<LargeCaps>(draft, other.rules(), {.hash_state = false}).holds();
}

// "page {n} is mapped at {n} of {mm}" to "page-is-mapped-at-of-mm".
std::string Slug(Breach breach) {
  const std::string words =
      InWords(breach, [](std::string_view of, size_t) -> std::string {
        return of == "n" ? "" : std::string(of);
      });
  std::string slug;
  for (const char c : words) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      slug += c;
    else if (!slug.empty() && slug.back() != '-')
      slug += '-';
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug;
}

}  // namespace

std::string RootCause::Name(const KernelSpec& kernel) const {
  const std::string name = vmtrunc::Name(property);
  if (rule == kSeveral) return name + ".several-known";
  if (rule < 0) return name + "." + Slug(breach);
  const RuleInfo& info = AllRules()[Number(*this)];
  return name + (kernel.rules().*info.flag ? "-" : "+") + info.name;
}

std::string RootCause::InWords(const KernelSpec& kernel) const {
  if (rule == kSeveral) return "several known bugs in one script";
  if (rule < 0) return FormOf(breach);
  KernelSpec other = kernel;
  other.flips.flip(Number(*this));
  return "holds on " + other.ToString();
}

std::optional<RootCause> CauseNamed(const std::string& name,
                                    const KernelSpec& kernel) {
  std::optional<RootCause> found;
  size_t longest = 0;
  for (int i = 0; i < kProperties; ++i) {
    RootCause cause{.property = static_cast<Property>(i)};
    const std::string_view property = vmtrunc::Name(cause.property);
    if (!name.starts_with(property)) continue;
    if (property.size() > longest) found = cause;
    longest = std::max(longest, property.size());
    const int rules = static_cast<int>(AllRules().size());
    for (cause.rule = RootCause::kSeveral; cause.rule < rules; ++cause.rule)
      if (cause.rule != RootCause::kBreach && name == cause.Name(kernel))
        return cause;
  }
  return found;
}

RootCause CauseOf(const Draft& draft, const KernelSpec& kernel,
                  Property property, const RuleSet& known, uint64_t* runs) {
  uint64_t ignored = 0;
  uint64_t& count = runs != nullptr ? *runs : ignored;
  for (const size_t rule : known) {
    ++count;
    if (HoldsWith(draft, kernel, RuleSet::Of(rule)))
      return {.property = property, .rule = static_cast<int>(rule)};
  }
  // Several bugs may meet in one script; then no single rule repairs it.
  if (known.count() > 1) {
    ++count;
    if (HoldsWith(draft, kernel, known))
      return {.property = property, .rule = RootCause::kSeveral};
  }
  const Reason reason = ReasonOf(draft, kernel, property);
  count += AllRules().size();
  if (reason.unlike) {
    const size_t rule = (reason.unlike->flips ^ kernel.flips).first();
    if (AllRules()[rule].flag != &Rules::drop_lock)
      return {.property = property, .rule = static_cast<int>(rule)};
  }
  return {.property = property, .breach = reason.breach};
}

Judge JudgeOf(const RootCause& cause, const KernelSpec& kernel,
              const RuleSet& known) {
  Reason reason{.property = cause.property, .breach = cause.breach};
  if (cause.rule >= 0) {
    reason.unlike = kernel;
    reason.unlike->flips.flip(Number(cause));
  }
  const RuleSet not_by = cause.rule >= 0 ? RuleSet() : known;
  return [=, shows = Shows(kernel.rules(), reason)](
             const Draft& draft, bool* counts) -> std::optional<size_t> {
    const auto run = shows(draft, counts);
    if (!run) return std::nullopt;
    for (const size_t rule : not_by)
      if (HoldsWith(draft, kernel, RuleSet::Of(rule))) return std::nullopt;
    if (!not_by.empty() && HoldsWith(draft, kernel, not_by))
      return std::nullopt;
    return run->first.event;
  };
}

}  // namespace vmtrunc::search
