// vmtrunc distill.
#include "search/distill.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/name_part.h"
#include "base/own_directory.h"
#include "base/progress.h"
#include "base/shown.h"
#include "base/stop.h"
#include "cli/commands.h"
#include "cli/corpus.h"
#include "cli/input.h"
#include "cli/to_run.h"
#include "core/version.h"
#include "report/json_text.h"
#include "search/covered.h"
#include "search/set_cover.h"
#include "search/solver.h"

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;

struct DistillArguments {
  std::vector<std::string> dirs, have;
  std::string out, kernels = "all", as;
  double seconds = 60;
  bool classes = false, no_states = false, keep_size = false, replace = false,
       any_kernel = false, json = false;
};

std::vector<Rules> RulesOf(const std::string& kernels) {
  std::vector<Rules> rules;
  for (const KernelSpec& spec :
       Kernels(kernels, EmptyScript(), "--kernel", "2.6.11"))
    rules.push_back(spec.rules());
  return rules;
}

void CheckPlaces(const DistillArguments& o) {
  std::vector<std::string> inputs = o.dirs;
  inputs.insert(inputs.end(), o.have.begin(), o.have.end());
  for (const std::string& dir : inputs)
    if (::access(dir.c_str(), F_OK) != 0) base::FailPath(dir, errno);
  base::ExpectReplaceable("-o", o.out, inputs);
}

void ShowOf(base::ProgressLine& line, const char* what, size_t done,
            size_t all) {
  if (line.IsDue()) line.Show(absl::StrFormat("%s %d of %d", what, done, all));
}

struct Corpus {
  std::vector<CorpusFile> files;  // different scripts
  std::vector<Draft> drafts;
  std::vector<search::ReachedBy> reached;
  size_t read = 0;  // files, including those with equal scripts
};

// Nothing if there is no script in it, which is said, or if it is gone by now,
// as a running fuzzer replaces inputs by smaller ones.
std::optional<CorpusFile> ReadInput(const std::string& path,
                                    const std::vector<std::string>& named,
                                    const base::Places& places) {
  std::optional<CorpusFile> file = ReadListed(path, places, named);
  if (!file) return std::nullopt;
  TakeKernelBeside(path, file->script);
  if (!file->content.empty()) return file;
  std::cerr << "vmtrunc distill: skipped: " << base::Shown(path)
            << ": expected a script; there is nothing in it\n";
  return std::nullopt;
}

// `option`: "", or what names the directories.
Corpus ReadAndRun(const std::string& option,
                  const std::vector<std::string>& dirs,
                  const search::Reach& reach) {
  Corpus corpus;
  base::ProgressLine progress;
  std::set<std::string> known;
  std::vector<std::vector<std::string>> paths;
  std::vector<base::Places> places;
  size_t all = 0;
  for (const std::string& dir : dirs) {
    paths.push_back(FilesBelow({dir}));
    places.emplace_back(paths.back());
    all += paths.back().size();
  }
  for (size_t i = 0; i < dirs.size(); ++i) {
    const size_t before = corpus.read;
    const base::Places& its = places[i];
    for (const std::string& path : paths[i]) {
      std::optional<CorpusFile> file = ReadInput(path, dirs, its);
      if (!file) continue;
      const std::vector<uint8_t> bytes = EncodeBytes(file->script);
      ShowOf(progress, "running input", ++corpus.read, all);
      if (!known.insert(std::string(bytes.begin(), bytes.end())).second)
        continue;
      corpus.drafts.push_back(file->script);
      corpus.reached.push_back(reach.Of(corpus.drafts.back()));
      corpus.files.push_back(*std::move(file));
    }
    if (corpus.read == before)
      throw base::UsageError{absl::StrCat(option, base::Shown(dirs[i]),
                                          ": expected a directory with "
                                          "scripts, and there are none in it")};
  }
  return corpus;
}

search::Features AllOf(const std::vector<search::ReachedBy>& reached) {
  std::set<uint32_t> all;
  for (const search::ReachedBy& one : reached)
    all.insert(one.features.begin(), one.features.end());
  return {all.begin(), all.end()};
}

search::Features Without(const search::Features& from,
                         const search::Features& less) {
  search::Features rest;
  std::set_difference(from.begin(), from.end(), less.begin(), less.end(),
                      std::back_inserter(rest));
  return rest;
}

// A file name from the script's operations, in their order.
std::string NameFor(const Draft& draft) {
  std::string name;
  std::string last;
  int parts = 0;
  for (const Event& event : draft.events) {
    const std::string part = event.kind == EventKind::kDrop ? "drop"
                             : event.verb != Verb::kNone ? VerbName(event.verb)
                                                         : "";
    if (part.empty() || part == last || part == "mmap") continue;
    if (++parts > 5) break;
    absl::StrAppend(&name, name.empty() ? "" : "-", part);
    last = part;
  }
  return name.empty() ? "mmap" : name;
}

// The bytes, with the kernel that a note beside them names: no note goes with
// them.
std::string OnTheirKernel(const CorpusFile& file) {
  std::string content = file.content;
  const auto* bytes = reinterpret_cast<const uint8_t*>(content.data());
  const auto& kernel = file.script.kernel;
  if (!kernel || DecodeBytes({bytes, content.size()}).kernel == kernel)
    return content;
  content.resize(std::max(content.size(), kHeaderBytes));
  SetKernel(*kernel,
            std::span<uint8_t, kHeaderBytes>(
                reinterpret_cast<uint8_t*>(content.data()), kHeaderBytes));
  return content;
}

// Unchanged if the script, its kernel and the form are.
std::string ContentOf(const CorpusFile& file, const Draft& draft, bool text) {
  if (draft == file.script && text == file.is_text) {
    if (!text) return OnTheirKernel(file);
    return NamesFiles(file.script) ? ToText(file.script) : file.content;
  }
  Script script = ScriptOf(draft);
  script.kernel = file.script.kernel;
  if (text) return ToText(script);
  const std::vector<uint8_t> bytes = EncodeBytes(script);
  return std::string(bytes.begin(), bytes.end());
}

// A name that a corpus may have: not reserved for vmtrunc or for notes, and
// short enough for a number.
std::string NameIn(std::string stem, const std::string& extension) {
  constexpr size_t kMost = 230;
  if (base::IsBookkeeping(stem + extension)) stem = "input" + stem;
  if (stem.size() + extension.size() > kMost)
    stem.resize(kMost - std::min(kMost, extension.size()));
  return stem;
}

// Names and contents of the new corpus.
std::vector<std::pair<std::string, std::string>> Outputs(
    const DistillArguments& o, const Corpus& corpus,
    const std::vector<uint32_t>& kept) {
  std::vector<std::pair<std::string, std::string>> outputs;
  std::set<std::string> used;
  for (const uint32_t i : kept) {
    const CorpusFile& file = corpus.files[i];
    const bool text = o.as.empty() ? file.is_text : o.as == "text";
    const fs::path name = fs::path(file.path).filename();
    std::string extension = o.as.empty() ? name.extension().string()
                            : text       ? ".vmt"
                                         : "";
    if (extension == ".md" || extension.size() > 100) extension.clear();
    const std::string stem =
        NameIn(o.as.empty() ? name.stem().string() : NameFor(corpus.drafts[i]),
               extension);
    // Some file systems do not distinguish X.vmt from x.vmt.
    std::string unused = stem + extension;
    for (unsigned n = 2; !used.insert(absl::AsciiStrToLower(unused)).second;
         ++n)
      unused = base::NumberedName(stem, n, extension);
    outputs.emplace_back(std::move(unused),
                         ContentOf(file, corpus.drafts[i], text));
  }
  return outputs;
}

// The result.
struct Distilled {
  size_t read = 0, different = 0;
  search::FeatureCounts counts;
  search::CoverResult cover;
  size_t events_before = 0, events = 0;
};

size_t EventsOf(const Corpus& corpus, const std::vector<uint32_t>& kept) {
  size_t events = 0;
  for (const uint32_t i : kept) events += corpus.drafts[i].events.size();
  return events;
}

void PrintJson(const DistillArguments& o, const Distilled& d) {
  std::cout << report::JsonText({{"version", kJsonVersion},
                                 {"inputs", d.read},
                                 {"different", d.different},
                                 {"branches", d.counts.branches},
                                 {"abstract_states", d.counts.states},
                                 {"bugs", d.counts.bugs},
                                 {"kept", d.cover.chosen.size()},
                                 {"at_least", d.cover.at_least},
                                 {"proved", d.cover.is_proved},
                                 {"greedy", d.cover.greedy},
                                 {"events_before", d.events_before},
                                 {"events", d.events},
                                 {"per_kernel", !o.any_kernel},
                                 {"out", o.out}})
            << "\n";
}

// The kernels of a claim, and whether it is for each of them.
std::string OverKernels(const DistillArguments& o) {
  const auto kernels = Kernels(o.kernels, EmptyScript(), "", "");
  std::string names;
  for (const KernelSpec& kernel : kernels)
    absl::StrAppend(&names, names.empty() ? "" : ", ", kernel.Name());
  if (kernels.size() == 1) return "on " + names;
  return absl::StrCat(o.any_kernel ? "on any of " : "counted on each of ",
                      names);
}

void PrintClaim(const DistillArguments& o, const Distilled& d) {
  const std::string bound =
      d.cover.is_proved
          ? "and no fewer do"
          : absl::StrFormat(
                "at least %d are needed, the solver ran out of time",
                d.cover.at_least);
  std::cout << absl::StreamFormat(
      "%d inputs, %d of them different, reach %d branches%s%s and "
      "%d known bugs%s,\n%s\n"
      "%d inputs keep all of that, %s; the greedy choice has %d\n",
      d.read, d.different, d.counts.branches,
      o.classes ? " and classes of them" : "",
      o.no_states ? ""
                  : absl::StrFormat(", %d abstract states", d.counts.states),
      d.counts.bugs, o.have.empty() ? "" : " that the others do not",
      OverKernels(o), d.cover.chosen.size(), bound, d.cover.greedy);
}

// The cover of the features that `elsewhere` lacks.
search::CoverResult Choose(const DistillArguments& o, const Corpus& corpus,
                           const search::Features& elsewhere,
                           const search::Solver& solver) {
  search::CoverProblem problem;
  for (const search::ReachedBy& one : corpus.reached) {
    problem.sets.push_back(Without(one.features, elsewhere));
    problem.weights.push_back(one.weight);
  }
  return search::SmallestCover(problem, solver, o.seconds);
}

// Throws if the new corpus, as it will be read, lacks a feature: that must not
// happen.
void CheckKept(const search::Reach& reach,
               const base::OwnDirectory::Files& files,
               const search::Features& wanted) {
  std::vector<search::ReachedBy> left;
  for (const auto& [name, content] : files) {
    const Script script =
        ParseScript(name, content, LooksLikeText(name, content));
    left.push_back(reach.Of(script));
  }
  const search::Features lost = Without(wanted, AllOf(left));
  if (!lost.empty())
    throw base::UsageError{
        absl::StrCat("distill: the new corpus lacks ", reach.Name(lost.front()),
                     ": this is a mistake of vmtrunc; nothing was written")};
}

// Prints the result before writing, which may fail.
void Finish(const DistillArguments& o, const Distilled& d,
            base::OwnDirectory& out, const base::OwnDirectory::Files& files) {
  o.json ? PrintJson(o, d) : PrintClaim(o, d);
  std::cout << std::flush;
  base::StopOnSignals();  // only for this part
  out.Write(files, /*durable=*/true);
  if (!o.json)
    std::cout << absl::StreamFormat(
        "%s: %d files, %d events, minimised from %d\n", base::Shown(o.out),
        files.size(), d.events, d.events_before);
}

int RunDistill(const DistillArguments& o) {
  if (search::BranchCount() == 0)
    throw base::UsageError{
        "distill: this build counts no branches; expected one by clang"};
  const absl::StatusOr<search::Solver> solver = search::Solver::Load();
  if (!solver.ok())
    throw base::UsageError{
        absl::StrCat("distill: ", solver.status().message())};
  CheckPlaces(o);
  base::EndOnSignals("vmtrunc distill: stopped; nothing was written");
  base::OwnDirectory out("-o", o.out, "distill", o.replace);
  const search::Reach reach(RulesOf(o.kernels), {.classes = o.classes,
                                                 .states = !o.no_states,
                                                 .per_kernel = !o.any_kernel});
  Corpus corpus = ReadAndRun("", o.dirs, reach);
  const search::Features elsewhere =
      AllOf(ReadAndRun("--have ", o.have, reach).reached);
  const search::Features wanted = Without(AllOf(corpus.reached), elsewhere);

  Distilled d{.read = corpus.read,
              .different = corpus.files.size(),
              .counts = reach.Count(wanted),
              .cover = Choose(o, corpus, elsewhere, *solver)};
  const std::vector<uint32_t>& kept = d.cover.chosen;
  d.events_before = EventsOf(corpus, kept);
  if (!o.keep_size) {
    base::ProgressLine progress;
    size_t done = 0;
    search::ShrinkKept(reach, kept, wanted, corpus.drafts, corpus.reached, [&] {
      ShowOf(progress, "shrinking input", ++done, kept.size());
    });
  }
  d.events = EventsOf(corpus, kept);
  const base::OwnDirectory::Files files = Outputs(o, corpus, kept);
  CheckKept(reach, files, wanted);
  Finish(o, d, out, files);
  return base::kExitHeld;
}

}  // namespace

void AddDistill(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "distill",
      "writes the smallest corpus that reaches every branch of the model, "
      "every "
      "abstract\nstate and every known bug that the scripts in DIR... reach. "
      "DIR is left alone; OUT appears whole or not at all.\nExit status: 0 "
      "done, 2 bad usage or input, 3 stopped: nothing was written.");
  auto o = std::make_shared<DistillArguments>();
  sub->add_option("DIR", o->dirs, "directories of scripts, text or bytes")
      ->required();
  sub->add_option("-o,--out", o->out, "the directory to write")->required();
  sub->add_option("--have", o->have,
                  "other corpora: what they reach need not be kept");
  sub->add_option("--kernel", o->kernels,
                  "kernels to run each script on; default: all");
  sub->add_flag("--any-kernel", o->any_kernel,
                "keep what is reached on any kernel, not on each: fewer files");
  sub->add_flag("--classes", o->classes,
                "distinguish how often a branch is taken, in libFuzzer's "
                "classes");
  sub->add_flag("--no-states", o->no_states,
                "ignore abstract states: keep branches and known bugs only");
  sub->add_option("--as", o->as,
                  "the form to write, with descriptive names; default: as read")
      ->check(CLI::IsMember({"text", "bytes"}));
  sub->add_flag("--no-shrink", o->keep_size,
                "do not minimise the scripts that are kept");
  sub->add_option(
         "--seconds", o->seconds,
         "limit of the solver, 60 by default; then the best cover so far")
      ->check(kPositive);
  sub->add_flag("--replace", o->replace,
                "replace what distill wrote to OUT before");
  sub->add_flag("--json", o->json, "as JSON");
  sub->callback([=, &run] { run = [=] { return RunDistill(*o); }; });
}

}  // namespace vmtrunc::cli
