#include "campaign/summary.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/shown.h"
#include "core/version.h"

namespace vmtrunc::campaign {
namespace {

template <class T, class Is>
T& FindOrAdd(std::vector<T>& all, Is is) {
  const auto found = std::find_if(all.begin(), all.end(), is);
  return found != all.end() ? *found : all.emplace_back();
}

void AddTo(KernelTotals& kernel, const SliceRecord& r) {
  kernel.kernel = r.kernel;
  ++kernel.slices;
  kernel.died += r.crashed() ? 1 : 0;
  kernel.cut_off += r.is_cut_off() ? 1 : 0;
  kernel.seconds += r.seconds;
  kernel.executions += r.executions;
  kernel.events += r.events;
  kernel.effects += r.effects;
  kernel.states = r.states;
  kernel.corpus = r.corpus;
  if (r.of_count != 0) {
    kernel.of_seen = r.of_seen;
    kernel.of_count = r.of_count;
  }
  kernel.unsorted += r.unsorted;
  if (r.gain.states != 0) {
    kernel.last_new_unix = r.end_unix;
    kernel.last_new_at = r.at;
  }
  kernel.growth.push_back(
      {kernel.seconds, r.states, r.corpus, kernel.executions});
}

void AddTo(PairTotals& pair, const SliceRecord& r) {
  pair.kernel = r.kernel;
  pair.engine = r.engine;
  ++pair.slices;
  pair.idle += r.executions == 0 && r.end.empty() ? 1 : 0;
  pair.idle_died += r.executions == 0 && r.crashed() ? 1 : 0;
  pair.seconds += r.seconds;
  pair.executions += r.executions;
  pair.states += r.gain.states;
  pair.features += r.gain.features;
}

std::string Count(uint64_t number) {
  if (number >= 10'000'000)
    return absl::StrFormat("%.1f M", static_cast<double>(number) / 1e6);
  if (number >= 10'000) return absl::StrCat(number / 1000, " k");
  return absl::StrCat(number);
}

// "; 1 job crashed; 2 slices cut off", or "".
std::string EndsInWords(const Summary& s) {
  const auto count = [](unsigned number, const char* one, const char* many,
                        const char* how) {
    return number == 0 ? ""
                       : absl::StrFormat("; %d %s %s", number,
                                         number == 1 ? one : many, how);
  };
  return count(s.died, "job", "jobs", "crashed") +
         count(s.cut_off, "slice", "slices", "cut off");
}

nlohmann::json ToJson(const KernelTotals& k) {
  nlohmann::json json = {{"kernel", k.kernel},
                         {"slices", k.slices},
                         {"died", k.died},
                         {"cut_off", k.cut_off},
                         {"seconds", k.seconds},
                         {"executions", k.executions},
                         {"events", k.events},
                         {"effects", k.effects},
                         {"abstract_states", k.states},
                         {"corpus", k.corpus},
                         {"unsorted", k.unsorted},
                         {"last_new_state_unix", Since1970(k.last_new_unix)}};
  if (k.of_count != 0)
    json["of"] = {{"seen", k.of_seen}, {"states", k.of_count}};
  return json;
}

}  // namespace

size_t Summary::new_count() const {
  return static_cast<size_t>(
      std::count_if(groups.begin(), groups.end(),
                    [](const Group& g) { return !g.is_known; }));
}

uint64_t Summary::unknown_violations() const {
  uint64_t sum = 0;
  for (const KernelTotals& kernel : kernels)
    if (std::none_of(groups.begin(), groups.end(), [&](const Group& group) {
          return group.least.kernel == kernel.kernel;
        }))
      sum += kernel.unsorted;
  return sum;
}

uint64_t Summary::states() const {
  uint64_t sum = 0;
  for (const KernelTotals& kernel : kernels) sum += kernel.states;
  return sum;
}

uint64_t Summary::corpus() const {
  uint64_t sum = 0;
  for (const KernelTotals& kernel : kernels) sum += kernel.corpus;
  return sum;
}

Summary Summarize(const std::vector<SliceRecord>& records) {
  Summary summary;
  for (const SliceRecord& r : records) {
    AddTo(FindOrAdd(summary.kernels,
                    [&](const auto& k) { return k.kernel == r.kernel; }),
          r);
    AddTo(FindOrAdd(summary.pairs,
                    [&](const auto& p) {
                      return p.kernel == r.kernel && p.engine == r.engine;
                    }),
          r);
    summary.seconds += r.seconds;
    summary.executions += r.executions;
    summary.died += r.crashed() ? 1 : 0;
    summary.cut_off += r.is_cut_off() ? 1 : 0;
    summary.memory_mib = std::max(summary.memory_mib, r.memory_mib);
    // Of the first record: later ones may have another clock.
    if (&r == &records.front()) summary.began_unix = r.began_unix;
    summary.last_unix = r.end_unix;
    summary.ran = r.at;
    if (r.gain.states == 0) continue;
    summary.last_new_unix = r.end_unix;
    summary.last_new_at = r.at;
  }
  for (const KernelTotals& kernel : summary.kernels)
    if (kernel.executions == 0) summary.unsearched.push_back(kernel.kernel);
  return summary;
}

std::string DurationInWords(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole < 120) return absl::StrCat(whole, " s");
  if (whole < 7200) return absl::StrCat(whole / 60, " min");
  return absl::StrFormat("%d h %02d min", whole / 3600, whole / 60 % 60);
}

std::string IdleInWords(const Summary& s) {
  unsigned idle = 0;
  std::string pairs;
  for (const PairTotals& pair : s.pairs) {
    const unsigned one = pair.idle + pair.idle_died;
    if (one == 0) continue;
    idle += one;
    absl::StrAppend(&pairs, pairs.empty() ? "" : ", ", base::Shown(pair.engine),
                    " on ", pair.kernel);
  }
  if (idle == 0) return "";
  return absl::StrFormat("nothing ran in %d %s (%s)", idle,
                         idle == 1 ? "job" : "jobs", pairs);
}

std::string UnsearchedInWords(const Summary& s) {
  if (s.unsearched.empty()) return "";
  return absl::StrCat("nothing has run on ", absl::StrJoin(s.unsearched, ", "));
}

std::string UnbuiltInWords(const Summary& s) {
  size_t lines = 0;
  std::string kernels;
  for (const auto& [kernel, count] : s.odd_lines.unbuilt) {
    lines += count;
    absl::StrAppend(&kernels, kernels.empty() ? "" : ", ", base::Shown(kernel));
  }
  if (lines == 0) return "";
  return absl::StrFormat(
      "not counted: %d %s of the log, of kernels that are not built: %s", lines,
      lines == 1 ? "line" : "lines", kernels);
}

std::string RepeatedInWords(const Summary& s) {
  const size_t lines = s.odd_lines.repeated;
  if (lines == 0) return "";
  return absl::StrFormat(
      "%d %s of the log %s the number of another slice, and %s too", lines,
      lines == 1 ? "line" : "lines", lines == 1 ? "has" : "have",
      lines == 1 ? "counts" : "count");
}

std::string UnknownInWords(const Summary& s) {
  const auto words = [](uint64_t executions, const char* where) {
    return executions == 0
               ? std::string()
               : absl::StrCat(executions,
                              executions == 1 ? " execution" : " executions",
                              " violated a property ", where,
                              ": of what bug is not known");
  };
  const std::string untaken =
      words(s.untaken_violations, "in slices that are not taken yet");
  const std::string lost =
      words(s.unknown_violations(), "that no finding shows");
  return absl::StrCat(untaken, untaken.empty() || lost.empty() ? "" : "; ",
                      lost);
}

std::string LineOf(const Summary& s) {
  uint64_t seen = 0, of = 0;
  for (const KernelTotals& kernel : s.kernels) {
    seen += kernel.of_seen;
    of += kernel.of_count;
  }
  const std::string share =
      of == 0 ? ""
              : absl::StrFormat(
                    " (%.1f %% of those of prove)",
                    100 * static_cast<double>(seen) / static_cast<double>(of));
  const std::string idle = IdleInWords(s);
  return absl::StrFormat(
      "%s, %s executions (%.0f a second), %d abstract states%s, %s; corpus %d; "
      "findings: %d new, %d known; %d MiB%s%s%s",
      DurationInWords(s.ran), Count(s.executions),
      s.ran > 0 ? static_cast<double>(s.executions) / s.ran : 0, s.states(),
      share,
      s.last_new_at < 0
          ? "none yet"
          : "last new " + DurationInWords(s.ran - s.last_new_at) + " ago",
      s.corpus(), s.new_count(), s.groups.size() - s.new_count(), s.memory_mib,
      EndsInWords(s), idle.empty() ? "" : "; ", idle);
}

nlohmann::json ToJson(const Summary& s) {
  nlohmann::json json = {{"version", kJsonVersion},
                         {"directory", s.directory},
                         {"running", s.running},
                         {"job_seconds", s.seconds},
                         {"executions", s.executions},
                         {"abstract_states", s.states()},
                         {"corpus", s.corpus()},
                         {"jobs_died", s.died},
                         {"slices_cut_off", s.cut_off},
                         {"untaken_slices", s.untaken_slices},
                         {"untaken_violations", s.untaken_violations},
                         {"memory_mib", s.memory_mib},
                         {"began_unix", Since1970(s.began_unix)},
                         {"last_unix", Since1970(s.last_unix)},
                         {"last_new_state_unix", Since1970(s.last_new_unix)},
                         {"skipped_files", s.skipped},
                         {"bad_log_lines", s.odd_lines.damaged},
                         {"repeated_log_lines", s.odd_lines.repeated},
                         {"unbuilt_kernels", nlohmann::json::array()},
                         {"known_scripts", s.known_scripts},
                         {"unsearched_kernels", s.unsearched},
                         {"new_findings", s.new_count()},
                         {"known_findings", s.groups.size() - s.new_count()},
                         {"kernels", nlohmann::json::array()},
                         {"engines", nlohmann::json::array()},
                         {"findings", nlohmann::json::array()}};
  for (const auto& [kernel, lines] : s.odd_lines.unbuilt)
    json["unbuilt_kernels"].push_back({{"kernel", kernel}, {"lines", lines}});
  for (const KernelTotals& kernel : s.kernels)
    json["kernels"].push_back(ToJson(kernel));
  for (const PairTotals& p : s.pairs)
    json["engines"].push_back({{"kernel", p.kernel},
                               {"engine", p.engine},
                               {"slices", p.slices},
                               {"idle_slices", p.idle},
                               {"seconds", p.seconds},
                               {"executions", p.executions},
                               {"new_states", p.states},
                               {"new_features", p.features}});
  for (const Group& group : s.groups) json["findings"].push_back(ToJson(group));
  return json;
}

}  // namespace vmtrunc::campaign
