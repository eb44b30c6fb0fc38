#include "cli/prove_shard.h"

#include <chrono>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/lock.h"
#include "base/place.h"
#include "base/shown.h"
#include "base/work_directory.h"
#include "cli/input.h"
#include "core/build_id.h"
#include "core/version.h"
#include "report/json_text.h"
#include "search/prove_shared.h"

namespace vmtrunc::cli {
namespace {

// The settings that all shards must share. Not the path of a script: it may
// differ between machines, and `problem` has its content.
nlohmann::json Question(const Asked& asked, const ProveArguments& o,
                        search::Shard shard,
                        const search::ProveOptions& options) {
  return {{"vmtrunc", VMTRUNC_VERSION},
          {"model", BuildId()},
          {"kernel", asked.kernel.ToString()},
          {"property", o.property.empty() ? "all" : o.property},
          {"search", o.whole    ? "whole"
                     : o.steps  ? "steps"
                     : o.reduce ? "reduce"
                                : "fewest"},
          {"problem",
           absl::StrFormat("%016x", search::ProblemId(asked.problem, options))},
          {"shards", shard.shards}};
}

// We chose the name, so a pipe or a link there is unexpected.
void ExpectAnswerOrNone(const std::string& path) {
  std::error_code error;
  const std::filesystem::file_type type =
      std::filesystem::symlink_status(path, error).type();
  if (type == std::filesystem::file_type::none)
    base::FailPath(path, error.value());
  if (type != std::filesystem::file_type::not_found &&
      type != std::filesystem::file_type::regular)
    throw base::UsageError{base::Shown(path) +
                           ": expected a regular file, or none"};
}

// What the file has; discarded if it is too large, or no answer. Throws
// UsageError if it cannot be read.
nlohmann::json AnswerIn(const std::string& path) {
  nlohmann::json json = nlohmann::json::parse(
      base::ReadKnown(path, base::kMostInput).value_or(""), nullptr, false);
  for (const char* name : {"question", "answer", "held_events"})
    if (!json.is_object() || !json.contains(name))
      return nlohmann::json(nlohmann::json::value_t::discarded);
  return json;
}

// No link, no pipe; and if there is an answer, it is to this question.
void ExpectAnswerTo(const nlohmann::json& question, const std::string& path) {
  ExpectAnswerOrNone(path);
  std::error_code none;
  if (!std::filesystem::exists(path, none)) return;
  const nlohmann::json old = AnswerIn(path);
  if (old.is_discarded())
    throw base::UsageError{
        absl::StrCat(base::Shown(path),
                     ": expected an answer of vmtrunc prove --shard, or none")};
  if (old.at("question") != question)
    throw base::UsageError{
        absl::StrCat(base::Shown(path),
                     ": expected an answer to this question (kernel, bound, "
                     "property, search), or none")};
}

}  // namespace

search::Shard ParseShard(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  search::Shard shard;
  if (text.find_first_not_of("0123456789/") != std::string::npos ||
      parts.size() != 2 || !absl::SimpleAtoi(parts[0], &shard.number) ||
      !absl::SimpleAtoi(parts[1], &shard.shards) ||
      shard.number >= shard.shards || shard.shards > kMostShards)
    throw base::UsageError{
        absl::StrCat("--shard: expected I/N, I from 0 to N-1 and N up to ",
                     kMostShards, ", not ", text)};
  return shard;
}

std::string AnswerName(search::Shard shard) {
  return absl::StrCat("shard-", shard.number, "-of-", shard.shards, ".json");
}

void ExpectNoAnswer(const std::string& option, const std::string& output,
                    const std::string& answers) {
  if (output.empty() || answers.empty()) return;
  // Some file systems take upper and lower case for the same.
  const std::string name = absl::AsciiStrToLower(base::NameIn(answers, output));
  if (name.starts_with("shard-") && name.ends_with(".json"))
    throw base::UsageError{
        absl::StrCat(option, " ", base::Shown(output),
                     ": expected another name than that of an answer in ",
                     base::Shown(answers))};
}

void ExpectToAnswer(const Asked& asked, const ProveArguments& o,
                    search::Shard shard, const search::ProveOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(o.answers, error);
  std::error_code none;
  if (error && !std::filesystem::is_directory(o.answers, none))
    throw base::UsageError{absl::StrCat("--answers ", base::Shown(o.answers),
                                        ": ", error.message())};
  const std::string path = absl::StrCat(o.answers, "/", AnswerName(shard));
  ExpectAnswerTo(Question(asked, o, shard, options), path);
  const base::OutputFile tried(path);
}

// Whether an answer says less than another one to the same question: a verdict
// is more than none, and more if no state can have been missed; of those
// without one it is that which came further.
bool SaysLess(const nlohmann::json& one, const nlohmann::json& other) {
  const auto is_open = [](const nlohmann::json& it) {
    return it.at("answer") == Word(search::Answer::kRanOut);
  };
  const auto is_exact = [](const nlohmann::json& it) {
    return it.contains("exact") && it.at("exact") == true;
  };
  if (is_open(one) && is_open(other))
    return one.at("held_events") < other.at("held_events");
  if (is_open(one) || is_open(other)) return is_open(one);
  return is_exact(other) && !is_exact(one);
}

// Held while an answer is looked at and replaced: two jobs of one shard may do
// so at once. Nothing if it cannot be had, or not in that time.
std::optional<base::DirectoryLock> LockAnswers(const std::string& directory) {
  constexpr auto kMostWait = std::chrono::seconds(2);
  constexpr auto kBetweenTries = std::chrono::milliseconds(5);
  if (base::NewFileError(directory) != 0) return std::nullopt;
  const auto end = std::chrono::steady_clock::now() + kMostWait;
  while (std::chrono::steady_clock::now() < end) {
    try {
      return base::DirectoryLock(directory, "vmtrunc prove");
    } catch (const base::UsageError&) {
      std::this_thread::sleep_for(kBetweenTries);
    }
  }
  return std::nullopt;
}

void WriteAnswer(const Told& told, search::Shard shard) {
  const search::ProveResult& result = told.result;
  nlohmann::json json = ToJson(told);
  json["question"] = Question(told.asked, told.o, shard, told.options);
  json["shard"] = shard.number;
  json["stopped"] = result.stopped;
  json["exact"] = told.o.exact;
  if (result.held_events == search::kAnyEvents)
    json["held_events"] = nullptr;
  else
    json["held_events"] = result.held_events;
  const std::string path = absl::StrCat(told.o.answers, "/", AnswerName(shard));
  // Again, as there was time for others to write.
  const auto lock = LockAnswers(told.o.answers);
  ExpectAnswerTo(json.at("question"), path);
  if (const nlohmann::json old = AnswerIn(path); !old.is_discarded()) {
    if (SaysLess(json, old))
      std::cerr << "vmtrunc: " << base::Shown(path)
                << ": kept, as it says more than this search\n";
    // One that says as much stays too, with what others may have added.
    if (!SaysLess(old, json)) return;
  }
  base::WriteDurable(path, report::JsonText(json) + "\n");
}

search::ProveResult SearchShared(const ProveArguments& o, const Asked& asked,
                                 const search::ProveOptions& options,
                                 ShowProgress& show) {
  const search::Shard shard = ParseShard(o.shard);
  if (shard.shards > kMostSharing)
    throw base::UsageError{
        absl::StrCat("--shard: expected up to ", kMostSharing,
                     " shards with --exchange, not ", shard.shards)};
  const base::WorkDirectory own(
      "--exchange", absl::StrCat(o.exchange, "/shard-", shard.number), "prove");
  const search::Sharing sharing{
      .shard = shard,
      .directory = o.exchange,
      .program = absl::StrCat(VMTRUNC_VERSION, " ", BuildId(), " ",
                              kCheckpointVersion),
      .on_wait = [&](unsigned other, unsigned level) {
        own.ExpectThere();
        show.Waits(
            absl::StrCat("waits for shard ", other, " to reach depth ", level));
      }};
  search::ProveOptions its = options;
  its.steps_only = true;
  its.reduce = !o.steps;
  its.on_progress = [&](const search::ProveProgress& progress) {
    own.ExpectThere();
    show(progress);
  };
  return search::ProveShared(asked.problem, its, sharing);
}

void AddShardOptions(CLI::App& sub, ProveArguments& arguments) {
  ProveArguments* const o = &arguments;
  CLI::Option* const shard =
      sub.add_option("--shard", o->shard,
                     "I/N: this of N jobs that split the bound, 0 to N-1")
          ->excludes("--lasso")
          ->excludes("--abstract")
          ->excludes("--abstract-to")
          ->excludes("--self-check");
  CLI::Option* const answers =
      sub.add_option("--answers", o->answers,
                     "the directory for its answer, shard-I-of-N.json")
          ->needs(shard);
  CLI::Option* const exchange = sub.add_option(
      "--exchange", o->exchange,
      "a directory through which the shards, which run at the same time, send "
      "each state to the one that expands it; a shard that was killed resumes");
  exchange->needs(shard)->excludes(answers);
  for (const char* other : {"--checkpoint", "--whole", "--exact"})
    exchange->excludes(other);
  CLI::Option* const join =
      sub.add_option("--join", o->join,
                     "what the answers in a directory come to, and which are "
                     "missing; with -o and --json alone");
  for (CLI::Option* other : sub.get_options())
    if (other != join && !other->check_lname("help") &&
        !other->check_lname("out") && !other->check_lname("json"))
      join->excludes(other);
}

}  // namespace vmtrunc::cli
