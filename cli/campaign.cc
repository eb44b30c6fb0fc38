// vmtrunc campaign.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/marker.h"
#include "base/name_part.h"
#include "base/place.h"
#include "base/shown.h"
#include "base/streams.h"
#include "cli/campaign_run.h"
#include "cli/commands.h"
#include "cli/corpus.h"
#include "cli/input.h"
#include "cli/known_scripts.h"
#include "report/json_text.h"

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;

// What the name of a finding's file begins with.
std::string PrefixOf(const std::string& kernel) {
  return base::NamePart(kernel) + "-";
}

std::string Set(const char* variable) { return std::string(variable) + "=1"; }

void TellNotCounted(const std::string& why) {
  std::cerr << "vmtrunc campaign: not counted: " << base::ShownInError(why)
            << "\n";
}

// Nothing if it is gone by now. Throws UsageError if it is no finding. `ours`:
// what the campaign has written there, if it lists that.
std::optional<KeptScript> ReadKept(const fs::path& path,
                                   const std::optional<base::Hashes>& ours) {
  const auto content =
      base::ReadIfThere(path.string(), campaign::KernelCorpus::kMostBytes);
  std::error_code error;
  if (!content && fs::is_symlink(path, error)) base::FailPath(path, ENOENT);
  if (!content) return std::nullopt;
  KeptScript kept{.path = path.string(),
                  .name = path.stem().string(),
                  .script = ParseFound(path.string(), *content)};
  if (ours) {
    const auto its = ours->find(path.filename().string());
    kept.is_edited = its == ours->end() || !base::IsOneOf(content, its->second);
  }
  if (!kept.script.kernel)
    throw base::UsageError{absl::StrCat(
        base::Shown(kept.path), ": expected a kernel that is built",
        kept.script.unknown_kernel.empty()
            ? ""
            : ", not " + base::Shown(kept.script.unknown_kernel))};
  const std::string prefix = PrefixOf(kept.script.kernel->ToString());
  if (!kept.name.starts_with(prefix))
    throw base::UsageError{
        absl::StrCat(base::Shown(kept.path),
                     ": expected a name that begins with its kernel, ",
                     base::Shown(prefix))};
  return kept;
}

int StatusOf(const campaign::Summary& summary) {
  return summary.new_count() == 0 ? base::kExitHeld : base::kExitBroken;
}

// A row for each known bug or new root cause, and the command that explains its
// smallest script.
void PrintTable(const CampaignOptions& o, const campaign::Summary& summary) {
  if (summary.groups.empty()) {
    if (campaign::UnknownInWords(summary).empty())
      std::cout << (summary.executions == 0 ? "nothing has run\n"
                                            : "no property was violated\n");
    return;
  }
  const bool one_kernel =
      summary.kernels.size() == 1 &&
      std::all_of(summary.groups.begin(), summary.groups.end(),
                  [&](const campaign::Group& group) {
                    return group.least.kernel == summary.kernels.front().kernel;
                  });
  std::cout << (one_kernel ? summary.kernels.front().kernel + ":\n" : "")
            << "       executions  events  bug and effect\n";
  for (const campaign::Group& group : summary.groups) {
    const campaign::Finding& least = group.least;
    std::cout << absl::StreamFormat(
        "%-5s %11d  %6s  %s%s%s\n", group.is_known ? "known" : "NEW",
        group.executions,
        least.has_script() ? absl::StrCat(least.cost.events) : "-",
        one_kernel ? "" : least.kernel + ": ",
        least.bug.empty() ? "" : group.name + ": ", base::Shown(group.what));
    if (least.has_script())
      std::cout << "                           vmtrunc explain "
                << base::PathWord(absl::StrCat(o.directory, "/findings/",
                                               least.FileName(), ".vmt"))
                << "\n";
  }
}

void Print(const CampaignOptions& o, const campaign::Summary& summary) {
  if (o.json) {
    std::cout << report::JsonText(campaign::ToJson(summary)) << "\n";
    return;
  }
  PrintTable(o, summary);
  if (const std::string unknown = campaign::UnknownInWords(summary);
      !unknown.empty())
    std::cout << unknown << "\n";
  if (const std::string where = campaign::UnsearchedInWords(summary);
      !where.empty() && summary.executions > 0)
    std::cout << where << "\n";
  if (const size_t damaged = summary.odd_lines.damaged; damaged > 0)
    std::cout << "not counted: " << damaged
              << (damaged == 1 ? " damaged line" : " damaged lines")
              << " in the log\n";
  for (const std::string& line :
       {campaign::UnbuiltInWords(summary), campaign::RepeatedInWords(summary)})
    if (!line.empty()) std::cout << line << "\n";
  const std::string report = o.directory + "/report.html";
  if (base::IsRegularFile(report))
    std::cout << "report: " << base::Shown(report) << "\n";
}

// Kernels that campaigns were asked for here, which have a corpus since, and of
// which the log has nothing.
void AddUnsearched(const campaign::Store& store, campaign::Summary& summary) {
  const std::string corpora = store.Path("corpus");
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(corpora, error), end; !error && at != end;
       at.increment(error))
    names.push_back(at->path().filename().string());
  if (error && error != std::errc::no_such_file_or_directory)
    base::FailPath(corpora, error.value());
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const auto spec = ParseKernelSpec(name);
    if (!spec.ok() ||
        std::any_of(summary.kernels.begin(), summary.kernels.end(),
                    [&](const campaign::KernelTotals& ran) {
                      return base::NamePart(ran.kernel) == name;
                    }))
      continue;
    summary.unsearched.push_back(spec->ToString());
  }
}

// The state of a running or stopped campaign, read from its directory.
int Status(const CampaignOptions& o) {
  const campaign::Store store = campaign::Store::Look(o.directory);
  const campaign::Log log = campaign::Log::Read(store.Path("log.jsonl"));
  campaign::Summary summary = campaign::Summarize(log.records());
  summary.directory = o.directory;
  summary.ran = RanUntilNow(store, log);
  summary.running = store.running();
  summary.odd_lines = log.odd();
  const std::vector<campaign::KnownScript> known = ReadKnown(o.known);
  summary.known_scripts = known.size();
  std::vector<campaign::Finding> findings;
  const std::vector<KeptScript> kept = KeptScripts(store);
  for (const std::string& kernel : KernelsOf(kept, log.records())) {
    const campaign::Findings restored =
        RestoreFindings(kept, kernel, known, log.records());
    for (const auto& [name, finding] : restored.all())
      findings.push_back(finding);
  }
  summary.groups = campaign::GroupsOf(findings);
  AddUnsearched(store, summary);
  AddUntaken(store, log, summary);
  if (!o.json)
    std::cout << (summary.running ? "running: " : "stopped: ")
              << campaign::LineOf(summary) << "\n";
  Print(o, summary);
  const int status = StatusOf(summary);
  // What is left may be new.
  const bool is_open =
      (summary.executions == 0 || !summary.unsearched.empty() ||
       !campaign::UnknownInWords(summary).empty()) &&
      !summary.running;
  return is_open && status == base::kExitHeld ? base::kExitRanOut : status;
}

// Requested engines must be installed; the default is all installed ones.
void ChooseEngines(CampaignOptions& o) {
  const bool all = o.engines.empty();
  for (const Engine& engine : AllEngines()) {
    if (!all && std::find(o.engines.begin(), o.engines.end(), engine.name) ==
                    o.engines.end())
      continue;
    try {
      FindFuzzer(o.fuzzers.empty() ? "" : o.fuzzers + "/" + engine.fuzzer,
                 engine.fuzzer);
      if (all) o.engines.emplace_back(engine.name);
    } catch (const base::UsageError&) {
      // Without the first there is nothing to run.
      if (!all || &engine == &AllEngines().front()) throw;
      std::cerr << "vmtrunc: without the engine " << engine.name << ": "
                << engine.fuzzer << " is missing (ci/build release "
                << "builds it)\n";
    }
  }
}

int Campaign(CampaignOptions o) {
  base::EndOnSignals("vmtrunc campaign: stopped");  // an input may be a pipe
  if (o.status) return Status(o);
  std::vector<KernelSpec> specs;
  for (std::string& kernel : o.kernels) {
    specs.push_back(OneKernel(kernel, "--kernels"));
    kernel = specs.back().ToString();
  }
  ExpectOnce("--kernels", specs);
  const CampaignInputs inputs(o);
  ChooseEngines(o);
  CampaignRun run(o, inputs);
  run.Run();
  const campaign::Summary summary = run.Sum();
  const bool is_read = !base::NobodyReads() && std::cout;
  if (run.executions() == 0 && !run.stopped() && is_read)
    throw base::UsageError{absl::StrFormat(
        "nothing ran in %.1f s; expected a longer time", run.seconds())};
  if (!is_read) {
    // No error: the reader has closed the pipe. What is still to be flushed is
    // discarded.
    const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(null, STDOUT_FILENO);
    std::cout.clear();
  } else {
    if (!o.json) std::cout << campaign::LineOf(summary) << "\n";
    Print(o, summary);
  }
  const int status = StatusOf(summary);
  const bool is_open = run.stopped() || !is_read ||
                       !campaign::UnknownInWords(summary).empty() ||
                       !summary.unsearched.empty();
  return status == base::kExitHeld && is_open ? base::kExitRanOut : status;
}

std::string EnginesInWords() {
  std::string words;
  for (const Engine& engine : AllEngines())
    absl::StrAppend(&words, words.empty() ? "" : "; ", engine.name, ": ",
                    engine.describes);
  return words;
}

}  // namespace

const std::vector<Engine>& AllEngines() {
  static const std::vector<Engine> engines = {
      {.name = "plain",
       .fuzzer = "fuzz_truncate",
       .describes = "our mutator, edges and abstract states",
       .flags = {},
       .variables = {}},
      {.name = "compares",
       .fuzzer = "fuzz_compares",
       .describes = "the same with libFuzzer's value profile",
       .flags = {"-use_value_profile=1"},
       .variables = {}},
      {.name = "blind",
       .fuzzer = "fuzz_truncate",
       .describes = "libFuzzer's byte mutation, edges only",
       .flags = {},
       .variables = {Set(fuzz::kBlindVariable),
                     Set(fuzz::kNoFeaturesVariable)}}};
  return engines;
}

std::vector<KeptScript> KeptScripts(const campaign::Store& store) {
  std::error_code error;
  std::vector<fs::path> paths;
  const std::string directory = store.Path("findings");
  for (fs::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error))
    if (at->path().extension() == ".vmt") paths.push_back(at->path());
  if (error && error != std::errc::no_such_file_or_directory)
    base::FailPath(directory, error.value());
  // A name before the same with a number: what was written first has the plain
  // name in the log (campaign/findings.h).
  std::sort(
      paths.begin(), paths.end(), [](const fs::path& a, const fs::path& b) {
        const std::string one = a.stem().string(), other = b.stem().string();
        return std::pair(one.size(), one) < std::pair(other.size(), other);
      });
  const auto ours = base::ReadMarker(directory, "campaign");
  std::vector<KeptScript> kept;
  for (const fs::path& path : paths) {
    try {
      if (auto script = ReadKept(path, ours))
        kept.push_back(*std::move(script));
    } catch (const base::UsageError& refused) {
      TellNotCounted(refused.what);
    }
  }
  return kept;
}

std::vector<std::string> KernelsOf(
    const std::vector<KeptScript>& kept,
    const std::vector<campaign::SliceRecord>& records) {
  std::vector<std::string> kernels;
  const auto add = [&](const std::string& kernel) {
    if (std::find(kernels.begin(), kernels.end(), kernel) == kernels.end())
      kernels.push_back(kernel);
  };
  for (const campaign::SliceRecord& r : records) add(r.kernel);
  for (const KeptScript& script : kept) {
    add(script.script.kernel->ToString());
  }
  return kernels;
}

campaign::Findings RestoreFindings(
    const std::vector<KeptScript>& kept, const std::string& kernel,
    const std::vector<campaign::KnownScript>& known,
    const std::vector<campaign::SliceRecord>& records) {
  const KernelSpec spec = OneKernel(kernel);
  campaign::Findings findings(spec, kernel, campaign::Known(spec, known));
  const std::string prefix = PrefixOf(kernel);
  // The kernel of each begins its name: ReadKept().
  for (const KeptScript& script : kept)
    if (*script.script.kernel == spec &&
        !findings.Restore(script.name.substr(prefix.size()), script.script,
                          script.is_edited))
      TellNotCounted(absl::StrCat(
          base::Shown(script.path),
          ": expected a script that violates what it expects to on ", kernel));
  for (const campaign::SliceRecord& r : records)
    if (r.kernel == kernel)
      for (const auto& [cause, executions] : r.causes)
        findings.Count(cause, executions, r.end_unix);
  return findings;
}

double SecondsSinceBoot() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec) / 1e9;
}

double RanUntilNow(const campaign::Store& store, const campaign::Log& log) {
  double ran = log.at();
  for (const uint64_t slice : store.Jobs()) {
    const auto what = ReadSliceWhat(store.JobDirectory(slice));
    if (!what || what->at < 0 || log.Has(what->Id(slice))) continue;
    // running() is false too for a campaign that has just opened the store: no
    // other runs there, and these slices are of campaigns that have ended.
    if (!store.running() || what->end != campaign::kCutOff) {
      ran = std::max(ran, what->at + what->seconds);
      continue;
    }
    const double since = SecondsSinceBoot() - what->began;
    if (since >= 0)  // else before a boot
      ran = std::max(ran, what->at + since);
  }
  return ran;
}

void AddCampaign(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "campaign",
      "fuzzes kernels continuously, in a directory; it can be stopped and "
      "resumed.\nExit status: 0 no new finding, 1 a new finding, 2 bad usage "
      "or "
      "input, or disk full, 3 stopped, or nothing ran on a kernel.");
  auto o = std::make_shared<CampaignOptions>();
  auto hours = std::make_shared<double>(0);
  sub->add_option("DIR", o->directory, "its directory, created if missing")
      ->required();
  sub->add_option("--kernels", o->kernels, "kernels to fuzz, default: all")
      ->delimiter(',');
  sub->add_option("--engines", o->engines, EnginesInWords())
      ->delimiter(',')
      ->check(CLI::IsMember({"plain", "compares", "blind"}));
  CLI::Option* const in_hours =
      sub->add_option("--hours", *hours, "duration, default, and 0: unlimited")
          ->check(kNotNegative);
  sub->add_option("--seconds", o->seconds, "duration")
      ->check(kNotNegative)
      ->excludes(in_hours);
  sub->add_option("--slice", o->slice_seconds, "seconds of a job, default 30")
      ->check(CLI::Range(0.1, 3600.0))
      ->check(kNumber);
  sub->add_option("--jobs", o->jobs,
                  "parallel jobs, default: number of processors")
      ->check(CLI::Range(1, 64));
  sub->add_option("--memory", o->memory_mib,
                  "MiB of a job, or with a unit: 2G; default 512")
      ->transform(MemoryIn("MiB", 64, 65536));
  sub->add_option(
         "--events", o->events,
         "maximum of a script that is made, default 32; seeds run whole")
      ->check(CLI::Range(1, kMaxEvents));
  sub->add_option(
         "--seed", o->seed,
         "seed of the directory's first job, 32 bits; the next ones count "
         "up from it; 0: random")
      ->check(CLI::Range(uint32_t{0}, std::numeric_limits<uint32_t>::max()));
  sub->add_option("--known", o->known,
                  "scripts whose expect lines define what is known; default: "
                  "corpus/found, history and known of the sources");
  sub->add_option("--corpus", o->corpus, "seed scripts, in text or bytes");
  sub->add_option("--of", o->of,
                  "[KERNEL=]FILE: all abstract states, from vmtrunc prove "
                  "--abstract-to, to print the share that was seen");
  sub->add_option("--fuzzers", o->fuzzers,
                  "directory of fuzz_truncate and fuzz_compares");
  sub->add_flag("--status", o->status, "only print the status");
  sub->add_flag("--json", o->json, "print the result or the status as JSON");
  sub->callback([=, &run] {
    run = [=] {
      CampaignOptions options = *o;
      if (*hours > 0) options.seconds = *hours * 3600;
      if (options.kernels.empty())
        for (const uint8_t number : KernelsByAge())
          options.kernels.push_back(AllKernels()[number].name);
      return Campaign(options);
    };
  });
}

}  // namespace vmtrunc::cli
