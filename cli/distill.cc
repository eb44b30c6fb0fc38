// vmtrunc distill.
#include "fuzz/distill.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/commands.h"
#include "cli/corpus.h"
#include "cli/input.h"
#include "fuzz/covered.h"

namespace vmtrunc {
namespace {

namespace fs = std::filesystem;

struct DistillArguments {
  std::vector<std::string> dirs, have;
  std::string out, kernels = "all", as;
  double seconds = 60;
  bool classes = false, no_states = false, keep_size = false, replace = false,
       json = false;
};

std::vector<Rules> RulesOf(const std::string& kernels) {
  std::vector<Rules> rules;
  for (const KernelSpec& spec :
       Kernels(kernels, EmptyScript(), "--kernel", "2.6.11"))
    rules.push_back(spec.rules());
  return rules;
}

void CheckPlaces(const DistillArguments& o) {
  std::error_code error;
  const fs::path out = fs::weakly_canonical(o.out, error);
  for (const auto* dirs : {&o.dirs, &o.have})
    for (const std::string& dir : *dirs) {
      if (!fs::exists(dir, error))
        throw UsageError{dir + ": No such file or directory"};
      const fs::path in = fs::weakly_canonical(dir, error);
      const auto [rest, other] =
          std::mismatch(in.begin(), in.end(), out.begin(), out.end());
      if (rest == in.end())
        throw UsageError{absl::StrCat("-o ", o.out,
                                      ": expected a place outside of ", dir,
                                      ", which is left alone")};
    }
  if (fs::exists(o.out, error) && (!fs::is_directory(o.out, error) ||
                                   (!fs::is_empty(o.out, error) && !o.replace)))
    throw UsageError{absl::StrCat(
        "-o ", o.out, ": expected no file and no directory with files in it",
        fs::is_directory(o.out, error) ? "; --replace takes its place" : "")};
}

struct Progress {
  const bool terminal = ::isatty(2) != 0;
  void Show(const std::string& what, size_t done, size_t all) const {
    if (terminal && (done % 64 == 0 || done == all))
      std::cerr << absl::StreamFormat("\r\033[K%s %d of %d", what, done, all)
                << std::flush;
  }
  void End() const {
    if (terminal) std::cerr << "\r\033[K";
  }
};

struct Corpus {
  std::vector<CorpusFile> files;  // different scripts
  std::vector<Draft> drafts;
  std::vector<ReachedBy> reached;
  size_t read = 0;  // files, those that say the same too
};

Corpus ReadAndRun(const std::vector<std::string>& dirs, const Reach& reach) {
  Corpus corpus;
  const Progress progress;
  std::set<std::string> known;
  const std::vector<std::string> paths = FilesBelow(dirs);
  for (const std::string& path : paths) {
    CorpusFile file;
    try {
      file = ReadCorpusFile(path);
    } catch (const UsageError&) {
      // A fuzzer that runs replaces inputs by smaller ones.
      std::error_code error;
      if (fs::exists(path, error)) throw;
      continue;
    }
    const std::vector<uint8_t> bytes = EncodeBytes(file.script);
    progress.Show("running input", ++corpus.read, paths.size());
    if (!known.insert(std::string(bytes.begin(), bytes.end())).second) continue;
    corpus.drafts.push_back({file.script.setup, file.script.events});
    corpus.reached.push_back(reach.Of(corpus.drafts.back()));
    corpus.files.push_back(std::move(file));
  }
  progress.End();
  return corpus;
}

Features AllOf(const std::vector<ReachedBy>& reached) {
  std::set<uint32_t> all;
  for (const ReachedBy& one : reached)
    all.insert(one.features.begin(), one.features.end());
  return {all.begin(), all.end()};
}

Features Without(const Features& from, const Features& less) {
  Features rest;
  std::set_difference(from.begin(), from.end(), less.begin(), less.end(),
                      std::back_inserter(rest));
  return rest;
}

// What a script shows, as a file's name: its operations, in their order.
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

// A file of the new corpus.
struct Output {
  std::string name, content;
};

std::vector<Output> Outputs(const DistillArguments& o, const Corpus& corpus,
                            const std::vector<uint32_t>& kept) {
  std::vector<Output> outputs;
  std::map<std::string, int> used;
  for (const uint32_t i : kept) {
    const CorpusFile& file = corpus.files[i];
    const Draft& draft = corpus.drafts[i];
    const bool text = o.as.empty() ? file.is_text : o.as == "text";
    std::string stem = fs::path(file.path).stem().string();
    std::string extension = fs::path(file.path).extension().string();
    if (!o.as.empty()) {
      stem = NameFor(draft);
      extension = text ? ".vmt" : "";
    }
    const int times = ++used[stem + extension];
    if (times > 1) absl::StrAppend(&stem, "-", times);
    Script script = file.script;
    const bool same = script.setup == draft.setup &&
                      script.events == draft.events && text == file.is_text;
    if (!same && !(script.setup == draft.setup)) script = EmptyScript();
    script.setup = draft.setup;
    script.events = draft.events;
    script.expects.clear();
    if (!same && text) {
      for (std::string& name : script.task_names) name.clear();
      Script plain = EmptyScript();
      plain.setup = draft.setup;
      plain.events = draft.events;
      plain.kernel = file.script.kernel;
      script = plain;
    }
    const std::vector<uint8_t> bytes = EncodeBytes(script);
    outputs.push_back(
        {stem + extension, same   ? file.content
                           : text ? ToText(script)
                                  : std::string(bytes.begin(), bytes.end())});
  }
  return outputs;
}

int RunDistill(const DistillArguments& o) {
  if (BranchCount() == 0)
    throw UsageError{
        "distill: this build counts no branches; expected one by clang"};
  CheckPlaces(o);
  const Reach reach(RulesOf(o.kernels),
                    {.classes = o.classes, .states = !o.no_states});
  Corpus corpus = ReadAndRun(o.dirs, reach);
  if (corpus.files.empty())
    throw UsageError{o.dirs.front() + ": expected a directory with files"};
  const Features had = AllOf(corpus.reached);
  const Features elsewhere = AllOf(ReadAndRun(o.have, reach).reached);
  const Features wanted = Without(had, elsewhere);

  CoverProblem problem;
  for (const ReachedBy& one : corpus.reached) {
    problem.sets.push_back(Without(one.features, elsewhere));
    problem.weights.push_back(one.weight);
  }
  const CoverResult cover = SmallestCover(problem, o.seconds);
  uint64_t events = 0, events_left = 0;
  for (const uint32_t i : cover.chosen)
    events += corpus.drafts[i].events.size();
  if (!o.keep_size) {
    const Progress progress;
    size_t done = 0;
    ShrinkKept(reach, cover.chosen, wanted, corpus.drafts, corpus.reached, [&] {
      progress.Show("shrinking input", ++done, cover.chosen.size());
    });
    progress.End();
  }
  std::vector<ReachedBy> left;
  for (const uint32_t i : cover.chosen) {
    events_left += corpus.drafts[i].events.size();
    left.push_back(reach.Of(corpus.drafts[i]));
  }
  const Features lost = Without(wanted, AllOf(left));
  if (!lost.empty())
    throw UsageError{
        absl::StrCat("distill: the new corpus lacks ", reach.Name(lost.front()),
                     ": this is a mistake of vmtrunc; nothing was written")};

  std::vector<std::pair<std::string, std::string>> files;
  for (Output& output : Outputs(o, corpus, cover.chosen))
    files.emplace_back(std::move(output.name), std::move(output.content));
  WriteDirectory(o.out, files);

  const FeatureCounts counts = reach.Count(wanted);
  if (o.json) {
    std::cout << nlohmann::json({{"version", 1},
                                 {"inputs", corpus.read},
                                 {"different", corpus.files.size()},
                                 {"branches", counts.branches},
                                 {"abstract_states", counts.states},
                                 {"bugs", counts.bugs},
                                 {"kept", cover.chosen.size()},
                                 {"at_least", cover.at_least},
                                 {"proved", cover.is_proved},
                                 {"greedy", cover.greedy},
                                 {"events_before", events},
                                 {"events", events_left},
                                 {"out", o.out}})
                     .dump(2)
              << "\n";
    return kExitHeld;
  }
  std::cout << absl::StreamFormat(
      "%d inputs, %d of them different, reach %d branches%s, %d abstract "
      "states and %d known bugs%s\n",
      corpus.read, corpus.files.size(), counts.branches,
      o.classes ? " and classes of them" : "", counts.states, counts.bugs,
      o.have.empty() ? "" : " that the others do not");
  if (cover.is_proved) {
    std::cout << absl::StreamFormat(
        "%d inputs keep all of that, and no fewer do; the greedy choice has "
        "%d\n",
        cover.chosen.size(), cover.greedy);
  } else {
    std::cout << absl::StreamFormat(
        "%d inputs keep all of that; %d at least are needed, the solver ran "
        "out of time; the greedy choice has %d\n",
        cover.chosen.size(), cover.at_least, cover.greedy);
  }
  std::cout << absl::StreamFormat("%s: %d files, %d events, shrunk from %d\n",
                                  o.out, files.size(), events_left, events);
  return kExitHeld;
}

}  // namespace

void AddDistill(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "distill",
      "writes the smallest corpus that reaches every branch of the model, "
      "every "
      "abstract\nstate and every known bug that the scripts in DIR... reach. "
      "DIR is left alone; OUT appears whole or not at all.");
  auto o = std::make_shared<DistillArguments>();
  sub->add_option("DIR", o->dirs, "directories of scripts, text or bytes")
      ->required();
  sub->add_option("-o,--out", o->out, "the directory to make")
      ->required()
      ->check(kNotEmpty);
  sub->add_option("--have", o->have,
                  "what these reach need not be kept: another corpus");
  sub->add_option("--kernel", o->kernels,
                  "K,... that each script is run on; all by default")
      ->check(kNotEmpty);
  sub->add_flag("--classes", o->classes,
                "how often a branch is taken counts too, by libFuzzer's "
                "classes");
  sub->add_flag("--no-states", o->no_states,
                "abstract states do not count: branches and known bugs alone");
  sub->add_option("--as", o->as,
                  "the form to write, with names for what the scripts do; else "
                  "each as it was")
      ->check(CLI::IsMember({"text", "bytes"}));
  sub->add_flag("--no-shrink", o->keep_size, "leave what is kept as it is");
  sub->add_option("--seconds", o->seconds,
                  "the solver's, 60 by default; then the best so far")
      ->check(CLI::PositiveNumber)
      ->check(kNumber);
  sub->add_flag("--replace", o->replace, "OUT may be there: it is replaced");
  sub->add_flag("--json", o->json, "as JSON");
  sub->callback([=, &run] { run = [=] { return RunDistill(*o); }; });
}

}  // namespace vmtrunc
