#include "report/diff/pair.h"

#include "core/about/differences.h"

namespace vmtrunc::report {
namespace {

Half Run(const HalfAsked& it) {
  const Rules rules = it.kernel.rules();
  return {.it = it, .rules = rules, .course = Follow(it.script, rules)};
}

// The rules cause the difference if, with them flipped, the right script runs
// like the left one on the left kernel, up to here.
bool RulesPart(const Pair& pair) {
  const Course course = Follow(pair.right.it.script, pair.left.rules);
  const std::optional<size_t> at = PartAt(pair.left.course, course);
  return !at || (pair.step && *at > *pair.step);
}

}  // namespace

Pair Compare(const HalfAsked& left_asked, const HalfAsked& right_asked) {
  Pair pair{.left = Run(left_asked), .right = Run(right_asked)};
  const Half& left = pair.left;
  const Half& right = pair.right;
  pair.step = PartAt(left.course, right.course);
  pair.parts =
      pair.step || !SameVerdict(left.course.result, right.course.result);
  if (!pair.parts) return pair;
  if (RulesPart(pair))
    pair.rules =
        RuleDifferences(left.it.script, left.rules, right.rules, pair.step);
  if (!pair.step) return pair;
  pair.l = MomentAt(left.it.script, left.rules, *pair.step);
  pair.r = MomentAt(right.it.script, right.rules, *pair.step);
  pair.differences = Differences({pair.l.world, left.rules.restart_names_pass},
                                 {pair.r.world, right.rules.restart_names_pass},
                                 left.it.script);
  return pair;
}

}  // namespace vmtrunc::report
