// Scripts and kernels, for tests.
#ifndef VMTRUNC_CORE_RUN_SCRIPTS_TEST_H_
#define VMTRUNC_CORE_RUN_SCRIPTS_TEST_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/script/script.h"

namespace vmtrunc {

// Requires: there is such a kernel.
inline Rules RulesOf(const std::string& kernel) {
  return ParseKernelSpec(kernel)->rules();
}

inline Script Parse(const std::string& text) {
  auto script = ParseText(text);
  EXPECT_TRUE(script.ok()) << script.status();
  return *std::move(script);
}

// Both forms give the script back.
inline void ExpectReadsBack(const Script& script) {
  const Script again = DecodeBytes(EncodeBytes(script));
  ASSERT_EQ(again.setup, script.setup) << ToText(script);
  ASSERT_EQ(again.events, script.events) << ToText(script);
  ASSERT_EQ(ToText(Parse(ToText(script))), ToText(script));
}

// The scripts of corpus/, in the order of their names.
inline std::vector<Script> CorpusScripts() {
  std::map<std::string, Script> scripts;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           VMTRUNC_SOURCE_DIR "/corpus")) {
    if (entry.path().extension() != ".vmt") continue;
    std::ifstream in(entry.path());
    auto script =
        ParseText(std::string(std::istreambuf_iterator<char>(in), {}));
    EXPECT_TRUE(script.ok()) << entry.path() << script.status();
    scripts[entry.path()] = *std::move(script);
  }
  std::vector<Script> all;
  for (auto& [name, script] : scripts) all.push_back(std::move(script));
  return all;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_RUN_SCRIPTS_TEST_H_
