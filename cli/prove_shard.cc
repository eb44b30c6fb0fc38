#include "cli/prove_shard.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/shown.h"
#include "cli/input.h"

namespace vmtrunc::cli {
namespace {

// The settings that all shards must share. Not the path of a script: it may
// differ between machines, and `problem` has its content.
nlohmann::json Question(const Asked& asked, const ProveArguments& o,
                        search::Shard shard,
                        const search::ProveOptions& options) {
  return {{"vmtrunc", VMTRUNC_VERSION},
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

}  // namespace

search::Shard ParseShard(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  search::Shard shard;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &shard.number) ||
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

void ExpectToAnswer(const Asked& asked, const ProveArguments& o,
                    search::Shard shard, const search::ProveOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(o.answers, error);
  std::error_code none;
  if (error && !std::filesystem::is_directory(o.answers, none))
    throw base::UsageError{absl::StrCat("--answers ", base::Shown(o.answers),
                                        ": ", error.message())};
  const std::string path = absl::StrCat(o.answers, "/", AnswerName(shard));
  ExpectAnswerOrNone(path);
  const base::OutputFile tried(path);
  const bool is_there = std::filesystem::exists(path, none);
  const std::optional<std::string> old =
      base::ReadWhole(path, base::kMostInput);
  if (!old && !is_there) return;
  // A file that is too large or unreadable is not an answer either.
  const nlohmann::json json =
      nlohmann::json::parse(old.value_or(""), nullptr, false);
  if (!json.is_object() || !json.contains("question"))
    throw base::UsageError{
        absl::StrCat(base::Shown(path),
                     ": expected an answer of vmtrunc prove --shard, or none")};
  if (json.at("question") != Question(asked, o, shard, options))
    throw base::UsageError{
        absl::StrCat(base::Shown(path),
                     ": expected an answer to this question (kernel, bound, "
                     "property, search), or none")};
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
  base::WriteDurable(absl::StrCat(told.o.answers, "/", AnswerName(shard)),
                     json.dump(2) + "\n");
}

}  // namespace vmtrunc::cli
