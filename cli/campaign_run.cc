#include "cli/campaign_run.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "campaign/report.h"
#include "cli/abstract.h"
#include "cli/campaign_tell.h"
#include "cli/input.h"
#include "explain/page.h"

namespace vmtrunc {
namespace {

namespace fs = std::filesystem;

// Behind the time that a job was given, it is killed.
constexpr auto kGrace = std::chrono::seconds(15);
// A job that ends in error within this has not even begun.
constexpr double kAtOnce = 3;
constexpr unsigned kMostDiedAtOnce = 6;
constexpr unsigned kMostDiedKept = 100;
// What one slice's findings may take to shrink.
constexpr auto kShrinking = std::chrono::seconds(8);

std::atomic<bool> g_stop = false;
void OnStop(int) { g_stop = true; }

int64_t Now() { return static_cast<int64_t>(std::time(nullptr)); }

constexpr const char* kWhatFile = "what";

// Kernel, engine and when, of a slice: what cannot be known from elsewhere
// when the campaign that began it is gone.
std::string WhatText(const SliceRecord& r) {
  return absl::StrCat(r.kernel, "\n", r.engine, "\n", r.began_unix, "\n");
}
bool ReadWhat(const std::string& directory, SliceRecord& record) {
  const auto text = ReadWhole(directory + "/" + kWhatFile, 4096);
  if (!text) return false;
  const std::vector<std::string> lines = absl::StrSplit(*text, '\n');
  if (lines.size() < 3) return false;
  record.kernel = lines[0];
  record.engine = lines[1];
  return absl::SimpleAtoi(lines[2], &record.began_unix);
}

}  // namespace

CampaignRun::CampaignRun(const CampaignOptions& options)
    : options_(options),
      store_(Store::Open(options.directory)),
      log_(Log::Open(store_.Path("log.jsonl"))),
      schedule_(static_cast<unsigned>(options.kernels.size()),
                static_cast<unsigned>(options.engines.size())),
      next_line_(start_ + std::chrono::minutes(1)) {
  ::signal(SIGINT, OnStop);
  ::signal(SIGTERM, OnStop);
  ::signal(SIGHUP, OnStop);
  ::signal(SIGPIPE, SIG_IGN);
  for (const std::string& name : options_.engines)
    for (const Engine& engine : AllEngines())
      if (engine.name == name) engines_.push_back(engine);
  const std::vector<KnownScript> known = ReadKnown(options_.known);
  for (const std::string& name : options_.kernels) OpenKernel(name, known);
  for (const SliceRecord& r : log_.records()) {
    last_slice_ = std::max(last_slice_, r.slice);
    for (unsigned k = 0; k < kernels_.size(); ++k)
      for (unsigned e = 0; e < engines_.size(); ++e)
        if (kernels_[k].name == r.kernel && engines_[e].name == r.engine)
          schedule_.Note({k, e}, r.gain, r.seconds);
  }
  for (const KernelState& kernel : kernels_)
    for (const auto& [name, finding] : kernel.findings.all())
      told_.insert(finding.FileName());
  GiveSeeds();
  TakeLeftOvers();
}

CampaignRun::~CampaignRun() = default;  // jobs are killed when this one ends

void CampaignRun::OpenKernel(const std::string& name,
                             const std::vector<KnownScript>& known) {
  const KernelSpec spec = OneKernel(name);
  kernels_.push_back(
      {.name = spec.ToString(),
       .spec = spec,
       .corpus = KernelCorpus(store_.Path("corpus/" + spec.ToString()), spec),
       .findings =
           RestoreFindings(store_, spec.ToString(), known, log_.records()),
       .of = {}});
  for (const std::string& of : options_.of) {
    const size_t equals = of.find('=');
    if (equals == std::string::npos)
      kernels_.back().of = ReadAbstract(of);
    else if (OneKernel(of.substr(0, equals)) == spec)
      kernels_.back().of = ReadAbstract(of.substr(equals + 1));
  }
}

void CampaignRun::GiveSeeds() {
  for (const std::string& directory : options_.corpus) {
    if (!fs::is_directory(directory))
      throw UsageError{"--corpus " + directory + ": expected a directory"};
    for (KernelState& kernel : kernels_) kernel.corpus.Take(directory);
  }
}

void CampaignRun::TakeLeftOvers() {
  for (const uint64_t number : store_.Jobs()) {
    last_slice_ = std::max(last_slice_, number);
    SliceRecord record{.slice = number};
    const std::string directory = store_.JobDirectory(number);
    if (!log_.Has(number)) {
      if (ReadWhat(directory, record)) {
        const auto kernel = std::find_if(
            kernels_.begin(), kernels_.end(),
            [&](const KernelState& k) { return k.name == record.kernel; });
        // Of a kernel that is left out this time: it stays for the next.
        if (kernel == kernels_.end()) continue;
        record.end = "the campaign ended";
        Harvest(record, *kernel);
      }
    }
    store_.RemoveJob(number);
  }
}

double CampaignRun::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

void CampaignRun::Start() {
  std::vector<Pair> running;
  for (const Slice& slice : slices_) running.push_back(slice.pair);
  const Pair pair = schedule_.Choose(running);
  double time = options_.slice_seconds;
  if (options_.seconds > 0)
    time = std::clamp(options_.seconds - seconds(), 1.0, time);
  const uint64_t number = ++last_slice_;
  const std::string directory = store_.JobDirectory(number);
  std::error_code error;
  fs::create_directories(directory + "/corpus", error);
  if (error) throw UsageError{directory + ": " + error.message()};
  const SliceRecord record{.slice = number,
                           .began_unix = Now(),
                           .kernel = kernels_[pair.kernel].name,
                           .engine = engines_[pair.engine].name};
  WriteWhole(directory + "/" + kWhatFile, WhatText(record));
  const auto now = Clock::now();
  slices_.push_back(
      {.number = number,
       .pair = pair,
       .began_unix = record.began_unix,
       .began = now,
       .deadline =
           now + std::chrono::seconds(static_cast<int>(time) + 1) + kGrace,
       .job = std::make_unique<FuzzerJob>(SpecOf(number, pair, time))});
}

JobSpec CampaignRun::SpecOf(uint64_t number, Pair pair, double seconds) const {
  const Engine& engine = engines_[pair.engine];
  const KernelState& kernel = kernels_[pair.kernel];
  const std::string directory = store_.JobDirectory(number);
  const std::string fuzzer =
      options_.fuzzers.empty() ? "" : options_.fuzzers + "/" + engine.fuzzer;
  JobSpec spec{.fuzzer = FindFuzzer(fuzzer, engine.fuzzer),
               .directory = directory,
               .arguments = engine.flags,
               .variables = engine.variables,
               // The stack, the libraries and what malloc maps ahead.
               .most_bytes = (uint64_t{options_.memory_mib} + 1024) << 20};
  const unsigned seed =
      options_.seed == 0 ? 0 : options_.seed + static_cast<unsigned>(number);
  for (const std::string& argument :
       {absl::StrCat("-max_total_time=", static_cast<int>(seconds + 0.5)),
        absl::StrCat("-max_len=",
                     kHeaderBytes + kRecordBytes * options_.events),
        absl::StrCat("-rss_limit_mb=", options_.memory_mib),
        absl::StrCat("-seed=", seed),
        absl::StrCat("-artifact_prefix=", directory, "/"),
        std::string("-len_control=0"), std::string("-print_final_stats=0"),
        std::string("-timeout=10"), directory + "/corpus",
        kernel.corpus.directory()})
    spec.arguments.push_back(argument);
  const auto set = [&](const char* name, const std::string& value) {
    spec.variables.push_back(absl::StrCat(name, "=", value));
  };
  set(kKernelVariable, kernel.name);
  set(kKeepGoingVariable, "1");
  set(kSortVariable, absl::StrCat(kernel.findings.known().rules()));
  return spec;
}

void CampaignRun::HarvestCauses(const FuzzStatus& status, KernelState& kernel,
                                SliceRecord& record) {
  record.unsorted = status.unsorted;
  const auto deadline = Clock::now() + kShrinking;
  const auto stop = [&] { return g_stop.load() || Clock::now() > deadline; };
  for (size_t i = 0; i < kMostCauses; ++i) {
    const SortedCause& cause = status.causes[i];
    if (cause.executions == 0) break;
    std::string name = cause.name;
    const std::string path =
        absl::StrCat(store_.JobDirectory(record.slice), "/", kCausePrefix, i);
    // A job that was killed may have counted what it had not kept yet.
    if (ReadWhole(path, KernelCorpus::kMostBytes).value_or("").size() >= 8) {
      const Script script = ReadSaved(path);
      const size_t before = kernel.findings.all().size();
      const Finding* finding =
          kernel.findings.Add({script.setup, script.events}, stop, &name);
      record.gain.causes +=
          static_cast<unsigned>(kernel.findings.all().size() - before);
      if (finding != nullptr) KeepFinding(*finding);
    }
    record.causes[name] += cause.executions;
  }
}

void CampaignRun::Harvest(SliceRecord record, KernelState& kernel) {
  const std::string directory = store_.JobDirectory(record.slice);
  const FuzzStatus status = FuzzerJob::ReadStatus(directory);
  record.executions = status.executions;
  record.events = status.events;
  record.effects = status.effects;
  record.drops = status.drops;
  record.gain = kernel.corpus.Take(directory + "/corpus");
  HarvestCauses(status, kernel, record);
  record.states = kernel.corpus.StateCount();
  record.corpus = kernel.corpus.names().size();
  record.of_count = CountSeen(kernel.of);
  for (size_t i = 0; i < kernel.of.size(); ++i)
    record.of_seen +=
        kernel.of[i] != 0 && kernel.corpus.states()[i] != 0 ? 1 : 0;
  log_.Append(record);  // from here on it has happened
  executions_ += record.executions;
  const int64_t end = record.began_unix + static_cast<int64_t>(record.seconds);
  for (const auto& [cause, executions] : record.causes)
    kernel.findings.Count(cause, executions, end);
}

void CampaignRun::KeepFinding(const Finding& finding) {
  const std::string name = store_.Path("findings/" + finding.FileName());
  WriteWhole(name + ".vmt", ToText(finding.script));
  WriteWhole(name + ".html",
             ExplainedPage(finding.FileName() + ".vmt", finding.script,
                           *finding.script.kernel));
}

void CampaignRun::KeepDied(const SliceRecord& record) {
  const std::string directory = store_.JobDirectory(record.slice);
  std::error_code error;
  const auto kept =
      std::distance(fs::directory_iterator(store_.Path("died"), error),
                    fs::directory_iterator());
  if (kept >= kMostDiedKept) return;
  for (const char* name : {kCurrentFile, "log"})
    fs::copy_file(directory + "/" + name,
                  store_.Path(absl::StrCat("died/", record.slice, "-", name)),
                  error);
}

void CampaignRun::End(Slice& slice) {
  SliceRecord record{
      .slice = slice.number,
      .began_unix = slice.began_unix,
      .seconds =
          std::chrono::duration<double>(Clock::now() - slice.began).count(),
      .kernel = kernels_[slice.pair.kernel].name,
      .engine = engines_[slice.pair.engine].name,
      .memory_mib = slice.job->memory_mib()};
  if (slice.job->crashed() && !slice.stopped) {
    record.end = slice.job->EndInWords();
    KeepDied(record);
    TellLine(absl::StrCat("a job on ", record.kernel, " died (", record.end,
                          "); its last input: ", store_.Path("died/"),
                          record.slice, "-", kCurrentFile));
    if (record.seconds < kAtOnce && ++died_at_once_ >= kMostDiedAtOnce)
      throw UsageError{absl::StrCat("jobs die as soon as they begin; see ",
                                    store_.Path("died/"), record.slice,
                                    "-log")};
  } else {
    died_at_once_ = 0;
    if (slice.job->crashed() && Clock::now() >= slice.deadline)
      record.end = "killed: it did not end in time";
  }
  KernelState& kernel = kernels_[slice.pair.kernel];
  Harvest(record, kernel);
  schedule_.Note(slice.pair, log_.records().back().gain, record.seconds);
  store_.RemoveJob(slice.number);
}

void CampaignRun::Watch(Slice& slice) {
  if (Clock::now() < slice.deadline) return;
  slice.stopped = true;
  slice.job->Kill();
}

void CampaignRun::StopAll() {
  for (Slice& slice : slices_) {
    slice.stopped = true;
    slice.job->Interrupt();
  }
  const auto deadline = Clock::now() + std::chrono::seconds(3);
  for (Slice& slice : slices_)
    while (!slice.job->Ended()) {
      if (Clock::now() > deadline) slice.job->Kill();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  // Taken from the list first: should one not be harvested, its directory stays
  // for the next campaign.
  std::vector<Slice> ended;
  ended.swap(slices_);
  for (Slice& slice : ended) End(slice);
}

void CampaignRun::Run() {
  const unsigned jobs = options_.jobs != 0
                            ? options_.jobs
                            : std::max(1U, std::thread::hardware_concurrency());
  const auto is_over = [&] {
    return g_stop.load() || !std::cout || NobodyReads() ||
           (options_.seconds > 0 && seconds() >= options_.seconds - 0.5);
  };
  while (!is_over()) {
    while (slices_.size() < jobs && !is_over()) Start();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    for (size_t i = 0; i < slices_.size();) {
      Watch(slices_[i]);
      if (!slices_[i].job->Ended()) {
        ++i;
        continue;
      }
      Slice slice = std::move(slices_[i]);
      slices_.erase(slices_.begin() + static_cast<std::ptrdiff_t>(i));
      End(slice);
      WriteReport();
    }
    Tell();
  }
  StopAll();
  Tell();
  WriteReport();
}

Summary CampaignRun::Sum() const {
  Summary summary = Summarize(log_.records());
  summary.directory = store_.directory();
  summary.bad_lines = log_.bad_lines();
  for (const KernelState& kernel : kernels_) {
    summary.skipped += kernel.corpus.skipped();
    AddFindings(kernel.findings, summary);
  }
  for (const Slice& slice : slices_)
    summary.executions += slice.job->status().executions;
  return summary;
}

void CampaignRun::WriteReport() const {
  WriteWhole(store_.Path("report.html"), ReportPage(Sum()));
}

void CampaignRun::TellLine(const std::string& line) {
  if (shown_) std::cerr << "\r\033[K" << std::flush;
  shown_ = false;
  if (!options_.json) std::cout << line << std::endl;
}

void CampaignRun::Tell() {
  for (const KernelState& kernel : kernels_)
    for (const auto& [name, finding] : kernel.findings.all())
      if (told_.insert(finding.FileName()).second)
        TellLine(
            LineOf(finding) +
            (finding.has_script()
                 ? "; " + store_.Path("findings/" + finding.FileName() + ".vmt")
                 : ""));
  uint64_t running = 0;
  for (const Slice& slice : slices_) running += slice.job->status().executions;
  static const bool terminal = ::isatty(STDERR_FILENO) != 0;
  if (Clock::now() < next_line_ && !(terminal && IsTimeToShow())) return;
  const std::string line =
      LineOf(Sum(), seconds(), executions_ + running, Now());
  if (terminal) {
    ShowOnTerminal(line);
    shown_ = true;
  } else {
    TellLine(line);
  }
  if (Clock::now() >= next_line_)
    next_line_ = Clock::now() + std::chrono::minutes(1);
}

}  // namespace vmtrunc
