// Two runs, and where and why they part.
#ifndef VMTRUNC_REPORT_DIFF_PAIR_H_
#define VMTRUNC_REPORT_DIFF_PAIR_H_

#include <optional>
#include <string>
#include <vector>

#include "core/about/parting.h"
#include "core/model/rules.h"
#include "core/script/script.h"

namespace vmtrunc::report {

// A script that is run, and on which kernel.
struct HalfAsked {
  std::string path;
  Script script;
  KernelSpec kernel;
  std::string kernel_from;   // who named the kernel, as JSON says it
  std::string kernel_words;  // what is said of that after the verdict, or ""
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
  // What follows is set where they part in a step, not in the verdict alone.
  std::optional<size_t> step = std::nullopt;
  Moment l = {}, r = {};
  std::vector<std::string> differences = {};
  // Those that part them, or may, where they part at all.
  std::vector<RuleDifference> rules = {};
};

// Runs both, and compares their states step by step.
Pair Compare(const HalfAsked& left, const HalfAsked& right);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_DIFF_PAIR_H_
