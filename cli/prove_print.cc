// The output of vmtrunc prove.
#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/shown.h"
#include "cli/prove.h"
#include "cli/prove_shard.h"
#include "core/version.h"

namespace vmtrunc::cli {
namespace {

const char* DepthIsIn(const ProveArguments& o,
                      const search::ProveResult& result) {
  return result.is_reduced ? "moves" : o.steps ? "steps" : "events";
}

// How far the search got, and how it could be completed.
void PrintRanOut(const Told& told) {
  const ProveArguments& o = told.o;
  const search::ProveResult& result = told.result;
  const search::ProveProgress& p = result.progress;
  const std::string end =
      result.stopped ? "stopped" : RanOutInWords(result.ran_out);
  if (result.levels.empty() || p.states == 0) {
    std::cout << end << ": nothing was searched\n";
  } else {
    const std::string far =
        absl::StrFormat("everything up to %d %s",
                        p.depth == 0 ? 0 : p.depth - 1, DepthIsIn(o, result));
    std::cout << absl::StreamFormat(
        "%s: %s, and %s of the %s states after them are expanded\n", end,
        LookedFor(o).empty() ? far + " holds" : HoldsInWords(o) + " in " + far,
        Size(result.levels.back() - p.left), Size(result.levels.back()));
  }
  const size_t n = result.levels.size();
  if (n >= 3 && result.levels[n - 2] != 0)
    std::cout << absl::StreamFormat(
        "the last level has %.1f times as many states as the one before\n",
        double(result.levels[n - 1]) / double(result.levels[n - 2]));
  const bool memory = result.ran_out == search::RanOut::kMemory;
  if (memory)
    std::cout << MemoryInWords(o.bound, told.options)
              << (result.refused ? "; the machine gave no more\n" : "\n");
  if (!o.checkpoint.empty() || !o.exchange.empty())
    std::cout << absl::StreamFormat(
        "with the same %s it resumes from there\n",
        o.exchange.empty() ? "--checkpoint" : "--exchange");
  else if (!memory)
    std::cout << "with --checkpoint DIR it could resume from there\n";
  if (!result.stopped)
    std::cout << absl::StreamFormat(
        "to come to an end: %s or fewer --verbs; more --%s%s\n",
        told.asked.problem.closed ? "--pages, --vmas, --offsets, --mms"
                                  : "--operations, --pages, --mms",
        memory ? "memory" : "seconds",
        told.asked.problem.closed ? "" : ", or more shards");
  std::cout << InWords(told.asked.within);
}

std::string HowFew(const ProveArguments& o, const search::ProveResult& result) {
  if (!o.exchange.empty()) return "not proved the fewest (--exchange)";
  if (o.steps) return "not proved the fewest (--steps)";
  if (o.reduce) return "not proved the fewest (--reduce)";
  if (!result.fewest) {
    const std::string begin = "not proved the fewest: it";
    if (!result.why.empty())
      return absl::StrCat(begin, "s checkpoint could not be used: ",
                          base::ShownInError(result.why));
    return absl::StrCat(
        begin, " ",
        result.stopped ? "was stopped" : RanOutInWords(result.ran_out));
  }
  if (!o.shard.empty()) return "the fewest in this shard";
  return o.from.empty() ? "the fewest within the bound"
                        : "the fewest of all its schedules";
}

std::string Searched(const ProveArguments& o,
                     const search::ProveResult& result) {
  const search::ProveProgress& p = result.progress;
  const std::string states =
      absl::StrFormat("%s states, %s transitions, %d %s deep", Size(p.states),
                      Size(p.transitions), p.depth, DepthIsIn(o, result));
  if (result.is_reduced) return states + ", reduced";
  if (result.reduced.states == 0) return states;
  return absl::StrFormat("%s states reduced, then %s",
                         Size(result.reduced.states), states);
}

void PrintShard(const Asked& asked, const ProveArguments& o,
                const search::ProveResult& result) {
  if (!o.exchange.empty()) {
    std::cout << absl::StreamFormat("shard %s has %s of the states\n", o.shard,
                                    Size(result.own));
    return;
  }
  const search::Problem part =
      search::PartOf(asked.problem, ParseShard(o.shard));
  std::cout << absl::StreamFormat("shard %s: %d of %d starts", o.shard,
                                  part.starts.size(),
                                  asked.problem.starts.size());
  if (part.first_shares != 1)
    std::cout << absl::StreamFormat(
        ", and a part of what may begin first there, %d of 0..%d",
        part.first_share, part.first_shares - 1);
  if (part.first_shares != 1 && result.progress.transitions == 0)
    std::cout << ": nothing is left for it, this cannot be split so far";
  std::cout << "\n";
}

// For one property that nothing within the bound can violate.
std::string WhyItCannotBreak(const Told& told) {
  const int number = PropertyNumber(told.o.property);
  if (told.o.property.empty() || told.result.answer != search::Answer::kHolds)
    return "";
  return CannotBreak(static_cast<Property>(number), told.asked.problem,
                     told.asked.rules);
}

}  // namespace

const char* Word(search::Answer answer) {
  constexpr const char* kWords[] = {"holds", "breaks", "ran out"};
  return kWords[static_cast<size_t>(answer)];
}

std::string Violated(const ProveArguments& o, bool of_invariant,
                     Property property) {
  return of_invariant ? "always " + o.always : Name(property);
}

std::string LookedFor(const ProveArguments& o) {
  const bool both = !o.property.empty() && !o.always.empty();
  return absl::StrCat(o.property, both ? " and " : "",
                      o.always.empty() ? "" : "always ", base::Shown(o.always));
}

std::string HoldsInWords(const ProveArguments& o) {
  const std::string what = LookedFor(o);
  const bool both = !o.property.empty() && !o.always.empty();
  return absl::StrCat(what, what.empty() ? "" : " ", both ? "hold" : "holds");
}

const char* ReplaysInWords(bool replays) {
  return replays ? ""
                 : "(with so few structs alone, first in, first out: `vmtrunc "
                   "run` has 64)\n";
}

std::string TooLongInWords(const Script& script) {
  return script.events.size() <= kMaxEvents
             ? ""
             : absl::StrCat("(`vmtrunc run` reads ", kMaxEvents,
                            " events at most: this has more)\n");
}

std::string BeyondInWords(uint64_t beyond) {
  return absl::StrFormat(
      "%s events needed more structs, tasks or file offsets than the bound "
      "has, and were left out\n",
      Size(beyond));
}

bool OneSearch(const ProveArguments& o) {
  return o.whole || o.steps || o.reduce;
}

nlohmann::json ToJson(const Told& told) {
  const Asked& asked = told.asked;
  const ProveArguments& o = told.o;
  const search::ProveResult& result = told.result;
  nlohmann::json json = {{"version", kJsonVersion},
                         {"kernel", asked.kernel.ToString()},
                         {"bound", asked.what},
                         {"within", asked.within.words},
                         {"left_out", asked.within.left_out},
                         {"answer", Word(result.answer)},
                         {"states", result.progress.states},
                         {"transitions", result.progress.transitions},
                         {"depth", result.progress.depth},
                         {"depth_is_in", DepthIsIn(o, result)},
                         {"reduced", result.is_reduced},
                         {"states_by_depth", result.levels},
                         {"beyond", result.beyond},
                         {"bytes", result.progress.bytes},
                         {"bytes_allowed", told.options.most_bytes},
                         {"seconds", told.seconds}};
  if (!o.exchange.empty()) json["own_states"] = result.own;
  if (!o.always.empty()) json["always"] = o.always;
  if (!o.property.empty()) json["only"] = o.property;
  const std::string cannot = WhyItCannotBreak(told);
  if (!cannot.empty()) json["cannot_break"] = cannot;
  if (result.answer == search::Answer::kRanOut) {
    json["why"] = search::Words(result.ran_out);
    json["expanded"] = result.progress.expanded;
    json["left"] = result.progress.left;
  }
  if (result.reduced.states != 0)
    json["reduced_search"] = {{"states", result.reduced.states},
                              {"transitions", result.reduced.transitions}};
  if (result.answer == search::Answer::kBreaks) {
    const bool any = OneSearch(o) || !o.exchange.empty();
    json["fewest"] = !any || o.whole ? result.fewest : false;
    if (!result.of_invariant) json["property"] = Name(result.property);
    json["replays"] = result.replays;
    json["script"] = ToText(result.script);
  }
  return json;
}

void Print(const Told& told) {
  const Asked& asked = told.asked;
  const ProveArguments& o = told.o;
  const search::ProveResult& result = told.result;
  const search::ProveProgress& p = result.progress;
  std::cout << absl::StreamFormat(
      "%s: %s: %s, %s, %.1f s, %.0f bytes a state\n", asked.kernel.Name(),
      asked.what, Word(result.answer), Searched(o, result), told.seconds,
      p.states == 0 ? 0.0
                    : double(p.bytes) /
                          double(o.exchange.empty() ? p.states : result.own));
  if (!o.shard.empty()) PrintShard(asked, o, result);
  if (result.resumed != 0)
    std::cout << absl::StreamFormat(
        "resumed from %s with %s states\n",
        o.exchange.empty() ? "a checkpoint" : "its part", Size(result.resumed));
  if (result.beyond != 0) std::cout << BeyondInWords(result.beyond);
  if (result.answer == search::Answer::kRanOut) return PrintRanOut(told);
  if (result.answer == search::Answer::kHolds) {
    std::cout << absl::StreamFormat(
        "%s %s; %s\n", HoldsInWords(o),
        !o.shard.empty() && o.exchange.empty() ? "in this shard"
        : asked.problem.closed ? "in this world for any number of operations"
        : o.from.empty()       ? "to the bound"
                               : "in all its schedules",
        o.exact ? "states were compared whole"
                : absl::StrFormat(
                      "probability of a missed state below %.0e",
                      double(p.states) * double(p.states) / 1.8446744e19));
    if (asked.problem.closed &&
        (told.options.properties & Bit(Property::kNoDeadlock)) != 0)
      std::cout << "from every state all that is in flight can end\n";
    std::cout << InWords(asked.within);
    const std::string cannot = WhyItCannotBreak(told);
    if (!cannot.empty())
      std::cout << o.property << " cannot break here: " << cannot << "\n";
    return;
  }
  std::cout << absl::StreamFormat(
      "violates %s: %d events, %s\n%s%s\n%s",
      base::Shown(Violated(o, result.of_invariant, result.property)),
      result.script.events.size(), HowFew(o, result),
      ReplaysInWords(result.replays), TooLongInWords(result.script),
      ToText(result.script));
}

}  // namespace vmtrunc::cli
