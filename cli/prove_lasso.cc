// vmtrunc prove --lasso.
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/shown.h"
#include "base/write.h"
#include "cli/input.h"
#include "cli/prove.h"
#include "core/version.h"
#include "report/json_text.h"
#include "search/lasso.h"

namespace vmtrunc::cli {
namespace {

// Prints stem and loop separately.
std::string LassoText(const search::LassoResult& lasso) {
  Script stem = lasso.script;
  stem.events.resize(lasso.stem);
  std::string text = ToText(stem);
  if (lasso.stem == lasso.script.events.size()) return text;
  text += "# the loop\n";
  for (size_t i = lasso.stem; i < lasso.script.events.size(); ++i)
    absl::StrAppend(&text, ToText(lasso.script.events[i], lasso.script), "\n");
  return text;
}

search::Fairness FairnessOf(const std::string& word) {
  return word == "none"   ? search::Fairness::kNone
         : word == "weak" ? search::Fairness::kWeak
                          : search::Fairness::kStrong;
}

// What the tasks in flight do in each round of a loop.
const char* InWords(search::Fairness fairness) {
  switch (fairness) {
    case search::Fairness::kNone:
      return "whatever the other tasks in flight could do";
    case search::Fairness::kWeak:
      return "while every task in flight moves or waits for a lock in each";
    case search::Fairness::kStrong:
      return "while every task in flight that can move in one moves in each";
  }
  return "";
}

// A search, and what it found.
struct Found {
  const ProveArguments& o;
  const Asked& asked;
  const search::ProveOptions& options;
  search::Fairness fairness;
  search::LassoResult lasso;

  bool loops() const { return lasso.answer == search::Answer::kBreaks; }
  size_t loop() const { return lasso.script.events.size() - lasso.stem; }
};

nlohmann::json ToJson(const Found& found) {
  const search::LassoResult& lasso = found.lasso;
  const bool always = found.o.eventually.empty();
  nlohmann::json json = {
      {"version", kJsonVersion},
      {"kernel", found.asked.kernel.ToString()},
      {"bound", found.asked.what},
      {"within", found.asked.within.words},
      {"left_out", found.asked.within.left_out},
      {"fairness", found.o.fairness},
      {"answer", always && found.loops() ? "lasso" : Word(found.lasso.answer)},
      {"states", lasso.states},
      {"edges", lasso.edges},
      {"beyond", lasso.beyond}};
  if (!always) json["eventually"] = found.o.eventually;
  if (lasso.answer == search::Answer::kRanOut)
    json["why"] = search::Words(lasso.ran_out);
  if (!found.loops()) return json;
  json["stem_events"] = lasso.stem;
  json["loop_events"] = found.loop();
  json["script"] = LassoText(lasso);
  return json;
}

void PrintLoop(const Found& found) {
  const search::LassoResult& lasso = found.lasso;
  const std::string head =
      absl::StrFormat("%s: %s: ", found.asked.kernel.Name(), found.asked.what);
  if (found.o.eventually.empty()) {
    std::cout << head
              << absl::StreamFormat(
                     "a lasso, %s states\nafter %d events, the pass of task %s "
                     "can drop its lock for ever in rounds of %d events, %s; "
                     "not proved shortest\n\n%s",
                     Size(lasso.states), lasso.stem,
                     lasso.script.task_names[lasso.task], found.loop(),
                     InWords(found.fairness), LassoText(lasso))
              << TooLongInWords(lasso.script);
    return;
  }
  std::cout << head
            << absl::StreamFormat(
                   "breaks, %s states\nafter %d events %s is false ",
                   Size(lasso.states), lasso.stem,
                   base::Shown(found.o.eventually));
  if (found.loop() != 0)
    std::cout << absl::StreamFormat(
        "for ever in rounds of %d events, %s; not proved shortest\n\n",
        found.loop(), InWords(found.fairness));
  else
    std::cout
        << (lasso.idle
                ? "and nothing is in flight: no operation has to begin\n\n"
                : "and nothing that is in flight can move\n\n");
  std::cout << LassoText(lasso) << TooLongInWords(lasso.script);
}

void PrintNoLoop(const Found& found) {
  const search::LassoResult& lasso = found.lasso;
  const bool ran_out = lasso.answer == search::Answer::kRanOut;
  std::cout << absl::StreamFormat("%s: %s: %s%s, %s states, %s edges\n",
                                  found.asked.kernel.Name(), found.asked.what,
                                  ran_out                      ? ""
                                  : found.o.eventually.empty() ? "no lasso"
                                                               : "holds",
                                  RanOutInWords(lasso.ran_out),
                                  Size(lasso.states), Size(lasso.edges));
  if (ran_out)
    std::cout << absl::StreamFormat(
        "no verdict: it came %d steps deep%s\n", lasso.depth,
        lasso.ran_out == search::RanOut::kMemory
            ? "; " + MemoryInWords(found.o.bound, found.options)
            : "");
  else if (!found.o.eventually.empty())
    std::cout << "from every state on, in every run, "
              << base::Shown(found.o.eventually)
              << " comes true; fairness: " << found.o.fairness << "\n";
  else if (!found.asked.rules.drop_lock)
    std::cout << "this kernel drops no lock\n";
  if (lasso.beyond != 0) std::cout << BeyondInWords(lasso.beyond);
  std::cout << InWords(found.asked.within);
}

}  // namespace

int FindIt(const ProveArguments& o, const Asked& asked) {
  if (asked.within.passes == 0 && o.lasso)
    throw base::UsageError{
        asked.what +
        ": expected a pass, which may drop its lock (--lasso looks "
        "for one that does so for ever)"};
  const search::LassoOptions lasso{
      FairnessOf(o.fairness), ConditionOf("--eventually", o.eventually, asked)};
  std::optional<base::OutputFile> out;
  if (!o.out.empty()) out.emplace(o.out);
  search::ProveOptions options = OptionsOf(o.bound);
  options.rules = asked.rules;
  ShowProgress show;
  options.on_progress = [&](const search::ProveProgress& p) { show(p); };
  Found found{o, asked, options, lasso.fairness,
              search::FindLasso(asked.problem, options, lasso)};
  show.End();
  SetKernel(asked.kernel, found.lasso.script);
  if (o.json)
    std::cout << report::JsonText(ToJson(found)) << "\n";
  else if (found.loops())
    PrintLoop(found);
  else
    PrintNoLoop(found);
  if (found.loops() && out) {
    std::cout << std::flush;
    out->Write(LassoText(found.lasso));
  }
  return found.loops()                                   ? base::kExitBroken
         : found.lasso.answer == search::Answer::kRanOut ? base::kExitRanOut
                                                         : base::kExitHeld;
}

}  // namespace vmtrunc::cli
