// A checker with another name, so that the machine that calls it is another
// copy: one that engines do not instrument.
#ifndef VMTRUNC_FUZZ_PLAIN_CHECKER_H_
#define VMTRUNC_FUZZ_PLAIN_CHECKER_H_

#include "core/run/checker.h"

namespace vmtrunc::fuzz {

class PlainChecker : public Checker<LargeCaps> {
 public:
  using Checker::Checker;
};

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_PLAIN_CHECKER_H_
