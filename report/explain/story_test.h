// Stories of scripts of the corpus, for tests.
#ifndef VMTRUNC_REPORT_EXPLAIN_STORY_TEST_H_
#define VMTRUNC_REPORT_EXPLAIN_STORY_TEST_H_

#include <filesystem>
#include <string>

#include "report/explain/story.h"
#include "search/search_test.h"

namespace vmtrunc::report {

// `path` is below corpus/. Requires: there are such a script and such a kernel.
inline Story StoryOf(const std::string& path, const std::string& kernel,
                     Folding folding = Folding::kQuiet) {
  return Tell(path,
              search::ReadScript(std::filesystem::path(VMTRUNC_SOURCE_DIR) /
                                 "corpus" / path),
              *ParseKernelSpec(kernel), folding);
}

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_STORY_TEST_H_
