#include "cli/bound.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/input.h"
#include "base/stop.h"

namespace vmtrunc {
void AddBoundOptions(CLI::App& sub, BoundArguments& arguments) {
  BoundArguments* const o = &arguments;  // lives as long as the command
  sub.add_option("--bound", o->name, "tiny, small, medium or large")
      ->capture_default_str();
  sub.add_option("--pages", o->pages, "of the file, 1..4")
      ->check(CLI::Range(1, 4));
  sub.add_option("--mms", o->mms, "1 or 2")->check(CLI::Range(1, 2));
  sub.add_option("--vmas", o->vmas, "structs in the slab, 1..7")
      ->check(CLI::Range(1, 7));
  sub.add_option("--passes", o->passes, "that may begin, 1 or 2")
      ->check(CLI::Range(1, 2));
  sub.add_option("--operations", o->operations, "others that may begin")
      ->check(CLI::Range(1, 8));
  sub.add_option("--in-flight", o->in_flight, "at once")
      ->check(CLI::Range(1, 4));
  sub.add_option("--verbs", o->verbs, "mmap,mremap,...: no others")
      ->delimiter(',');
  sub.add_option("--jobs", o->jobs, "threads; as many as processors")
      ->check(CLI::Range(1, 64));
  sub.add_option("--memory", o->memory, "GiB that states may take")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 1024.0))
      ->check(kNumber);
}

Bound BoundOf(const BoundArguments& o, std::string& what) {
  const Bound* named = FindBound(o.name);
  if (named == nullptr)
    throw UsageError{
        absl::StrCat("--bound: expected tiny, small, medium or "
                     "large, not ",
                     o.name)};
  Bound bound = *named;
  what = absl::StrCat("bound ", bound.name);
  const auto set = [&](const char* name, unsigned given, unsigned& value) {
    if (given == 0) return;
    value = given;
    absl::StrAppend(&what, ", ", name, " ", given);
  };
  set("pages", o.pages, bound.pages);
  set("mms", o.mms, bound.mms);
  set("vmas", o.vmas, bound.vmas);
  set("passes", o.passes, bound.passes);
  set("operations", o.operations, bound.operations);
  set("in flight", o.in_flight, bound.in_flight);
  if (o.verbs.empty()) return bound;
  bound.verbs = ParseVerbs(o.verbs);
  absl::StrAppend(&what, ", verbs");
  for (const std::string& verb : o.verbs) absl::StrAppend(&what, " ", verb);
  return bound;
}

ProveOptions OptionsOf(const BoundArguments& o) {
  ProveOptions options;
  options.jobs =
      o.jobs != 0 ? o.jobs : std::max(1U, std::thread::hardware_concurrency());
  options.most_bytes = static_cast<uint64_t>(o.memory * double(1U << 30));
  options.stop = &StopOnSignals();
  return options;
}

std::string Size(uint64_t number) {
  if (number >= 10'000'000) return absl::StrFormat("%d M", number / 1'000'000);
  if (number >= 10'000) return absl::StrFormat("%d k", number / 1000);
  return absl::StrCat(number);
}

void ShowProgress::operator()(const ProveProgress& p) {
  if (!line_.IsDue()) return;
  const auto rate = static_cast<uint64_t>(double(p.states) / seconds());
  line_.Show(absl::StrFormat(
      "%s%d events: %s states, %s left to expand, %s states/s, %s bytes", what_,
      p.depth, Size(p.states), Size(p.left), Size(rate), Size(p.bytes)));
}

}  // namespace vmtrunc
