// vmtrunc prove --lasso.
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/write.h"
#include "cli/input.h"
#include "cli/prove.h"
#include "core/version.h"
#include "search/lasso.h"

namespace vmtrunc::cli {
namespace {

// Prints stem and loop separately.
std::string LassoText(const search::LassoResult& lasso) {
  Script stem = lasso.script;
  stem.events.resize(lasso.stem);
  std::string text = ToText(stem) + "# the loop\n";
  for (size_t i = lasso.stem; i < lasso.script.events.size(); ++i)
    absl::StrAppend(&text, ToText(lasso.script.events[i], lasso.script), "\n");
  return text;
}

}  // namespace

int FindIt(const ProveArguments& o, const Asked& asked) {
  if (asked.within.passes == 0)
    throw base::UsageError{
        asked.what +
        ": expected a pass, which may drop its lock (--lasso looks "
        "for one that does so for ever)"};
  std::optional<base::OutputFile> out;
  if (!o.out.empty()) out.emplace(o.out);
  search::ProveOptions options = OptionsOf(o.bound);
  options.rules = asked.rules;
  ShowProgress show;
  options.on_progress = [&](const search::ProveProgress& p) { show(p); };
  search::LassoResult lasso = search::FindLasso(asked.problem, options);
  show.End();
  lasso.script.kernel = asked.kernel;
  const bool loops = lasso.answer == search::Answer::kBreaks;
  const size_t loop = lasso.script.events.size() - lasso.stem;
  if (o.json) {
    nlohmann::json json = {{"version", kJsonVersion},
                           {"kernel", asked.kernel.ToString()},
                           {"bound", asked.what},
                           {"within", asked.within.words},
                           {"left_out", asked.within.left_out},
                           {"answer", loops ? "lasso" : Word(lasso.answer)},
                           {"states", lasso.states},
                           {"edges", lasso.edges}};
    if (lasso.answer == search::Answer::kRanOut)
      json["why"] = search::Words(lasso.ran_out);
    if (loops) {
      json["stem_events"] = lasso.stem;
      json["loop_events"] = loop;
      json["script"] = LassoText(lasso);
    }
    std::cout << json.dump(2) << "\n";
  } else if (loops) {
    std::cout << absl::StreamFormat(
        "%s: %s: a lasso, %s states\nafter %d events, the pass of task %s can "
        "drop its lock for ever in rounds of %d events, while every task in "
        "flight moves or waits for a lock in each; not proved shortest\n\n%s",
        asked.kernel.Name(), asked.what, Size(lasso.states), lasso.stem,
        lasso.script.task_names[lasso.task], loop, LassoText(lasso));
  } else {
    std::cout << absl::StreamFormat(
        "%s: %s: %s%s, %s states, %s edges\n", asked.kernel.Name(), asked.what,
        lasso.answer == search::Answer::kHolds ? "no lasso" : "",
        RanOutInWords(lasso.ran_out), Size(lasso.states), Size(lasso.edges));
    if (lasso.answer == search::Answer::kRanOut)
      std::cout << absl::StreamFormat(
          "no verdict: it came %d steps deep%s\n", lasso.depth,
          lasso.ran_out == search::RanOut::kMemory
              ? "; " + MemoryInWords(o.bound, options)
              : "");
    else if (!asked.rules.drop_lock)
      std::cout << "this kernel drops no lock\n";
    std::cout << InWords(asked.within);
  }
  if (loops && out) {
    std::cout << std::flush;
    out->Write(LassoText(lasso));
  }
  return loops                                     ? base::kExitBroken
         : lasso.answer == search::Answer::kRanOut ? base::kExitRanOut
                                                   : base::kExitHeld;
}

}  // namespace vmtrunc::cli
