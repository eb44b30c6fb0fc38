// A checker with another name, so that the machine that calls it is another
// copy.
#ifndef VMTRUNC_SEARCH_COVERED_CHECKER_H_
#define VMTRUNC_SEARCH_COVERED_CHECKER_H_

#include "core/run/checker.h"

namespace vmtrunc::search {

class CoveredChecker : public Checker<LargeCaps> {
 public:
  using Checker::Checker;
};

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_COVERED_CHECKER_H_
