// vmtrunc fuzz: starts the instrumented fuzzing executable as a child, since
// this command is not instrumented, and says in our words what it sees.
#include <chrono>
#include <filesystem>
#include <iostream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/own_directory.h"
#include "base/stop.h"
#include "cli/abstract.h"
#include "cli/commands.h"
#include "cli/corpus.h"
#include "cli/fuzzer_job.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "core/run.h"
#include "fuzz/mutate.h"
#include "fuzz/shrink.h"
#include "fuzz/status.h"

namespace vmtrunc {
namespace {

namespace fs = std::filesystem;

struct FuzzOptions {
  std::vector<std::string> verbs;
  std::string kernel = "2.6.11", unlike, property, out = "fuzz-out", corpus,
              fuzzer, of;
  double seconds = 60;
  long long runs = -1;
  unsigned seed = 0;
  unsigned events = 32;
  bool keep_going = false;
};

JobSpec SpecOf(const FuzzOptions& o, const std::string& fuzzer) {
  JobSpec spec{.fuzzer = fuzzer,
               .directory = o.out,
               .arguments = {absl::StrFormat("-max_len=%u", 32 + 8 * o.events),
                             absl::StrFormat("-seed=%u", o.seed),
                             absl::StrFormat("-runs=%d", o.runs),
                             absl::StrFormat("-artifact_prefix=%s/", o.out),
                             "-len_control=0", "-print_final_stats=0",
                             "-verbosity=1", "-timeout=10", o.out + "/corpus"},
               .variables = {std::string(kKernelVariable) + "=" + o.kernel}};
  if (o.seconds > 0)
    spec.arguments.insert(
        spec.arguments.begin(),
        absl::StrFormat("-max_total_time=%u",
                        static_cast<unsigned>(o.seconds + 0.5)));
  if (!o.corpus.empty()) spec.arguments.push_back(o.corpus);
  const auto set = [&](const char* name, const std::string& value) {
    spec.variables.push_back(absl::StrCat(name, "=", value));
  };
  if (!o.property.empty()) set(kPropertyVariable, o.property);
  if (!o.unlike.empty()) set(kUnlikeVariable, o.unlike);
  if (!o.verbs.empty())
    set(kVerbsVariable, std::to_string(ParseVerbs(o.verbs)));
  if (o.keep_going) set(kKeepGoingVariable, "1");
  return spec;
}

size_t CountFiles(const std::string& dir) {
  size_t count = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir, error))
    count += entry.is_regular_file() ? 1 : 0;
  return count;
}

std::string Progress(const FuzzOptions& o, const FuzzStatus& s,
                     double seconds) {
  const double share = s.events == 0 ? 0
                                     : 100.0 * static_cast<double>(s.effects) /
                                           static_cast<double>(s.events);
  return absl::StrFormat(
      "%s: %.0f s, %d executions (%.0f a second), corpus %d, %.0f %% of the "
      "events had an effect, %d lock drops, %d kinds of abstract states",
      o.kernel, seconds, s.executions,
      static_cast<double>(s.executions) / std::max(seconds, 0.001),
      CountFiles(o.out + "/corpus"), share, s.drops, CountSeen(s.seen));
}

// Which of `all`, the abstract states in a file, were seen.
std::string Share(const FuzzOptions& o, std::span<const uint8_t> all,
                  const FuzzStatus& s) {
  size_t seen = 0;
  for (size_t i = 0; i < all.size(); ++i)
    seen += all[i] != 0 && s.seen[i] != 0 ? 1 : 0;
  const size_t count = CountSeen(all);
  return absl::StrFormat(
      "%d of the %d kinds of abstract states in %s were seen (%.1f %%), and "
      "%d others\n",
      seen, count, o.of,
      count == 0 ? 100
                 : 100 * static_cast<double>(seen) / static_cast<double>(count),
      CountSeen(s.seen) - seen);
}

// What the fuzzer can start from: bytes. A directory of scripts in text becomes
// OUT/seeds.
std::string SeedsOf(const FuzzOptions& o) {
  std::vector<std::pair<std::string, std::string>> seeds;
  bool text = false;
  for (const std::string& path : FilesBelow({o.corpus})) {
    const CorpusFile file = ReadCorpusFile(path);
    text |= file.is_text;
    const std::vector<uint8_t> bytes = EncodeBytes(file.script);
    seeds.emplace_back(
        absl::StrCat(seeds.size(), "-", fs::path(path).filename().string()),
        std::string(bytes.begin(), bytes.end()));
  }
  if (!text) return o.corpus;
  OwnDirectory("--out", o.out + "/seeds", "fuzz", /*replace=*/true)
      .Write(seeds, /*durable=*/false);
  return o.out + "/seeds";
}

// Shrinks, keeps and prints one failing input: `asked` is what it breaks, or
// kProperties for what it breaks first. Returns false when it does not.
bool ReportViolation(const FuzzOptions& o, const std::string& saved,
                     const std::string& how, int asked) {
  Script script = ReadSaved(saved);
  const KernelSpec spec = OneKernel(o.kernel);
  const Rules rules = spec.rules();
  const RunResult found = Run(script, rules);
  if (found.holds()) return false;
  const Property property = asked == kProperties ? found.first.property
                                                 : static_cast<Property>(asked);
  if (!found.breaks(property)) return false;
  const size_t length = script.events.size();
  Reason reason = ReasonOf(script, spec, property);
  if (!o.unlike.empty()) reason.unlike = OneKernel(o.unlike);
  script = Shrink(script, rules, reason);
  script.kernel = spec;
  const RunResult result = Run<LargeCaps>(script.setup, script.events, rules,
                                          {.report = Bit(property)});
  const PropertyInfo& info = AllProperties()[static_cast<size_t>(property)];
  const std::string path =
      absl::StrFormat("%s/%s-%s.vmt", o.out, spec.ToString(), info.name);
  script.expects.push_back({.kernel = spec.ToString(),
                            .spec = spec,
                            .broken = static_cast<int>(property)});
  if (reason.unlike)
    script.expects.push_back(
        {.kernel = reason.unlike->ToString(), .spec = reason.unlike});
  WriteFile(path, ToText(script));
  std::cout << absl::StrFormat(
      "%s breaks %s, %s.\n  %s\n  at event %u: %s\n"
      "  %d events, shrunk from %d, not proved shortest:\n\n%s\n"
      "Run it again:  vmtrunc run %s\n\n",
      spec.ToString(), info.name, how, info.text, result.first.event,
      result.first.ToString(), script.events.size(), length, ToText(script),
      path);
  return true;
}

// What the child left when it has ended. Returns the exit status.
int Report(const FuzzOptions& o, std::span<const uint8_t> of,
           const FuzzerJob& child, double seconds, bool stopped) {
  const FuzzStatus status = child.status();
  if (child.crashed() && !stopped) {
    const std::string how = absl::StrFormat(
        "found after %d executions in %.1f s", status.executions, seconds);
    if (!ReportViolation(o, o.out + "/" + kCurrentFile, how,
                         PropertyNumber(o.property)))
      throw UsageError{
          "the fuzzer ended in error, but its last input holds; "
          "see " +
          o.out + "/log"};
    return kExitBroken;
  }
  bool broken = false;
  for (int i = 0; i < kProperties; ++i) {
    if (status.broken[i] == 0) continue;
    broken = true;
    const std::string how = absl::StrFormat(
        "first in %d of %d executions", status.broken[i], status.executions);
    if (!ReportViolation(
            o, o.out + "/" + kBrokenPrefix + Name(static_cast<Property>(i)),
            how, i))
      throw UsageError{o.out + ": a kept input holds when it is run again"};
  }
  std::cout << Progress(o, status, seconds) << "\n";
  if (!o.of.empty()) std::cout << Share(o, of, status);
  if (!broken)
    std::cout << o.kernel << ": nothing broken"
              << (o.property.empty() ? "" : " of " + o.property)
              << " in that time\n";
  return broken ? kExitBroken : kExitHeld;
}

int Fuzz(FuzzOptions o) {
  OneKernel(o.kernel);
  if (!o.unlike.empty()) OneKernel(o.unlike);
  ParseVerbs(o.verbs);
  if (!o.property.empty() && PropertyNumber(o.property) == kProperties)
    throw UsageError{"--property " + o.property + ": expected a property"};
  if (!o.corpus.empty() && !fs::is_directory(o.corpus))
    throw UsageError{"--corpus " + o.corpus + ": expected a directory"};
  std::vector<uint8_t> of;
  if (!o.of.empty()) of = ReadAbstract(o.of);
  const std::string fuzzer = FindFuzzer(o.fuzzer);
  std::error_code error;
  fs::create_directories(o.out + "/corpus", error);
  fs::remove(o.out + "/" + kStatusFile, error);
  fs::remove(o.out + "/" + kCurrentFile, error);
  if (!fs::is_directory(o.out + "/corpus"))
    throw UsageError{"--out " + o.out + ": cannot make the directory"};

  const std::atomic<bool>& stop = StopOnSignals();
  ProgressLine progress;
  if (!o.corpus.empty()) o.corpus = SeedsOf(o);
  FuzzerJob child(SpecOf(o, fuzzer));
  bool stopped = false;
  while (!child.Ended()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (stop && !stopped) {
      child.Interrupt();
      stopped = true;
    }
    if (progress.IsDue())
      progress.Show(Progress(o, child.status(), progress.seconds()));
  }
  progress.End();
  return Report(o, of, child, progress.seconds(), stopped);
}

}  // namespace

void AddFuzz(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "fuzz", "fuzzes a kernel until a property breaks or time is up");
  auto o = std::make_shared<FuzzOptions>();
  sub->add_option("--kernel", o->kernel, "the kernel, 2.6.11 by default");
  sub->add_option("--unlike", o->unlike,
                  "count only what holds on this kernel, as "
                  "2.6.11+mremap-always-resets: which rule is it?");
  sub->add_option("--verbs", o->verbs,
                  "choose new operations from these alone: mmap,mremap,...")
      ->delimiter(',');
  sub->add_option("--property", o->property, "stop for this property alone");
  sub->add_flag("--keep-going", o->keep_going,
                "go on after a violation: one script a property at the end");
  sub->add_option("--seconds", o->seconds, "how long, 60 by default; 0: no end")
      ->check(kNotNegative);
  sub->add_option("--runs", o->runs, "stop after so many executions")
      ->check(kNotNegative);
  sub->add_option("--seed", o->seed, "of the fuzzer; 0: another each time")
      ->check(kNotNegative);
  sub->add_option("--events", o->events, "at most so many a script, 32")
      ->check(CLI::Range(1, kMaxEvents));
  sub->add_option("--out", o->out, "directory for what is found, fuzz-out");
  sub->add_option("--corpus", o->corpus,
                  "directory of scripts to start from, in text or bytes");
  sub->add_option("--of", o->of,
                  "say which share of these abstract states was seen: a file "
                  "of vmtrunc prove --abstract-to")
      ->check(kNotEmpty);
  sub->add_option("--fuzzer", o->fuzzer, "the fuzzing executable");
  sub->callback([=, &run] { run = [=] { return Fuzz(*o); }; });
}

}  // namespace vmtrunc
