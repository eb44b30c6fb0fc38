// What the tests of exhaustive search have in common.
#ifndef VMTRUNC_FUZZ_SEARCH_TEST_H_
#define VMTRUNC_FUZZ_SEARCH_TEST_H_

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>

#include "core/script.h"
#include "fuzz/mutate.h"

namespace vmtrunc {

inline Rules RulesOf(const char* kernel) {
  return ParseKernelSpec(kernel)->rules();
}

inline Script ReadScript(const std::filesystem::path& path) {
  std::ifstream in(path);
  return *ParseText(std::string(std::istreambuf_iterator<char>(in), {}));
}

constexpr Verbs Of(std::initializer_list<Verb> all) {
  Verbs verbs = 0;
  for (const Verb verb : all) verbs |= Bit(verb);
  return verbs;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_FUZZ_SEARCH_TEST_H_
