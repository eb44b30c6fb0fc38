// Findings grouped by the bug that they show: the rows of tables.
#ifndef VMTRUNC_CAMPAIGN_GROUPS_H_
#define VMTRUNC_CAMPAIGN_GROUPS_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "campaign/findings.h"

namespace vmtrunc::campaign {

// All findings on one kernel whose scripts show the same known bug, or one
// finding of another root cause. Values; nothing points into the findings.
struct Group {
  Finding least;     // the finding with the smallest script, if any has one
  std::string key;   // KeyOf() each of them
  std::string name;  // the bug, or RootCause::Name()
  std::string what;  // one sentence, or the root cause in words
  bool is_known = false;
  uint64_t executions = 0;                // of all findings
  std::vector<std::string> properties;    // that they violate
  std::vector<std::string> causes;        // RootCause::Name()
  int64_t first_unix = 0, last_unix = 0;  // 0: never
};

// The group of the finding: its kernel, and the bug or the root cause.
std::string KeyOf(const Finding& finding);

// New groups first, then by kernel, frequent ones first.
std::vector<Group> GroupsOf(const std::vector<Finding>& findings);

// For a terminal, whatever names the log has:
// "2.6.11 violates no-page-past-size, known (corpus/found/x.vmt): F1, a split
// leaves ...; 5 events; 30 executions".
std::string LineOf(const Group& group);
nlohmann::json ToJson(const Group& group);

}  // namespace vmtrunc::campaign

#endif  // VMTRUNC_CAMPAIGN_GROUPS_H_
