// vmtrunc explain.
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/place.h"
#include "base/shown.h"
#include "base/streams.h"
#include "base/write.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/terminal.h"
#include "cli/to_run.h"
#include "core/version.h"
#include "report/explain/brief.h"
#include "report/explain/bug_shown.h"
#include "report/explain/cause.h"
#include "report/explain/contrast.h"
#include "report/explain/fact_json.h"
#include "report/explain/page.h"
#include "report/explain/story_json.h"
#include "report/explain/text.h"
#include "report/explain/why.h"
#include "report/explain/words.h"
#include "report/json_text.h"

namespace vmtrunc::cli {
namespace {

struct ExplainArguments {
  std::string file, kernel, against, from, html, property, colour = "auto";
  bool steps = false, json = false, brief = false;
};

// The kernel of an option that takes only one.
KernelSpec TheKernel(const ExplainArguments& o, const Script& script) {
  const auto kernels = Kernels(o.kernel, script, o.file, "2.6.11");
  if (kernels.size() != 1)
    throw base::UsageError{"--kernel " + o.kernel +
                           ": expected one kernel; --against names another"};
  return kernels[0];
}

// "FILE on K holds (...)".
std::string Verdict(const ToRun& it, const report::Story& story) {
  return absl::StrFormat("%s on %s %s%s", base::Shown(story.path),
                         story.kernel.Name(), report::VerdictInWords(story),
                         HowItRan(it));
}

void PrintStory(const ExplainArguments& o, const ToRun& it,
                const report::Story& story, const report::Story* other) {
  const report::Look look = LookOfOutput(o.colour);
  std::cout << report::Wrapped(Verdict(it, story), 2, look.columns) << "\n\n";
  if (story.result.holds() || story.rows.empty()) {
    std::cout << report::ToText(story, nullptr, look);
  } else {
    const report::Cause cause = report::FindCause(story);
    std::cout << report::ToText(story, &cause, look) << "\n"
              << report::Wrapped(report::Why(story, cause), 0, look.columns)
              << "\n";
  }
  if (other == nullptr) return;
  std::cout << "\n"
            << report::PartingText(story, *other, look.columns) << "\n"
            << report::Wrapped(report::TextOf(report::WhyNot(*other, story)), 0,
                               look.columns)
            << "\n";
}

// The bug, four sentences, and where to find more.
void PrintBrief(const ExplainArguments& o, const ToRun& it,
                const report::Story& story) {
  const report::Look look = LookOfOutput(o.colour);
  std::cout << report::Wrapped(Verdict(it, story), 2, look.columns) << "\n";
  if (story.result.holds() || story.rows.empty()) return;
  const auto* const bug = report::BugShownBy(story.script, story.kernel);
  if (bug != nullptr)
    std::cout << report::Wrapped(absl::StrCat(bug->name, ": ", bug->what, "."),
                                 0, look.columns)
              << "\n";
  std::cout << "\n"
            << report::Wrapped(report::TextOf(report::BriefSentences(
                                   story, report::FindCause(story), bug)),
                               0, look.columns)
            << "\n";
}

void PrintJson(const ToRun& it, const report::Story& story,
               const report::Story* other) {
  const auto json = [](const report::Story& it) {
    if (it.result.holds() || it.rows.empty())
      return report::ToJson(it, nullptr);
    const report::Cause cause = report::FindCause(it);
    return report::ToJson(it, &cause);
  };
  nlohmann::json all = {{"version", kJsonVersion}, {"runs", {json(story)}}};
  all["runs"][0]["kernel_from"] = it.kernel_from;
  if (other != nullptr) {
    all["runs"].push_back(json(*other));
    all["runs"][1]["kernel_from"] = "option";
    all.update(report::PartingJson(story, *other));
  }
  std::cout << report::JsonText(all) << "\n";
}

int Explain(const ExplainArguments& o) {
  base::ExpectOtherFile("--html", o.html, o.file);
  if (!o.html.empty()) base::OutliveReader();  // printed before it is written
  if (o.json || o.brief) base::ExpectFile("--html", o.html);
  CountProperty(o.property);
  // A page on standard output is alone there.
  const bool has_line =
      !o.json && (o.html.empty() || !base::IsStandardOutput(o.html));
  const ToRun it = ReadToRun(o.file, o.from, o.kernel,
                             has_line ? Says::kOnItsLine : Says::kAtEnd);
  const Script& script = it.script;
  const report::Folding folding =
      o.steps ? report::Folding::kNone : report::Folding::kQuiet;
  const report::Story story =
      report::Tell(o.file, script, TheKernel(o, script), folding);
  ExpectEffect(o.file, script, story.result);
  std::optional<report::Story> other;
  if (!o.against.empty())
    other = report::Tell(o.file, script, OneKernel(o.against, "--against"),
                         folding);
  const report::Story* const against = other ? &*other : nullptr;
  if (o.json) {
    PrintJson(it, story, against);
  } else if (o.brief) {
    PrintBrief(o, it, story);
  } else if (o.html.empty()) {
    PrintStory(o, it, story, against);
  } else if (!base::IsStandardOutput(o.html)) {
    std::cout << Verdict(it, story) << "\n";
  }
  if (!o.html.empty()) {
    // The result is printed even if the file cannot be written.
    std::cout.flush();
    base::OutputFile(o.html).Write(other || o.steps
                                       ? report::PageOf(story, against)
                                       : report::ExplainedPage(story));
    if (!o.json && !base::IsStandardOutput(o.html))
      std::cout << "written to " << base::Shown(o.html) << "\n";
  }
  return story.result.holds() ? base::kExitHeld : base::kExitBroken;
}

}  // namespace

void AddExplain(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "explain",
      "shows a run step by step: tasks, locks, what happens to each vma,\n"
      "the point of no return, and the root cause");
  auto o = std::make_shared<ExplainArguments>();
  sub->add_option("FILE", o->file, "a script, - for standard input")
      ->required();
  sub->add_option("--kernel", o->kernel,
                  "one; else the script's own, else 2.6.11");
  sub->add_option("--against", o->against,
                  "another kernel: where the two runs part, side by side");
  sub->add_option(
      "--html", o->html,
      "writes it as a page that needs no network; without --against, beside "
      "the kernel with the rule that decides flipped");
  sub->add_option("--property", o->property, kCountsToo);
  sub->add_flag("--steps", o->steps,
                "one row per step, even where no other task could interleave");
  sub->add_flag("--brief", o->brief,
                "which bug it is and what happens, in four sentences")
      ->excludes("--steps", "--against");
  sub->add_flag("--json", o->json, "as JSON")->excludes("--brief");
  sub->add_option("--colour", o->colour,
                  "auto: on a terminal, unless NO_COLOR is set or TERM is dumb")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  sub->add_option("--from", o->from, "the form of the file")
      ->check(CLI::IsMember({"text", "bytes"}));
  sub->callback([=, &run] { run = [=] { return Explain(*o); }; });
}

}  // namespace vmtrunc::cli
