#include "cli/campaign_run.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/name_part.h"
#include "base/shown.h"
#include "base/streams.h"
#include "campaign/report.h"
#include "cli/corpus.h"
#include "cli/fuzz_run.h"
#include "cli/input.h"
#include "cli/known_scripts.h"

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kNetSeconds = 15;  // JobSpec::most_seconds
// With less time left, no process is started.
constexpr double kShortestSlice = 0.05;

int64_t Now() { return static_cast<int64_t>(std::time(nullptr)); }

// Kernel, engine and start of a slice: information that nothing else has after
// the campaign that started it has ended.
std::string WhatText(const campaign::SliceRecord& r) {
  return absl::StrCat(r.kernel, "\n", r.engine, "\n", r.began_unix, "\n", r.at,
                      "\n", SecondsSinceBoot(), "\n");
}

}  // namespace

CampaignInputs::CampaignInputs(const CampaignOptions& options)
    : known(ReadKnown(options.known)) {
  for (const std::string& text : options.of) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals + 1 == text.size())
      throw base::UsageError{"--of " + base::Shown(text) +
                             ": expected FILE, or a kernel as in K=FILE"};
    States one{.kernel = {},
               .states = ReadAbstract(equals == std::string::npos
                                          ? text
                                          : text.substr(equals + 1))};
    if (equals != std::string::npos) {
      const KernelSpec kernel = OneKernel(text.substr(0, equals), "--of");
      ExpectStatesOf(one.states, kernel);
      one.kernel = kernel.ToString();
    } else if (one.states.kernel) {
      one.kernel = one.states.kernel->ToString();
    }
    if (!one.kernel.empty() &&
        std::none_of(options.kernels.begin(), options.kernels.end(),
                     [&](const std::string& name) {
                       return OneKernel(name, "--kernels").ToString() ==
                              one.kernel;
                     }))
      throw base::UsageError{absl::StrCat("--of ", base::Shown(text),
                                          ": expected one of --kernels, not ",
                                          one.kernel)};
    of.push_back(std::move(one));
  }
}

CampaignRun::CampaignRun(const CampaignOptions& options,
                         const CampaignInputs& inputs)
    : options_(options),
      store_(campaign::Store::Open(options.directory)),
      own_(store_.Path("findings"), "campaign"),
      log_(campaign::Log::Open(store_.Path("log.jsonl"))),
      schedule_(static_cast<unsigned>(options.kernels.size()),
                static_cast<unsigned>(options.engines.size())),
      known_scripts_(inputs.known.size()),
      ran_before_(RanUntilNow(store_, log_)),
      next_line_(start_ + std::chrono::seconds(terminal_ ? 1 : 60)) {
  ::signal(SIGPIPE, SIG_IGN);
  ExpectReport();  // written when a slice ends, checked before one starts
  for (const std::string& name : options_.engines)
    for (const Engine& engine : AllEngines())
      if (engine.name == name) engines_.push_back(engine);
  const std::vector<KeptScript> kept = KeptScripts(store_);
  TellRefused();
  for (const std::string& name : options_.kernels)
    if (!stopped()) OpenKernel(name, inputs, kept);
  RestoreOthers(inputs, kept);
  last_slice_ = log_.last_slice();
  for (const campaign::SliceRecord& r : log_.records())
    for (unsigned k = 0; k < kernels_.size(); ++k)
      for (unsigned e = 0; e < engines_.size(); ++e)
        if (kernels_[k].name == r.kernel && engines_[e].name == r.engine)
          schedule_.Note({k, e}, r.gain, r.seconds);
  for (const campaign::Group& group : Sum().groups) told_.insert(group.key);
  GiveSeeds();
  TakeLeftOvers();
  MakePages();
}

// For a job that fails: no job runs after the message.
CampaignRun::~CampaignRun() = default;

void CampaignRun::OpenKernel(const std::string& name,
                             const CampaignInputs& inputs,
                             const std::vector<KeptScript>& kept) {
  const KernelSpec spec = OneKernel(name, "--kernels");
  kernels_.push_back(
      {.name = spec.ToString(),
       .spec = spec,
       .corpus = campaign::KernelCorpus(
           store_.Path("corpus/" + base::NamePart(spec.ToString())), spec),
       .findings =
           RestoreFindings(kept, spec.ToString(), inputs.known, log_.records()),
       .of = {}});
  const campaign::KernelCorpus& corpus = kernels_.back().corpus;
  if (corpus.skipped() > 0)
    std::cerr << base::Shown(corpus.first_skipped()) << ": left out"
              << (corpus.skipped() == 1
                      ? std::string()
                      : absl::StrCat(", and ", corpus.skipped() - 1, " more"))
              << "; expected files of at most "
              << (campaign::KernelCorpus::kMostBytes >> 10)
              << " KiB that can be read\n";
  for (const CampaignInputs::States& of : inputs.of)
    if (of.kernel.empty() || of.kernel == spec.ToString())
      kernels_.back().of = of.states.seen;
}

// What was found on kernels that do not run now is still in the directory.
void CampaignRun::RestoreOthers(const CampaignInputs& inputs,
                                const std::vector<KeptScript>& kept) {
  for (const std::string& name : KernelsOf(kept, log_.records()))
    if (std::none_of(kernels_.begin(), kernels_.end(),
                     [&](const KernelState& k) { return k.name == name; }))
      others_.push_back(
          RestoreFindings(kept, name, inputs.known, log_.records()));
}

// What a corpus that is named has is read or refused, as by all commands.
void CampaignRun::GiveSeeds() {
  for (const std::string& directory : options_.corpus) {
    const std::vector<std::string> paths = FilesBelow({directory});
    if (paths.empty())
      throw base::UsageError{"--corpus " + base::Shown(directory) +
                             ": expected scripts in it, and there is no file"};
    const base::Places places(paths);
    for (const std::string& path : paths) {
      if (stopped()) break;
      const auto file = ReadListed(path, places, {directory});
      if (!file) continue;
      if (const std::string words = IgnoredInWords(file->script);
          !words.empty())
        std::cerr << base::Shown(path) << ": " << words << "\n";
      for (KernelState& kernel : kernels_)
        kernel.corpus.TakeSeed(path, file->content);
    }
  }
  if (!options_.corpus.empty()) base::SyncFileSystem(store_.directory());
}

double CampaignRun::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

void CampaignRun::Start() {
  std::vector<campaign::Pair> running;
  for (const Slice& slice : slices_) running.push_back(slice.pair);
  const campaign::Pair pair = schedule_.Choose(running);
  double time = options_.slice_seconds;
  if (options_.seconds > 0)
    time =
        std::max(kShortestSlice, std::min(options_.seconds - seconds(), time));
  store_.ExpectThere();
  std::error_code error;
  if (last_slice_ >= campaign::kMostSlices)
    throw base::UsageError{absl::StrCat(
        base::Shown(store_.directory()), ": no number can follow slice ",
        last_slice_, "; expected smaller ones")};
  // An existing one is not the next slice's.
  while (!fs::create_directory(store_.JobDirectory(++last_slice_), error))
    if (error && error != std::errc::file_exists)
      base::FailPath(store_.JobDirectory(last_slice_), error.value());
  const uint64_t number = last_slice_;
  const std::string directory = store_.JobDirectory(number);
  if (!fs::create_directory(directory + "/corpus", error))
    base::FailPath(directory + "/corpus", error.value());
  const campaign::SliceRecord record{.slice = number,
                                     .began_unix = Now(),
                                     .at = ran(),
                                     .kernel = kernels_[pair.kernel].name,
                                     .engine = engines_[pair.engine].name};
  base::WriteFile(directory + "/" + kSliceFile, WhatText(record));
  const auto now = Clock::now();
  slices_.push_back(
      {.number = number,
       .pair = pair,
       .began_unix = record.began_unix,
       .began = now,
       .deadline = now + std::chrono::duration_cast<Clock::duration>(
                             std::chrono::duration<double>(time)),
       .job = std::make_unique<FuzzerJob>(SpecOf(number, pair, time))});
}

JobSpec CampaignRun::SpecOf(uint64_t number, campaign::Pair pair,
                            double seconds) const {
  const Engine& engine = engines_[pair.engine];
  const KernelState& kernel = kernels_[pair.kernel];
  const std::string directory = store_.JobDirectory(number);
  const std::string fuzzer =
      options_.fuzzers.empty() ? "" : options_.fuzzers + "/" + engine.fuzzer;
  JobSpec spec{.fuzzer = FindFuzzer(fuzzer, engine.fuzzer),
               .directory = directory,
               .arguments = engine.flags,
               .is_inside = true,
               .variables = engine.variables,
               // Stack, libraries and what malloc maps in advance.
               .most_bytes = (uint64_t{options_.memory_mib} + 1024) << 20,
               .most_seconds = static_cast<uint64_t>(seconds) + kNetSeconds};
  // The directory's first job is number 1.
  const uint32_t seed =
      options_.seed == 0 ? 0 : SeedOf(options_.seed, number - 1);
  for (const std::string& argument :
       {MaxLen(options_.events, LongestIn(kernel.corpus.directory())),
        absl::StrCat("-rss_limit_mb=", options_.memory_mib),
        absl::StrCat("-seed=", seed), std::string("-artifact_prefix=./"),
        std::string("-len_control=0"), std::string("-print_final_stats=0"),
        std::string("-timeout=10"), std::string("corpus"),
        "../../corpus/" + base::NamePart(kernel.name)})
    spec.arguments.push_back(argument);
  const auto set = [&](const char* name, const std::string& value) {
    spec.variables.push_back(absl::StrCat(name, "=", value));
  };
  set(fuzz::kKernelVariable, kernel.name);
  set(fuzz::kEventsVariable, absl::StrCat(options_.events));
  set(fuzz::kKeepGoingVariable, "1");
  set(fuzz::kSortVariable, RuleNames(kernel.findings.known().rules()));
  return spec;
}

void CampaignRun::StopAll() {
  WaitedEnough();  // starts the wait
  for (Slice& slice : slices_) slice.job->End();
  for (Slice& slice : slices_)
    while (!slice.job->Ended())
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  // Removed from the list first: if one is not harvested, its directory stays
  // for the next campaign.
  std::vector<Slice> ended;
  ended.swap(slices_);
  for (Slice& slice : ended) End(slice);
}

void CampaignRun::Look() {
  store_.ExpectThere();  // else the jobs end now, in the directory that moved
  for (size_t i = 0; i < slices_.size();) {
    FuzzerJob& job = *slices_[i].job;
    if (Clock::now() >= slices_[i].deadline) job.End();
    if (!job.Ended()) {
      job.ExpectSameBuild(/*at_end=*/false);
      ++i;
      continue;
    }
    Slice slice = std::move(slices_[i]);
    slices_.erase(slices_.begin() + static_cast<std::ptrdiff_t>(i));
    End(slice);
    WriteReport();
  }
}

void CampaignRun::Run() {
  const unsigned jobs = options_.jobs != 0
                            ? options_.jobs
                            : std::max(1U, std::thread::hardware_concurrency());
  const auto is_over = [&] {
    return stopped() || !std::cout || base::NobodyReads() ||
           (options_.seconds > 0 && seconds() >= options_.seconds);
  };
  while (!is_over()) {
    while (slices_.size() < jobs && !is_over()) Start();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    Look();
    Tell();
  }
  StopAll();
  Tell();
  WriteReport();
}

}  // namespace vmtrunc::cli
