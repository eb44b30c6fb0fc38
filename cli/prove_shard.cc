#include "cli/prove_shard.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "cli/input.h"

namespace vmtrunc {
namespace {

constexpr unsigned kMostShards = 1'000'000;

// What all shards must have been asked alike. The path of a script is not: it
// may differ from machine to machine, and `problem` says what is in it.
nlohmann::json Question(const Asked& asked, const ProveArguments& o,
                        Shard shard, const ProveOptions& options) {
  return {
      {"vmtrunc", VMTRUNC_VERSION},
      {"kernel", asked.kernel},
      {"property", o.property.empty() ? "all" : o.property},
      {"search", o.whole    ? "whole"
                 : o.steps  ? "steps"
                 : o.reduce ? "reduce"
                            : "fewest"},
      {"problem", absl::StrFormat("%016x", ProblemId(asked.problem, options))},
      {"shards", shard.shards}};
}

[[noreturn]] void Fail(const std::string& path) {
  throw UsageError{absl::StrCat(path, ": ", std::strerror(errno))};
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

void ExpectToAnswer(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (::access(directory.c_str(), W_OK | X_OK) != 0) Fail(directory);
}

void WriteAnswer(const Asked& asked, const ProveArguments& o, Shard shard,
                 const ProveOptions& options, const ProveResult& result,
                 double seconds) {
  nlohmann::json json = ToJson(asked, o, result, seconds);
  json["question"] = Question(asked, o, shard, options);
  json["shard"] = shard.number;
  json["stopped"] = result.stopped;
  json["exact"] = o.exact;
  if (result.held_events == kAnyEvents)
    json["held_events"] = nullptr;
  else
    json["held_events"] = result.held_events;
  const std::string text = json.dump(2) + "\n";
  const std::string path = absl::StrCat(o.answers, "/", AnswerName(shard));
  // A name of its own: the one before may not know yet that it is lost.
  std::string part = path + ".XXXXXX";
  const int file = ::mkstemp(part.data());
  if (file < 0) Fail(part);
  const bool written = ::write(file, text.data(), text.size()) ==
                           static_cast<ssize_t>(text.size()) &&
                       ::fchmod(file, 0644) == 0 && ::fsync(file) == 0;
  if (::close(file) != 0 || !written ||
      ::rename(part.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(part.c_str());
    errno = error;
    Fail(path);
  }
}

}  // namespace vmtrunc
