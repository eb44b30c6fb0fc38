#include "search/distill.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/about/bugs.h"
#include "search/covered.h"
#include "search/shrink.h"

namespace vmtrunc::search {
namespace {

constexpr uint32_t kClasses = 8;
constexpr uint32_t kStates = Checker<LargeCaps>::kFeatures;

// A known bug as rules. Bugs that are one flip and one property are one.
struct Target {
  const BugInfo* bug;
  Rules wrong, right;
};

const std::vector<Target>& Targets() {
  static const std::vector<Target>* const targets = [] {
    auto* all = new std::vector<Target>;
    for (const BugInfo& bug : AllBugs()) {
      const Target target{&bug, WithBug(bug).rules(),
                          ParseKernelSpec(bug.kernel)->rules()};
      const bool known =
          std::any_of(all->begin(), all->end(), [&](const Target& other) {
            return other.bug->property == bug.property &&
                   other.wrong == target.wrong && other.right == target.right;
          });
      if (!known) all->push_back(target);
    }
    return all;
  }();
  return *targets;
}

bool Detects(const Draft& draft, const Target& target) {
  const RunOptions quietly{.hash_state = false};
  return vmtrunc::Run<LargeCaps>(draft, target.wrong, quietly)
             .breaks(target.bug->property) &&
         vmtrunc::Run<LargeCaps>(draft, target.right, quietly).holds();
}

void SortUnique(Features& features) {
  std::sort(features.begin(), features.end());
  features.erase(std::unique(features.begin(), features.end()), features.end());
}

uint64_t BytesOf(const Draft& draft) {
  return kHeaderBytes + kRecordBytes * draft.events.size();
}

}  // namespace

Reach::Reach(std::vector<Rules> kernels, const ReachOptions& options)
    : kernels_(std::move(kernels)), options_(options) {
  first_state_ = static_cast<uint32_t>(BranchCount());
  if (options.classes) first_state_ *= kClasses;
  per_kernel_ = first_state_ + kStates;
  first_bug_ = Base(static_cast<uint32_t>(kernels_.size()) - 1) + per_kernel_;
  if (kernels_.empty()) first_bug_ = per_kernel_;
}

uint32_t Reach::Run(const Draft& draft, uint32_t kernel,
                    Features& features) const {
  const uint32_t base = Base(kernel);
  std::vector<uint8_t> taken(BranchCount()), seen(kStates);
  const RunResult run =
      RunCovered(draft, kernels_[kernel],
                 {.hash_state = false, .features = seen.data()}, taken);
  for (uint32_t i = 0; i < taken.size(); ++i)
    if (taken[i] != 0)
      features.push_back(base + (options_.classes
                                     ? i * kClasses + CountClass(taken[i]) - 1
                                     : i));
  for (uint32_t i = 0; options_.states && i < kStates; ++i)
    if (seen[i] != 0) features.push_back(base + first_state_ + i);
  return run.steps;
}

ReachedBy Reach::Of(const Draft& draft) const {
  ReachedBy reached{.features = {}, .weight = BytesOf(draft)};
  for (uint32_t kernel = 0; kernel < kernels_.size(); ++kernel)
    reached.weight += Run(draft, kernel, reached.features);
  for (uint32_t i = 0; i < Targets().size(); ++i)
    if (Detects(draft, Targets()[i]))
      reached.features.push_back(first_bug_ + i);
  SortUnique(reached.features);
  return reached;
}

bool Reach::Has(const Draft& draft, const Features& wanted) const {
  Features left;
  for (const uint32_t feature : wanted) {
    if (feature < first_bug_)
      left.push_back(feature);
    else if (!Detects(draft, Targets()[feature - first_bug_]))
      return false;
  }
  for (uint32_t kernel = 0; kernel < kernels_.size() && !left.empty();
       ++kernel) {
    // Ascending: features of an earlier kernel that have been passed are
    // missing.
    if (options_.per_kernel && left.front() < Base(kernel)) return false;
    if (options_.per_kernel && left.front() >= Base(kernel + 1)) continue;
    Features has, rest;
    Run(draft, kernel, has);
    std::sort(has.begin(), has.end());
    std::set_difference(left.begin(), left.end(), has.begin(), has.end(),
                        std::back_inserter(rest));
    left = std::move(rest);
  }
  return left.empty();
}

FeatureCounts Reach::Count(const Features& features) const {
  FeatureCounts counts;
  for (const uint32_t feature : features) {
    if (feature >= first_bug_)
      ++counts.bugs;
    else if (feature % per_kernel_ >= first_state_)
      ++counts.states;
    else
      ++counts.branches;
  }
  return counts;
}

std::string Reach::Name(uint32_t feature) const {
  if (options_.per_kernel && feature < first_bug_) {
    Reach one({kernels_[feature / per_kernel_]},
              {.classes = options_.classes, .states = options_.states});
    return absl::StrFormat("%s on kernel %u", one.Name(feature % per_kernel_),
                           feature / per_kernel_);
  }
  constexpr const char* kTimes[kClasses] = {"once",
                                            "twice",
                                            "3 times",
                                            "4 to 7 times",
                                            "8 to 15 times",
                                            "16 to 31 times",
                                            "32 to 127 times",
                                            "128 times or more"};
  if (feature >= first_bug_) return Targets()[feature - first_bug_].bug->name;
  if (feature >= first_state_)
    return absl::StrFormat("abstract state %u", feature - first_state_);
  if (!options_.classes) return absl::StrFormat("branch %u", feature);
  return absl::StrFormat("branch %u %s", feature / kClasses,
                         kTimes[feature % kClasses]);
}

void ShrinkKept(const Reach& reach, const std::vector<uint32_t>& kept,
                const Features& had, std::vector<Draft>& drafts,
                std::vector<ReachedBy>& reached,
                const std::function<void()>& on_shrunk) {
  for (const uint32_t one : kept) {
    Features others;
    for (const uint32_t other : kept)
      if (other != one)
        others.insert(others.end(), reached[other].features.begin(),
                      reached[other].features.end());
    SortUnique(others);
    Features needed;
    std::set_difference(had.begin(), had.end(), others.begin(), others.end(),
                        std::back_inserter(needed));
    // The coverage of an event without an effect may be needed as well.
    const Judge judge = [&](const Draft& draft,
                            bool* counts) -> std::optional<size_t> {
      std::fill_n(counts, draft.events.size(), true);
      if (!reach.Has(draft, needed)) return std::nullopt;
      return 0;
    };
    drafts[one] = Shrink(drafts[one], judge, Effort::kQuick).draft;
    reached[one] = reach.Of(drafts[one]);
    on_shrunk();
  }
}

}  // namespace vmtrunc::search
