// vmtrunc prove.
#include "fuzz/prove.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/commands.h"
#include "cli/input.h"

namespace vmtrunc {
namespace {

struct ProveArguments {
  std::string kernel, bound = "tiny", from, property, out;
  std::vector<std::string> verbs;
  unsigned pages = 0, mms = 0, vmas = 0, passes = 0, operations = 0,
           in_flight = 0;
  unsigned jobs = 0;
  double memory = 4;
  bool steps = false, json = false;
};

std::atomic<bool> g_stop = false;
void OnStop(int) { g_stop = true; }

struct Asked {
  Problem problem;
  std::string what;  // "bound tiny", "the operations of FILE"
  std::string kernel;
  Rules rules;
};

Asked Ask(const ProveArguments& o) {
  Asked asked;
  if (!o.from.empty()) {
    const Script script = ReadScript(o.from, "");
    const KernelSpec kernel =
        Kernels(o.kernel, script, o.from, "2.6.11").front();
    asked.problem = ProblemOf(script);
    if (o.in_flight != 0) asked.problem.in_flight = o.in_flight;
    asked.what = "all schedules of " + o.from;
    asked.kernel = kernel.ToString();
    asked.rules = kernel.rules();
    return asked;
  }
  const Bound* named = FindBound(o.bound);
  if (named == nullptr)
    throw UsageError{
        absl::StrCat("--bound: expected tiny, small, medium or "
                     "large, not ",
                     o.bound)};
  Bound bound = *named;
  asked.what = absl::StrCat("bound ", bound.name);
  const auto set = [&](const char* name, unsigned given, unsigned& value) {
    if (given == 0) return;
    value = given;
    absl::StrAppend(&asked.what, ", ", name, " ", given);
  };
  set("pages", o.pages, bound.pages);
  set("mms", o.mms, bound.mms);
  set("vmas", o.vmas, bound.vmas);
  set("passes", o.passes, bound.passes);
  set("operations", o.operations, bound.operations);
  set("in flight", o.in_flight, bound.in_flight);
  if (!o.verbs.empty()) {
    bound.verbs = ParseVerbs(o.verbs);
    absl::StrAppend(&asked.what, ", verbs");
    for (const std::string& verb : o.verbs)
      absl::StrAppend(&asked.what, " ", verb);
  }
  const KernelSpec kernel = OneKernel(o.kernel.empty() ? "2.6.11" : o.kernel);
  asked.problem = ProblemOf(bound);
  asked.kernel = kernel.ToString();
  asked.rules = kernel.rules();
  return asked;
}

std::string Size(uint64_t number) {
  if (number >= 10'000'000) return absl::StrFormat("%d M", number / 1'000'000);
  if (number >= 10'000) return absl::StrFormat("%d k", number / 1000);
  return absl::StrCat(number);
}

class ShowProgress {
 public:
  void operator()(const ProveProgress& p) {
    if (!terminal_) return;
    const auto now = Clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::milliseconds(500);
    const double seconds = std::chrono::duration<double>(now - start_).count();
    std::cerr << absl::StreamFormat(
                     "\r\033[K%d events: %s states, %s left to expand, %s "
                     "states/s, %s bytes",
                     p.depth, Size(p.states), Size(p.left),
                     Size(static_cast<uint64_t>(double(p.states) / seconds)),
                     Size(p.bytes))
              << std::flush;
    shown_ = true;
  }
  void End() {
    if (shown_) std::cerr << "\r\033[K";
  }
  double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  const bool terminal_ = ::isatty(STDERR_FILENO) != 0;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_ + std::chrono::seconds(2);
  bool shown_ = false;
};

const char* Word(Answer answer) {
  constexpr const char* kWords[] = {"holds", "breaks", "ran out"};
  return kWords[static_cast<size_t>(answer)];
}

nlohmann::json ToJson(const Asked& asked, const ProveArguments& o,
                      const ProveResult& result, double seconds) {
  nlohmann::json json = {{"version", 1},
                         {"kernel", asked.kernel},
                         {"bound", asked.what},
                         {"answer", Word(result.answer)},
                         {"states", result.progress.states},
                         {"transitions", result.progress.transitions},
                         {"depth", result.progress.depth},
                         {"depth_is_in", o.steps ? "steps" : "events"},
                         {"states_by_depth", result.levels},
                         {"beyond", result.beyond},
                         {"bytes", result.progress.bytes},
                         {"seconds", seconds}};
  if (result.answer == Answer::kRanOut) {
    json["why"] = result.why;
    json["expanded"] = result.progress.expanded;
    json["left"] = result.progress.left;
  }
  if (result.answer == Answer::kBreaks) {
    json["property"] =
        AllProperties()[static_cast<size_t>(result.property)].name;
    json["script"] = ToText(result.script);
  }
  return json;
}

// How far it came, and what would make it come to an end.
void PrintRanOut(const ProveResult& result) {
  const ProveProgress& p = result.progress;
  std::cout << absl::StreamFormat(
      "ran out %s: everything up to %d events holds, and %s of the %s states "
      "behind them are expanded\n",
      result.why, p.depth == 0 ? 0 : p.depth - 1,
      Size(result.levels.empty() ? 0 : result.levels.back() - p.left),
      Size(result.levels.empty() ? 0 : result.levels.back()));
  const size_t n = result.levels.size();
  if (n >= 3 && result.levels[n - 2] != 0)
    std::cout << absl::StreamFormat(
        "the last level has %.1f times as many states as the one before\n",
        double(result.levels[n - 1]) / double(result.levels[n - 2]));
  std::cout << "to come to an end: --operations, --pages, --mms or fewer "
               "--verbs; or more --memory\n";
}

void Print(const Asked& asked, const ProveArguments& o,
           const ProveResult& result, double seconds) {
  const ProveProgress& p = result.progress;
  std::cout << absl::StreamFormat(
      "%s: %s: %s, %s states, %s transitions, %d %s deep, %.1f s, %.0f bytes a "
      "state\n",
      asked.kernel, asked.what, Word(result.answer), Size(p.states),
      Size(p.transitions), p.depth, o.steps ? "steps" : "events", seconds,
      p.states == 0 ? 0.0 : double(p.bytes) / double(p.states));
  if (result.beyond != 0)
    std::cout << absl::StreamFormat(
        "%s events needed more structs or tasks than the bound has, and were "
        "left out\n",
        Size(result.beyond));
  if (result.answer == Answer::kRanOut) return PrintRanOut(result);
  if (result.answer == Answer::kHolds) {
    std::cout << absl::StreamFormat(
        "holds to the bound; probability of a missed state below %.0e\n",
        double(p.states) * double(p.states) / 1.8446744e19);
    return;
  }
  std::cout << absl::StreamFormat(
      "breaks %s: %d events, %s\n\n%s",
      AllProperties()[static_cast<size_t>(result.property)].name,
      result.script.events.size(),
      o.steps ? "not proved shortest (--steps)" : "the fewest within the bound",
      ToText(result.script));
  if (!o.out.empty()) std::cout << "\nwritten to " << o.out << "\n";
}

int ProveIt(const ProveArguments& o) {
  const Asked asked = Ask(o);
  ProveOptions options;
  options.rules = asked.rules;
  if (!o.property.empty()) {
    const int number = PropertyNumber(o.property);
    if (number == kProperties)
      throw UsageError{"--property: expected a property, not " + o.property};
    options.properties = 1U << number;
  }
  options.jobs =
      o.jobs != 0 ? o.jobs : std::max(1U, std::thread::hardware_concurrency());
  options.most_bytes = static_cast<uint64_t>(o.memory * double(1U << 30));
  options.steps_only = o.steps;
  options.stop = &g_stop;
  ::signal(SIGINT, OnStop);
  ::signal(SIGTERM, OnStop);
  ShowProgress show;
  options.on_progress = [&](const ProveProgress& p) { show(p); };
  ProveResult result = Prove(asked.problem, options);
  show.End();
  if (result.answer == Answer::kBreaks) {
    result.script.kernel = OneKernel(asked.kernel);
    if (!o.out.empty()) WriteFile(o.out, ToText(result.script));
  }
  if (o.json) {
    std::cout << ToJson(asked, o, result, show.seconds()).dump(2) << "\n";
  } else {
    Print(asked, o, result, show.seconds());
  }
  return result.answer == Answer::kHolds    ? kExitHeld
         : result.answer == Answer::kBreaks ? kExitBroken
                                            : kExitRanOut;
}

}  // namespace

void AddProve(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "prove",
      "explores every interleaving of every script within a bound\n"
      "Exit status: 0 holds to the bound, 1 breaks, 2 bad usage or input, 3 "
      "ran out");
  auto o = std::make_shared<ProveArguments>();
  sub->add_option("--kernel", o->kernel, "K; else the script's own, or 2.6.11");
  CLI::Option* bound =
      sub->add_option("--bound", o->bound, "tiny, small, medium or large")
          ->capture_default_str();
  sub->add_option("--from", o->from,
                  "all schedules and drops of this script's operations instead")
      ->excludes(bound);
  sub->add_option("--pages", o->pages, "of the file, 1..4")
      ->check(CLI::Range(1, 4));
  sub->add_option("--mms", o->mms, "1 or 2")->check(CLI::Range(1, 2));
  sub->add_option("--vmas", o->vmas, "structs in the slab, 1..7")
      ->check(CLI::Range(1, 7));
  sub->add_option("--passes", o->passes, "that may begin, 1 or 2")
      ->check(CLI::Range(1, 2));
  sub->add_option("--operations", o->operations, "others that may begin")
      ->check(CLI::Range(1, 8));
  sub->add_option("--in-flight", o->in_flight, "at once")
      ->check(CLI::Range(1, 4));
  sub->add_option("--verbs", o->verbs, "mmap,mremap,...: no others")
      ->delimiter(',');
  sub->add_option("--property", o->property, "only this one counts");
  sub->add_option("--jobs", o->jobs, "threads; as many as processors")
      ->check(CLI::Range(1, 64));
  sub->add_option("--memory", o->memory, "GiB that states may take")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 1024.0));
  sub->add_flag("--steps", o->steps,
                "steps and drops alone: fewer edges, depth in steps");
  sub->add_option("-o,--out", o->out, "where a script that breaks goes");
  sub->add_flag("--json", o->json, "as JSON");
  sub->callback([=, &run] { run = [=] { return ProveIt(*o); }; });
}

}  // namespace vmtrunc
