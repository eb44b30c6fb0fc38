#include "campaign/groups.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/shown.h"

namespace vmtrunc::campaign {
namespace {

// Several known bugs in one script are one row, whatever they violate.
std::string NameOf(const Finding& finding) {
  if (!finding.bug.empty()) return finding.bug;
  return finding.is_several ? "several-known" : finding.cause;
}

void AddUnique(std::vector<std::string>& all, const std::string& one) {
  if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
}

void AddTo(Group& group, const Finding& f) {
  if (f.has_script() &&
      (!group.least.has_script() || f.cost < group.least.cost))
    group.least = f;
  group.is_known |= f.is_known;
  group.executions += f.executions;
  AddUnique(group.properties, f.property);
  AddUnique(group.causes, f.cause);
  if (f.first_unix != 0)
    group.first_unix = group.first_unix == 0
                           ? f.first_unix
                           : std::min(group.first_unix, f.first_unix);
  group.last_unix = std::max(group.last_unix, f.last_unix);
}

}  // namespace

std::string KeyOf(const Finding& finding) {
  return finding.kernel + " " + NameOf(finding);
}

std::vector<Group> GroupsOf(const std::vector<Finding>& findings) {
  std::vector<Group> groups;
  for (const Finding& f : findings) {
    const std::string key = KeyOf(f);
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const Group& g) { return g.key == key; });
    if (group == groups.end()) {
      groups.push_back({.least = f,
                        .key = key,
                        .name = NameOf(f),
                        .what = f.bug.empty() ? f.words : f.bug_what,
                        .properties = {},
                        .causes = {}});
      group = std::prev(groups.end());
    }
    AddTo(*group, f);
  }
  std::sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) {
    return std::tie(a.is_known, a.least.kernel, b.executions, a.name) <
           std::tie(b.is_known, b.least.kernel, a.executions, b.name);
  });
  return groups;
}

std::string LineOf(const Group& g) {
  std::string line =
      absl::StrCat(g.least.kernel, " violates ",
                   base::Shown(absl::StrJoin(g.properties, ", ")), ", ",
                   g.is_known ? "known" : "NEW");
  if (!g.least.known_path.empty())
    absl::StrAppend(&line, " (", base::Shown(g.least.known_path), ")");
  absl::StrAppend(&line, ": ");
  if (!g.least.bug.empty()) absl::StrAppend(&line, g.name, ", ");
  absl::StrAppend(&line, base::Shown(g.what));
  if (g.least.has_script())
    absl::StrAppend(&line, "; ", g.least.cost.events, " events");
  if (g.executions != 0)
    absl::StrAppend(&line, "; ", g.executions,
                    g.executions == 1 ? " execution" : " executions");
  return line;
}

nlohmann::json ToJson(const Group& g) {
  const Finding& f = g.least;
  return {{"kernel", f.kernel},
          {"property", f.property},
          {"properties", g.properties},
          {"bug", f.bug},
          {"cause", f.cause},
          {"causes", g.causes},
          {"words", g.what},
          {"known", g.is_known},
          {"known_by", f.known_path},
          {"executions", g.executions},
          {"first_unix", Since1970(g.first_unix)},
          {"last_unix", Since1970(g.last_unix)},
          {"events", f.has_script() ? f.cost.events : 0},
          {"file", f.has_script() ? "findings/" + f.FileName() + ".vmt"
                                  : std::string()}};
}

}  // namespace vmtrunc::campaign
