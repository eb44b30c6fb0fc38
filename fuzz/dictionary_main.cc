// Writes what engines take beside the target TARGET: TARGET.dict and
// TARGET.options. The build runs it.
//
//   fuzz_dictionary build/release/bin/fuzz_truncate
//   fuzz_dictionary --text build/release/bin/fuzz_text     # which reads text
#include <cstdio>
#include <string>
#include <string_view>

#include "base/program.h"
#include "base/write.h"
#include "fuzz/dictionary.h"

namespace vmtrunc::fuzz {
namespace {

int Main(int argc, char** argv) {
  const bool text = argc == 3 && std::string_view(argv[1]) == "--text";
  if (argc != 2 && !text) {
    std::fprintf(stderr, "usage: fuzz_dictionary [--text] TARGET\n");
    return 2;
  }
  const std::string target = argv[argc - 1];
  const std::string name = target.substr(target.rfind('/') + 1);
  const auto tokens = text ? AllTextTokens() : AllTokens();
  base::WriteFile(target + ".dict", Dictionary(tokens));
  base::WriteFile(target + ".options",
                  Options(name, text ? kMostText : kMostBytes));
  return 0;
}

}  // namespace
}  // namespace vmtrunc::fuzz

int main(int argc, char** argv) {
  return vmtrunc::base::RunProgram("fuzz_dictionary", vmtrunc::fuzz::Main, argc,
                                   argv);
}
