// What went wrong in brief, for each script of the corpus that violates a
// property.
#include "report/explain/brief.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "search/search_test.h"

namespace vmtrunc::report {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> BriefOf(const Script& script,
                                 const KernelSpec& kernel) {
  const Story story = Tell("", script, kernel, Folding::kQuiet);
  std::vector<std::string> texts;
  for (const Sentence& it :
       BriefSentences(story, FindCause(story), BugShownBy(script, kernel)))
    texts.push_back(it.text);
  texts.push_back(InOneSentence(story).text);
  return texts;
}

TEST(Brief, HasAtMostFourSentencesAndNamesTheProperty) {
  for (const char* const directory : {"history", "known", "found"})
    for (const auto& entry : fs::directory_iterator(
             fs::path(VMTRUNC_SOURCE_DIR) / "corpus" / directory)) {
      const Script script = search::ReadScript(entry.path());
      for (const Expect& expect : script.expects) {
        if (expect.broken < 0 || !expect.spec) continue;
        const std::vector<std::string> texts = BriefOf(script, *expect.spec);
        ASSERT_GE(texts.size(), 2U) << entry.path();
        EXPECT_LE(texts.size(), 5U) << entry.path();
        for (const std::string& text : texts) {
          EXPECT_TRUE(text.ends_with('.')) << entry.path() << ": " << text;
          EXPECT_EQ(text.find('\x01'), std::string::npos);
        }
        const RunResult run =
            Tell("", script, *expect.spec, Folding::kQuiet).result;
        EXPECT_NE(texts[texts.size() - 2].find(Name(run.first.property)),
                  std::string::npos)
            << entry.path();
      }
    }
}

// The bug of 2004: which vma, which struct, which page.
TEST(Brief, ExplainsTheBugOf2004) {
  const Script script = search::ReadScript(
      VMTRUNC_SOURCE_DIR
      "/corpus/history/HB-07a-freed-vma-reused-by-split-top.vmt");
  const auto texts = BriefOf(script, *ParseKernelSpec("2.6.9-mm"));
  ASSERT_EQ(texts.size(), 5U);
  EXPECT_NE(texts[0].find("remembers [100, 108) of a by its struct, slot 0, "
                          "with the address 106"),
            std::string::npos)
      << texts[0];
  EXPECT_NE(texts[1].find("the piece [103, 108) of b gets slot 0"),
            std::string::npos)
      << texts[1];
  EXPECT_NE(texts[2].find("resumes at 106 without scanning 103"),
            std::string::npos)
      << texts[2];
  EXPECT_NE(texts[3].find("with the rule restart-in-vma the property holds"),
            std::string::npos)
      << texts[3];
  EXPECT_TRUE(texts[4].starts_with("Page 3 is mapped at 103 of b")) << texts[4];
}

}  // namespace
}  // namespace vmtrunc::report
