// Names that all descriptions of an escape share.
#ifndef VMTRUNC_REPORT_EXPLAIN_ESCAPE_NAMES_H_
#define VMTRUNC_REPORT_EXPLAIN_ESCAPE_NAMES_H_

#include <string>

#include "report/explain/account.h"
#include "report/explain/sentence.h"
#include "report/explain/words.h"

namespace vmtrunc::report {

class EscapeNames {
 protected:
  // Requires: the story outlives this.
  EscapeNames(const Story& story, const Victim& victim, const Escape& escape)
      : story_(story),
        victim_(victim),
        escape_(escape),
        account_(AccountOf(story, victim, escape)) {}

  const std::string& TaskName(unsigned task) const {
    return story_.script.task_names[task];
  }
  // The task of the pass.
  const std::string& PassTask() const {
    return TaskName(story_.rows[escape_.begins].task);
  }
  std::string At(size_t row) const { return MarkedSteps(story_.rows[row]); }
  // The vma that has the address where the pass skips it.
  const Vma& SkippedVma() const {
    return story_.Before(escape_.skipped).vmas[escape_.slot];
  }
  std::string SkippedName() const {
    return VmaName(story_, escape_.breaks, SkippedVma());
  }

  const Story& story_;
  const Victim victim_;
  const Escape escape_;
  const Account account_;
};

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_ESCAPE_NAMES_H_
