// What is said of a check, to people and as JSON.
#ifndef VMTRUNC_PROPERTIES_REPORT_H_
#define VMTRUNC_PROPERTIES_REPORT_H_

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "properties/check.h"
#include "properties/options.h"

namespace vmtrunc::properties {

// One property on one kernel.
struct Cell {
  const ScriptProperty* property;
  std::string kernel;
  const char* known;  // why it is known to break there, or nullptr
  CheckOutcome outcome;
  std::string path;  // where the script is, when it broke

  bool broken() const { return !outcome.holds && !outcome.stopped; }
  bool unexpected() const { return broken() && known == nullptr; }
};

// The file's name, without its directory.
std::string FileName(const Cell& cell);
// The script that broke, with what it breaks as a comment.
std::string FileText(const Cell& cell);

// The first line: "seed 5, 2000 scripts each".
std::string Asked(const CheckParams& params);

// On standard output: one property's verdicts, and one failure with all that is
// needed to see it again: by the command as the user typed it.
void PrintRow(const std::vector<Cell>& cells);
void PrintFailure(const Cell& cell, const rc::detail::TestParams& params,
                  const Options& o);
// What the marks of PrintRow() stand for.
std::string Legend();

nlohmann::json ToJson(const Cell& cell);

}  // namespace vmtrunc::properties

#endif  // VMTRUNC_PROPERTIES_REPORT_H_
