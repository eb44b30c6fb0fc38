// vmtrunc shrink.
#include "search/shrink.h"

#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_format.h"
#include "base/place.h"
#include "base/progress.h"
#include "base/shown.h"
#include "base/stop.h"
#include "base/write.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/to_run.h"
#include "core/version.h"
#include "report/json_text.h"
#include "report/verdict.h"

namespace vmtrunc::cli {
namespace {

struct ShrinkArguments {
  std::string file, from, kernel, property, unlike, out;
  bool quick = false, thorough = false, why = false, json = false;
};

// The script, and the violation.
struct Failure {
  KernelSpec kernel;
  Rules rules;
  search::Reason reason;
};

// The property that is named, or the one that the script expects to be violated
// on this kernel, as it does when it was shrunk before; kProperties: neither.
int AskedProperty(const ShrinkArguments& o, const Script& script,
                  const KernelSpec& kernel) {
  int asked = kProperties;
  if (!o.property.empty()) {
    asked = NameProperty(o.property);
    if (asked == kProperties)
      throw base::UsageError{"--property " + o.property +
                             ": expected a property"};
    return asked;
  }
  for (const Expect& expect : script.expects) {
    if (expect.broken < 0 || !expect.spec || *expect.spec != kernel) continue;
    if (asked != kProperties && asked != expect.broken) return kProperties;
    asked = expect.broken;
  }
  if (asked == kProperties) return asked;
  NameProperty(Name(static_cast<Property>(asked)));
  return Run(script, kernel.rules()).breaks(static_cast<Property>(asked))
             ? asked
             : kProperties;
}

Failure FailureOf(const ShrinkArguments& o, const Script& script) {
  const KernelSpec kernel = OnlyKernel(o.kernel, script, o.file);
  Failure failure{.kernel = kernel, .rules = kernel.rules(), .reason = {}};
  const int asked = AskedProperty(o, script, failure.kernel);
  const RunResult run = Run(script, failure.rules);
  const Property property =
      asked == kProperties ? run.first.property : static_cast<Property>(asked);
  if (run.holds() || !run.breaks(property))
    throw base::UsageError{absl::StrFormat(
        "%s: expected a script that violates %s on %s: it %s",
        base::Shown(o.file), o.property.empty() ? "a property" : o.property,
        failure.kernel.Name(),
        run.holds() ? "holds"
                    : std::string("violates ") + Name(run.first.property))};
  failure.reason = search::ReasonOf(script, failure.kernel, property);
  if (!o.unlike.empty()) {
    failure.reason.unlike = OneKernel(o.unlike, "--unlike");
    if (!Run(script, failure.reason.unlike->rules()).holds())
      throw base::UsageError{
          absl::StrFormat("%s: expected a script that holds on %s (--unlike)",
                          base::Shown(o.file), failure.reason.unlike->Name())};
  }
  return failure;
}

// A change of one event, and its effect, for `--why`.
struct Changed {
  std::string what;     // "without it"
  std::string happens;  // "2.6.11 holds"
};

std::string Happens(const Failure& failure, const Draft& draft) {
  const RunResult run = Run<LargeCaps>(
      draft, failure.rules,
      {.hash_state = false, .report = Bit(failure.reason.property)});
  const std::string kernel = failure.kernel.Name();
  if (run.holds()) return kernel + " holds";
  if (!run.breaks(failure.reason.property)) {
    int other = 0;
    while ((run.broken >> other & 1) == 0) ++other;
    return kernel + " violates " + Name(static_cast<Property>(other)) +
           " instead";
  }
  if (!search::Shows(failure.rules, failure.reason)(draft))
    return "another bug: " + kernel + " violates it too, " +
           (failure.reason.unlike
                ? "and so does " + failure.reason.unlike->Name()
                : "elsewhere");
  return kernel + " violates it too, in a larger script";
}

std::vector<Changed> Needs(const Failure& failure, const Draft& draft,
                           size_t at) {
  std::vector<Changed> all;
  const auto with = [&](const std::string& what, auto change) {
    Draft other = draft;
    change(other.events);
    all.push_back({what, Happens(failure, other)});
  };
  with("without it", [&](std::vector<Event>& events) {
    events.erase(events.begin() + static_cast<std::ptrdiff_t>(at));
  });
  if (draft.events[at].kind == EventKind::kDrop)
    with("if the lock is not dropped", [&](std::vector<Event>& events) {
      events[at] = {.kind = EventKind::kFinish, .task = events[at].task};
    });
  if (draft.events[at].kind == EventKind::kBegin)
    with("if it runs whole", [&](std::vector<Event>& events) {
      events[at].kind = EventKind::kStart;
    });
  return all;
}

std::string CostInWords(const search::Cost& cost) {
  return absl::StrFormat(
      "Events %u, task switches %u, drops %u, arguments %u, declarations %u",
      cost.events, cost.switches, cost.drops, cost.arguments,
      cost.declarations);
}

// The script with the results in comments, so that it can be run.
std::string Told(const ShrinkArguments& o, const Failure& failure,
                 const Script& script, const search::Shrunk& shrunk) {
  const RunResult run = Run<LargeCaps>(
      script, failure.rules, {.report = Bit(failure.reason.property)});
  std::string text = absl::StrFormat(
      "# %s violates %s at event %u: %s\n"
      "# Reason: %s. %s; not proved shortest.\n",
      failure.kernel.Name(), Name(failure.reason.property), run.first.event,
      run.first.ToString(), failure.reason.ToString(),
      CostInWords(shrunk.cost));
  if (shrunk.ran_out)
    text += "# Ran out of memory: more of it may make it smaller.\n";
  if (!o.why) return text + ToText(script);
  text += "# What each event is needed for:\n";
  for (size_t i = 0; i < script.events.size(); ++i)
    for (const Changed& need : Needs(failure, shrunk.draft, i))
      absl::StrAppendFormat(&text, "#   %u  %-28s %s: %s\n", i + 1,
                            ToText(script.events[i], script), need.what,
                            need.happens);
  return text + ToText(script);
}

nlohmann::json ToJson(const ShrinkArguments& o, const Failure& failure,
                      const Script& script, const search::Shrunk& shrunk,
                      size_t events) {
  nlohmann::json needs = nlohmann::json::array();
  for (size_t i = 0; o.why && i < script.events.size(); ++i)
    for (const Changed& need : Needs(failure, shrunk.draft, i))
      needs.push_back({{"event", i + 1},
                       {"without", need.what},
                       {"happens", need.happens}});
  nlohmann::json json = {{"version", kJsonVersion},
                         {"file", o.file},
                         {"kernel", failure.kernel.ToString()},
                         {"property", Name(failure.reason.property)},
                         {"reason", failure.reason.ToString()},
                         {"events_before", events},
                         {"events", shrunk.cost.events},
                         {"switches", shrunk.cost.switches},
                         {"drops", shrunk.cost.drops},
                         {"arguments", shrunk.cost.arguments},
                         {"declarations", shrunk.cost.declarations},
                         {"evaluations", shrunk.evaluations},
                         {"script", ToText(script)}};
  if (o.why) json["why"] = needs;
  if (shrunk.ran_out) json["ran_out"] = true;
  return json;
}

// A result that cannot be written is still printed.
void Keep(const ShrinkArguments& o, const base::OutputFile& out,
          const std::string& told) {
  try {
    out.Write(told);
  } catch (const base::UsageError&) {
    if (!o.json && !base::IsStandardOutput(o.out))
      std::cout << told << std::flush;
    throw;
  }
}

int ShrinkFile(const ShrinkArguments& o) {
  base::ExpectOtherFile("-o", o.out, o.file);
  if (o.json) base::ExpectFile("-o", o.out);
  base::EndOnSignals("vmtrunc shrink: stopped; nothing was written");
  const Script original = ReadToRun(o.file, o.from, o.kernel).script;
  const Failure failure = FailureOf(o, original);
  std::optional<base::OutputFile> out;
  if (!o.out.empty()) out.emplace(o.out);
  base::ProgressLine progress;
  const auto show = [&](const search::Best& best) {
    if (progress.IsDue())
      progress.Show(absl::StrFormat("%u events, %u scripts run",
                                    best.cost().events, best.evaluations()));
  };
  const search::Shrunk shrunk =
      search::Shrink(original, failure.rules, failure.reason,
                     o.quick      ? search::Effort::kQuick
                     : o.thorough ? search::Effort::kThorough
                                  : search::Effort::kDefault,
                     show);
  progress.End();

  Script script = ScriptOf(shrunk.draft);
  SetKernel(failure.kernel, script);
  script.expects.push_back(
      {.kernel = failure.kernel.ToString(),
       .spec = failure.kernel,
       .broken = static_cast<int>(failure.reason.property)});
  if (failure.reason.unlike)
    script.expects.push_back({.kernel = failure.reason.unlike->ToString(),
                              .spec = failure.reason.unlike});
  // As it will be read.
  const absl::StatusOr<Script> again = ParseText(ToText(script));
  if (!again.ok() || !search::Shows(failure.rules, failure.reason)(*again))
    throw base::UsageError{base::Shown(o.file) +
                           ": shrunk to what does not show it again: " +
                           "this is a mistake of vmtrunc; nothing was written"};

  const std::string told = Told(o, failure, script, shrunk);
  base::StopOnSignals();  // only for this part
  if (o.json)
    std::cout << report::JsonText(
                     ToJson(o, failure, script, shrunk, original.events.size()))
              << "\n"
              << std::flush;
  else if (!out)
    std::cout << told;
  if (out) Keep(o, *out, told);
  if (out && !o.json && !base::IsStandardOutput(o.out)) {
    std::cout << absl::StrFormat("%s: %u events, minimised from %u in %u runs",
                                 base::Shown(o.out), shrunk.cost.events,
                                 original.events.size(), shrunk.evaluations);
    if (base::CanBeNamedLater(o.out))
      std::cout << "; run it: vmtrunc run "
                << report::OptionFor(failure.reason.property)
                << base::PathWord(o.out);
    std::cout << "\n";
  }
  if (!shrunk.ran_out) return base::kExitHeld;
  std::cerr << "vmtrunc shrink: ran out of memory after " << shrunk.evaluations
            << " scripts; this is the best so far\n";
  return base::kExitRanOut;
}

}  // namespace

void AddShrink(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "shrink",
      "minimises a script that violates a property, and prints "
      "it.\nExit status: 0 done, 2 bad usage or input, a script that holds "
      "too, 3 ran out of memory: the best so far, or "
      "stopped: nothing.");
  auto o = std::make_shared<ShrinkArguments>();
  sub->add_option("FILE", o->file, "a script, - for standard input; it is kept")
      ->required();
  sub->add_option("-o,--out", o->out, "write to this file");
  sub->add_option("--kernel", o->kernel,
                  "the kernel; else the script's own, else 2.6.11");
  sub->add_option("--property", o->property,
                  "the property; else the one that it expects to be violated, "
                  "else the one it violates first");
  sub->add_option("--unlike", o->unlike,
                  "keep the root cause: the script must hold on this kernel; "
                  "default: on the kernel with one rule flipped, where one "
                  "rule repairs it");
  sub->add_option("--from", o->from, "the form of FILE; else its name says")
      ->check(CLI::IsMember({"text", "bytes"}));
  CLI::Option* quick = sub->add_flag(
      "--quick", o->quick, "only remove, join, move and simplify events");
  sub->add_flag("--thorough", o->thorough,
                "also what seldom pays: some 100 times as long, and other "
                "starts end more often in the same script")
      ->excludes(quick);
  sub->add_flag("--why", o->why,
                "say for each event that is left what happens without it");
  sub->add_flag("--json", o->json, "as JSON");
  sub->callback([=, &run] { run = [=] { return ShrinkFile(*o); }; });
}

}  // namespace vmtrunc::cli
