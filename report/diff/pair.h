// Two runs, where they differ and why.
#ifndef VMTRUNC_REPORT_DIFF_PAIR_H_
#define VMTRUNC_REPORT_DIFF_PAIR_H_

#include <optional>
#include <string>
#include <vector>

#include "core/about/parting.h"
#include "core/model/rules.h"
#include "core/script/script.h"

namespace vmtrunc::report {

// A script to run, and its kernel.
struct HalfAsked {
  std::string path;
  Script script;
  KernelSpec kernel;
  std::string kernel_from;   // where the kernel comes from, for JSON
  std::string kernel_words;  // a note on it for after the verdict, or ""
};

// One of the two runs.
struct Half {
  HalfAsked it;
  Rules rules;
  Course course;
};

struct Pair {
  Half left, right;
  bool parts = false;
  // The following is set if they differ in a step, not only in the verdict.
  std::optional<size_t> step = std::nullopt;
  Moment l = {}, r = {};
  std::vector<std::string> differences = {};
  // Rules that cause the difference, or may, if there is one.
  std::vector<RuleDifference> rules = {};
};

// Runs both, and compares their states step by step.
Pair Compare(const HalfAsked& left, const HalfAsked& right);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_DIFF_PAIR_H_
