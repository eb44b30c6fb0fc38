#include "core/script/kernel_file.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace vmtrunc {
namespace {

constexpr const char* kHead = "vmtrunc-kernel 1\nname acme-5.4\nbase 2.6.11\n";

std::string ErrorOf(const std::string& text) {
  const auto file = ParseKernelFile(text);
  return file.ok() ? "none" : std::string(file.status().message());
}

TEST(KernelFile, HasABaseFlipsAndReasons) {
  const auto file = ParseKernelFile(
      "\xef\xbb\xbf# Of the shop's branch.\r\n"
      "vmtrunc-kernel 1  # the form\n"
      "\n"
      "name\tacme-5.4\n"
      "base seed\n"
      "# what follows is patched\n"
      "+ shared-walk\n"
      "-importer-rescans # why: \xc3\xa9t\xc3\xa9 # 2\n");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->name, "acme-5.4");
  EXPECT_EQ(file->spec().ToString(), "2.6.11-importer-rescans+shared-walk");
  ASSERT_EQ(file->flips.size(), 2U);
  EXPECT_EQ(file->flips[0].why, "");
  EXPECT_EQ(file->flips[1].why, "why: \xc3\xa9t\xc3\xa9 # 2");
  EXPECT_EQ(file->flips[1].line, 8U);
  EXPECT_EQ(file->comments,
            (std::vector<std::string>{"Of the shop's branch.",
                                      "what follows is patched"}));
}

TEST(KernelFile, MayFlipNothingAndEndWithoutANewline) {
  const auto file =
      ParseKernelFile("vmtrunc-kernel 1\nname mine\nbase repaired");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->spec().ToString(), "repaired");
}

TEST(KernelFile, ReportsTheLineAndWhatWasExpected) {
  struct Case {
    std::string text;
    const char* error;
  };
  const std::string head = kHead;
  const Case kCases[] = {
      {"", "1: expected vmtrunc-kernel 1"},
      {"# a comment alone\n", "1: expected vmtrunc-kernel 1"},
      {"vmtrunc 1\n", "1: expected vmtrunc-kernel 1"},
      {"vmtrunc-kernel 2\n", "1: expected vmtrunc-kernel 1"},
      {"\xff\xfe#\0 \0", "1: expected UTF-8, not UTF-16: write it in UTF-8"},
      {std::string("v\0m\0", 4),
       "1: expected UTF-8, not UTF-16: write it in UTF-8"},
      {std::string("\0v\0m", 4),
       "1: expected UTF-8, not UTF-16: write it in UTF-8"},
      {"\n\nname x\n", "3: expected vmtrunc-kernel 1"},
      {"vmtrunc-kernel 1\n", "2: expected name NAME"},
      {"vmtrunc-kernel 1\nbase 2.6.11\n", "2: expected name NAME, of at most"},
      {"vmtrunc-kernel 1\nname two words\n", "2: expected name NAME, of at"},
      {"vmtrunc-kernel 1\nname a/b\n", "2: expected name NAME, of at most"},
      {"vmtrunc-kernel 1\nname x\n", "3: expected base KERNEL"},
      {"vmtrunc-kernel 1\nname x\nname y\n", "3: expected base KERNEL"},
      {"vmtrunc-kernel 1\nname x\nbase 2.6.12\n", "3: expected a kernel (vm"},
      {"vmtrunc-kernel 1\nname x\nbase 2.6.11-leap\n",
       "3: expected base KERNEL alone"},
      {"vmtrunc-kernel 1\nname x\nbase 2.6.11 -leap\n",
       "3: expected base KERNEL alone"},
      {head + "base 3.0\n", "4: expected + RULE or - RULE, one a line"},
      {head + "shared-walk\n", "4: expected + RULE or - RULE, one a line"},
      {head + "+\n",
       "4: expected a rule (vmtrunc rules lists them), not an empty word"},
      {head + "+ shared-wlak\n",
       "4: expected a rule (vmtrunc rules lists them), not shared-wlak; is it "
       "shared-walk?"},
      {head + "+ shared-walk - leap\n", "4: expected a rule (vmtrunc rules"},
      {head + "+ shared-walk\n# a\n+ shared-walk\n",
       "6: expected each rule once; shared-walk is in line 4"},
      {head + "+ leap\n", "4: expected a rule that 2.6.11 lacks, not leap"},
      {head + "- shared-walk\n",
       "4: expected a rule that 2.6.11 has, not shared-walk"},
      {head + "+ shared-walk\x1b[2J\n", "4: expected plain ASCII outside of"},
      {head + std::string("\0\n", 2), "4: expected plain ASCII outside of"},
  };
  for (const Case& it : kCases)
    EXPECT_TRUE(ErrorOf(it.text).starts_with(it.error))
        << it.text << ErrorOf(it.text);
}

TEST(KernelFile, HasANameThatNoBuiltKernelHas) {
  const auto named = [](const std::string& name) {
    return ErrorOf(
        absl::StrCat("vmtrunc-kernel 1\nname ", name, "\nbase 2.6.11\n"));
  };
  for (const KernelInfo& kernel : AllKernels())
    EXPECT_EQ(named(kernel.name),
              absl::StrCat("2: expected a name of its own, not ", kernel.name,
                           ", which names a built kernel"));
  EXPECT_NE(named("seed"), "none");
  EXPECT_NE(named("2.6.11-leap"), "none");
  EXPECT_NE(named("all"), "none");
  EXPECT_EQ(named("2.6.11-acme"), "none");
  EXPECT_EQ(named(std::string(64, 'x')), "none");
  EXPECT_NE(named(std::string(65, 'x')), "none");
}

TEST(KernelFile, HasASizeLimit) {
  const std::string full(kMostKernelFile - std::string(kHead).size(), '\n');
  EXPECT_EQ(ErrorOf(kHead + full), "none");
  EXPECT_EQ(ErrorOf(kHead + full + "\n"), "1: expected at most 65536 bytes");
}

}  // namespace
}  // namespace vmtrunc
