#include "cli/prove_join.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/shown.h"
#include "base/write.h"
#include "cli/bound.h"
#include "cli/input.h"
#include "cli/prove.h"
#include "cli/prove_shard.h"
#include "core/build_id.h"
#include "core/run/run.h"
#include "core/version.h"
#include "report/json_text.h"

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;

struct ShardAnswer {
  search::Shard shard;
  search::Answer answer = search::Answer::kRanOut;  // kHolds, kBreaks, kRanOut
  nlohmann::json question;                          // the same for all
  std::string bound;   // its name and the options that change it
  std::string within;  // the same as a description
  std::vector<std::string> left_out;
  bool stopped = false, exact = false, replays = true;
  unsigned held_events = 0;  // kAnyEvents: unlimited
  uint64_t states = 0, transitions = 0, bytes = 0, beyond = 0;
  double seconds = 0;
  std::string why;               // it ran out: "of time"
  std::string property, script;  // if it breaks
  std::string cannot_break;      // why nothing can violate the property
  size_t events = 0;
};

// A counterexample counts only after it was seen to violate the property.
void CheckScript(const std::string& path, ShardAnswer& a) {
  const Script script = ParseScript(path, a.script, true);
  a.events = script.events.size();
  const int number = NameProperty(a.property);
  if (number == kProperties)
    throw base::UsageError{
        absl::StrCat(path, ": expected a property, not ", a.property)};
  if (!a.replays) return;
  const KernelSpec kernel = OneKernel(a.question.at("kernel"));
  const RunResult run = Run<LargeCaps>(script, kernel.rules(), {});
  if (!run.breaks(static_cast<Property>(number)))
    throw base::UsageError{absl::StrCat(path,
                                        ": expected a script that violates ",
                                        a.property, " on ", kernel.ToString())};
}

// kFailed: not a valid answer.
search::Answer AnswerOf(const std::string& word) {
  for (const search::Answer answer :
       {search::Answer::kHolds, search::Answer::kBreaks,
        search::Answer::kRanOut})
    if (word == Word(answer)) return answer;
  return search::Answer::kFailed;
}

ShardAnswer Parse(const nlohmann::json& json) {
  ShardAnswer a;
  a.question = json.at("question");
  a.shard = {json.at("shard"), a.question.at("shards")};
  a.answer = AnswerOf(json.at("answer").get<std::string>());
  a.bound = json.at("bound");
  a.within = json.at("within");
  a.left_out = json.at("left_out").get<std::vector<std::string>>();
  a.stopped = json.at("stopped");
  a.exact = json.at("exact");
  const nlohmann::json& held = json.at("held_events");
  a.held_events = held.is_null() ? search::kAnyEvents : held.get<unsigned>();
  a.states = json.at("states");
  a.transitions = json.at("transitions");
  a.bytes = json.at("bytes");
  a.beyond = json.at("beyond");
  a.seconds = json.at("seconds");
  if (a.answer == search::Answer::kRanOut) a.why = json.at("why");
  a.cannot_break = json.value("cannot_break", "");
  if (a.answer != search::Answer::kBreaks) return a;
  a.property = json.at("property");
  a.script = json.at("script");
  a.replays = json.at("replays");
  return a;
}

// What must be the same in all answers. The last is a hash over more than the
// others: printed only if nothing else differs.
constexpr const char* kSame[] = {"vmtrunc",  "model",  "kernel", "shards",
                                 "property", "search", "problem"};

// Checks the content of the file. Empty: it is valid.
std::string WhatIsWrong(const nlohmann::json& json) {
  for (const char* name : {"shard", "states", "transitions", "bytes", "beyond"})
    if (!json.at(name).is_number_unsigned())
      return absl::StrCat(name, " is no count");
  const nlohmann::json& question = json.at("question");
  for (const char* name : kSame)
    if (!question.contains(name))
      return absl::StrCat("its question has no ", name);
  for (const char* name : {"vmtrunc", "model", "kernel", "property"})
    if (!question.at(name).is_string())
      return absl::StrCat(name, " is no name");
  // What an older model holds may be wrong.
  if (question.at("vmtrunc") != VMTRUNC_VERSION ||
      question.at("model") != BuildId())
    return absl::StrCat("it is of vmtrunc ", question.at("vmtrunc").dump(),
                        ", model ", question.at("model").dump(),
                        ", not of this build (vmtrunc --version)");
  const nlohmann::json& shards = question.at("shards");
  if (!shards.is_number_unsigned() || shards > kMostShards ||
      json.at("shard") >= shards)
    return absl::StrCat("shard ", json.at("shard").dump(), " of ",
                        shards.dump());
  const nlohmann::json& held = json.at("held_events");
  if (!held.is_null() && !held.is_number_unsigned())
    return "held_events is no count";
  const nlohmann::json& seconds = json.at("seconds");
  if (!seconds.is_number() || seconds < 0) return "seconds is no time";
  if (json.contains("script") != (json.at("answer") == "breaks"))
    return "a script where it does not break, or none where it does";
  return "";
}

ShardAnswer ReadAnswer(const std::string& path) {
  const auto expected = [&](const std::string& what) {
    return base::UsageError{absl::StrCat(
        path, ": expected an answer of vmtrunc prove --shard: ", what)};
  };
  // A pipe would block.
  if (std::error_code error; !fs::is_regular_file(path, error))
    throw expected("it is no regular file");
  try {
    const nlohmann::json json = nlohmann::json::parse(base::ReadFile(path));
    if (json.at("version") != 1) throw expected("it is of another version");
    const std::string wrong = WhatIsWrong(json);
    if (!wrong.empty()) throw expected(wrong);
    ShardAnswer a = Parse(json);
    if (AnswerName(a.shard) != fs::path(path).filename().string())
      throw expected("it is that of " + AnswerName(a.shard));
    OneKernel(a.question.at("kernel"));
    if (a.answer == search::Answer::kFailed)
      throw expected("it says " + json.at("answer").get<std::string>());
    if (a.answer == search::Answer::kBreaks) CheckScript(path, a);
    return a;
  } catch (const nlohmann::json::exception& error) {
    std::string what = error.what();  // "[json.exception...] ", and a line
    what = what.substr(std::min(what.find("] ") + 2, what.size()));
    std::replace(what.begin(), what.end(), '\n', ' ');
    throw expected(what);
  }
}

// Throws UsageError if two answers are to different problems.
void ExpectSame(const ShardAnswer& first, const std::string& first_path,
                const ShardAnswer& other, const std::string& path) {
  for (const char* name : kSame) {
    const nlohmann::json &has = other.question.at(name),
                         &wanted = first.question.at(name);
    if (has != wanted)
      throw base::UsageError{absl::StrCat(path, ": expected ", name, " ",
                                          wanted.dump(), " as in ", first_path,
                                          ", not ", has.dump())};
  }
}

// In the order of their numbers.
std::vector<ShardAnswer> ReadAnswers(const std::string& directory) {
  static const std::regex kName("shard-[0-9]+-of-[0-9]+\\.json");
  std::error_code error;
  std::vector<std::string> paths;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(directory, error))
    if (std::regex_match(entry.path().filename().string(), kName))
      paths.push_back(entry.path());
  if (error)
    throw base::UsageError{absl::StrCat(directory, ": ", error.message())};
  if (paths.empty())
    throw base::UsageError{directory + ": expected answers, shard-I-of-N.json"};
  std::sort(paths.begin(), paths.end());
  std::vector<ShardAnswer> answers;
  for (const std::string& path : paths) {
    answers.push_back(ReadAnswer(path));
    ExpectSame(answers.front(), paths.front(), answers.back(), path);
  }
  std::sort(answers.begin(), answers.end(),
            [](const ShardAnswer& a, const ShardAnswer& b) {
              return a.shard.number < b.shard.number;
            });
  return answers;
}

struct Joined {
  std::vector<ShardAnswer> answers;
  unsigned shards = 0;
  // Numbers of shards, "3,5-7", in the form of Slurm's --array.
  std::string missing, stopped, ran_out, again;
  std::map<std::string, std::string> by_why;  // of those that ran out
  const ShardAnswer* breaks = nullptr;        // with the fewest events
  bool fewest = false;
  uint64_t states = 0, transitions = 0, most_bytes = 0, beyond = 0;
  double seconds = 0, longest = 0, missed = 0;

  const char* verdict() const {
    return breaks != nullptr ? "breaks" : again.empty() ? "holds" : "open";
  }
};

std::string Ranges(const std::vector<unsigned>& numbers) {
  std::string text;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const size_t first = i;
    while (i + 1 < numbers.size() && numbers[i + 1] == numbers[i] + 1) ++i;
    absl::StrAppend(&text, text.empty() ? "" : ",", numbers[first]);
    if (i != first) absl::StrAppend(&text, "-", numbers[i]);
  }
  return text;
}

void CountUp(Joined& j) {
  for (const ShardAnswer& a : j.answers) {
    j.states += a.states;
    j.transitions += a.transitions;
    j.beyond += a.beyond;
    j.most_bytes = std::max(j.most_bytes, a.bytes);
    j.seconds += a.seconds;
    j.longest = std::max(j.longest, a.seconds);
    if (!a.exact)
      j.missed += double(a.states) * double(a.states) / 1.8446744e19;
  }
}

// Shards without a verdict.
void ListOpen(Joined& j) {
  std::vector<unsigned> missing, stopped, ran_out, again;
  std::map<std::string, std::vector<unsigned>> by_why;
  size_t at = 0;
  for (unsigned number = 0; number < j.shards; ++number) {
    const bool is_there =
        at < j.answers.size() && j.answers[at].shard.number == number;
    if (is_there && j.answers[at++].answer != search::Answer::kRanOut) continue;
    again.push_back(number);
    if (!is_there) {
      missing.push_back(number);
    } else if (const ShardAnswer& a = j.answers[at - 1]; a.stopped) {
      stopped.push_back(number);
    } else {
      ran_out.push_back(number);
      by_why[a.why].push_back(number);
    }
  }
  for (const auto& [why, numbers] : by_why) j.by_why[why] = Ranges(numbers);
  j.missing = Ranges(missing);
  j.stopped = Ranges(stopped);
  j.ran_out = Ranges(ran_out);
  j.again = Ranges(again);
}

Joined JoinAnswers(std::vector<ShardAnswer> answers) {
  Joined j;
  j.answers = std::move(answers);
  j.shards = j.answers.front().shard.shards;
  CountUp(j);
  ListOpen(j);
  for (const ShardAnswer& a : j.answers)
    if (a.answer == search::Answer::kBreaks &&
        (j.breaks == nullptr || a.events < j.breaks->events))
      j.breaks = &a;
  if (j.breaks == nullptr) return j;
  j.fewest = j.missing.empty() &&
             std::all_of(j.answers.begin(), j.answers.end(),
                         [&](const ShardAnswer& a) {
                           return a.held_events + 1 >= j.breaks->events ||
                                  a.held_events == search::kAnyEvents;
                         });
  return j;
}

nlohmann::json ToJson(const Joined& j) {
  const ShardAnswer& first = j.answers.front();
  nlohmann::json json = {{"version", kJsonVersion},
                         {"question", first.question},
                         {"kernel", first.question.at("kernel")},
                         {"bound", first.bound},
                         {"within", first.within},
                         {"left_out", first.left_out},
                         {"answer", j.verdict()},
                         {"shards", j.shards},
                         {"answers", j.answers.size()},
                         {"missing", j.missing},
                         {"stopped", j.stopped},
                         {"ran_out", j.ran_out},
                         {"states", j.states},
                         {"transitions", j.transitions},
                         {"beyond", j.beyond},
                         {"seconds", j.seconds},
                         {"seconds_longest", j.longest},
                         {"bytes_most", j.most_bytes}};
  if (!first.cannot_break.empty()) json["cannot_break"] = first.cannot_break;
  if (j.breaks != nullptr) {
    json["property"] = j.breaks->property;
    json["events"] = j.breaks->events;
    json["fewest"] = j.fewest;
    json["shard"] = j.breaks->shard.number;
    json["script"] = j.breaks->script;
  }
  return json;
}

void Print(const Joined& j) {
  const ShardAnswer& first = j.answers.front();
  const std::string asked =
      base::Shown(first.question.at("property").get<std::string>());
  std::cout << absl::StreamFormat(
      "%s: %s: %s, %d of %d shards, %s states in all of them, %.1f s in all, "
      "%.1f s the longest, %s bytes the largest\n",
      base::Shown(first.question.at("kernel").get<std::string>()),
      base::Shown(first.bound), j.verdict(), j.answers.size(), j.shards,
      Size(j.states), j.seconds, j.longest, Size(j.most_bytes));
  if (j.beyond != 0) std::cout << BeyondInWords(j.beyond);
  if (!j.missing.empty())
    std::cout << "no answer of shards " << j.missing << "\n";
  if (!j.stopped.empty()) std::cout << "stopped: shards " << j.stopped << "\n";
  for (const auto& [why, shards] : j.by_why)
    std::cout << "ran out " << base::Shown(why) << ": shards " << shards
              << "\n";
  if (j.breaks != nullptr) {
    std::cout << absl::StreamFormat(
        "violates %s: %d events, %s (shard %d)\n%s\n", j.breaks->property,
        j.breaks->events,
        j.fewest ? "the fewest of all shards"
                 : "not proved the fewest: not all shards have looked so far",
        j.breaks->shard.number, ReplaysInWords(j.breaks->replays));
    // As it was read: its comments may have anything.
    for (const absl::string_view line :
         absl::StrSplit(absl::StripSuffix(j.breaks->script, "\n"), '\n'))
      std::cout << base::Shown(std::string(line)) << "\n";
  } else if (j.again.empty()) {
    std::cout << absl::StreamFormat(
        "%sholds in all shards; probability of a missed state below %.0e\n",
        asked == "all" ? "" : asked + " ", j.missed);
    if (!first.cannot_break.empty())
      std::cout << asked
                << " cannot break here: " << base::Shown(first.cannot_break)
                << "\n";
    std::vector<std::string> left_out;
    for (const std::string& one : first.left_out)
      left_out.push_back(base::Shown(one));
    std::cout << InWords(base::Shown(first.within), left_out);
  } else {
    std::cout << "no violation " << (asked == "all" ? "" : "of " + asked + " ")
              << "so far; to be run again: " << j.again << "\n";
  }
}

}  // namespace

int Join(const std::string& directory, const std::string& out, bool as_json) {
  const Joined j = JoinAnswers(ReadAnswers(directory));
  if (j.breaks == nullptr && j.again.empty() && j.transitions == 0 &&
      j.beyond == 0)
    FailWithoutEffect(base::Shown(j.answers.front().bound), false);
  std::optional<base::OutputFile> file;
  if (!out.empty()) file.emplace(out);
  if (as_json) {
    std::cout << report::JsonText(ToJson(j)) << "\n";
  } else {
    Print(j);
  }
  if (j.breaks != nullptr && file) {
    std::cout << std::flush;
    file->Write(j.breaks->script);
    if (!as_json) std::cout << "\nwritten to " << base::Shown(out) << "\n";
  }
  return j.breaks != nullptr ? base::kExitBroken
         : j.again.empty()   ? base::kExitHeld
                             : base::kExitRanOut;
}

}  // namespace vmtrunc::cli
