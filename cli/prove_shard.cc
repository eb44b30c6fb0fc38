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

namespace vmtrunc {
namespace {

// What all shards must have been asked alike. The path of a script is not: it
// may differ from machine to machine, and `problem` says what is in it.
nlohmann::json Question(const Asked& asked, const ProveArguments& o,
                        Shard shard, const ProveOptions& options) {
  return {
      {"vmtrunc", VMTRUNC_VERSION},
      {"kernel", asked.kernel.ToString()},
      {"property", o.property.empty() ? "all" : o.property},
      {"search", o.whole    ? "whole"
                 : o.steps  ? "steps"
                 : o.reduce ? "reduce"
                            : "fewest"},
      {"problem", absl::StrFormat("%016x", ProblemId(asked.problem, options))},
      {"shards", shard.shards}};
}

// We chose the name, so nobody means a pipe by it, nor what a link leads to.
void ExpectAnswerOrNone(const std::string& path) {
  std::error_code error;
  const std::filesystem::file_type type =
      std::filesystem::symlink_status(path, error).type();
  if (type == std::filesystem::file_type::none) FailPath(path, error.value());
  if (type != std::filesystem::file_type::not_found &&
      type != std::filesystem::file_type::regular)
    throw UsageError{Shown(path) + ": expected a regular file, or none"};
}

}  // namespace

Shard ParseShard(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  Shard shard;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &shard.number) ||
      !absl::SimpleAtoi(parts[1], &shard.shards) ||
      shard.number >= shard.shards || shard.shards > kMostShards)
    throw UsageError{
        absl::StrCat("--shard: expected I/N, I from 0 to N-1 and N up to ",
                     kMostShards, ", not ", text)};
  return shard;
}

std::string AnswerName(Shard shard) {
  return absl::StrCat("shard-", shard.number, "-of-", shard.shards, ".json");
}

void ExpectToAnswer(const Asked& asked, const ProveArguments& o, Shard shard,
                    const ProveOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(o.answers, error);
  if (error && !std::filesystem::is_directory(o.answers))
    FailPath(o.answers, error.value());
  const std::string path = absl::StrCat(o.answers, "/", AnswerName(shard));
  ExpectAnswerOrNone(path);
  const OutputFile tried(path);
  const bool is_there = std::filesystem::exists(path);
  const std::optional<std::string> old = ReadWhole(path, kMostInput);
  if (!old && !is_there) return;
  // What is too large, or may not be read, is no answer either.
  const nlohmann::json json =
      nlohmann::json::parse(old.value_or(""), nullptr, false);
  if (!json.is_object() || !json.contains("question"))
    throw UsageError{absl::StrCat(
        Shown(path), ": expected an answer of vmtrunc prove --shard, or none")};
  if (json.at("question") != Question(asked, o, shard, options))
    throw UsageError{
        absl::StrCat(Shown(path),
                     ": expected an answer to this question (kernel, bound, "
                     "property, search), or none")};
}

void WriteAnswer(const Told& told, Shard shard) {
  const ProveResult& result = told.result;
  nlohmann::json json = ToJson(told);
  json["question"] = Question(told.asked, told.o, shard, told.options);
  json["shard"] = shard.number;
  json["stopped"] = result.stopped;
  json["exact"] = told.o.exact;
  if (result.held_events == kAnyEvents)
    json["held_events"] = nullptr;
  else
    json["held_events"] = result.held_events;
  WriteDurable(absl::StrCat(told.o.answers, "/", AnswerName(shard)),
               json.dump(2) + "\n");
}

}  // namespace vmtrunc
