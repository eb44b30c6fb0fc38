#include "cli/trace.h"

#include <iostream>

#include "absl/strings/str_format.h"
#include "report/verdict.h"

namespace vmtrunc::cli {

void PrintStep(const Script& script, const TraceStep& step) {
  std::string line =
      absl::StrFormat("event=%u task=%s verb=%s flow=%s", step.event,
                      script.task_names[step.task], VerbName(step.verb),
                      report::FlowName(step.flow));
  for (unsigned i = 0; i < script.setup.files; ++i) {
    const File& file = step.world->files[i];
    absl::StrAppendFormat(&line, " %s.size=%u %s.count=%u",
                          script.file_names[i], file.size, script.file_names[i],
                          file.truncate_count);
    if (file.i_mmap_lock != kNone)
      absl::StrAppendFormat(&line, " %s.i_mmap_lock=%s", script.file_names[i],
                            script.task_names[file.i_mmap_lock]);
  }
  std::cout << line << " at=\"" << step.from << "\"\n";
}

}  // namespace vmtrunc::cli
