// Writes what engines take beside the target TARGET: TARGET.dict and
// TARGET.options. The build runs it.
//
//   fuzz_dictionary build/release/bin/fuzz_truncate
//   fuzz_dictionary --text build/release/bin/fuzz_text     # which reads text
#include <cstdio>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/shown.h"
#include "base/write.h"
#include "fuzz/dictionary.h"

namespace {

bool Write(const std::string& path, const std::string& content) {
  try {
    vmtrunc::base::WriteFile(path, content);
  } catch (const vmtrunc::base::UsageError& error) {
    std::fprintf(stderr, "fuzz_dictionary: %s\n",
                 vmtrunc::base::ShownInError(error.what).c_str());
    return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const bool text = argc == 3 && std::string_view(argv[1]) == "--text";
  if (argc != 2 && !text) {
    std::fprintf(stderr, "usage: fuzz_dictionary [--text] TARGET\n");
    return 2;
  }
  const std::string target = argv[argc - 1];
  const std::string name = target.substr(target.rfind('/') + 1);
  const auto tokens =
      text ? vmtrunc::fuzz::AllTextTokens() : vmtrunc::fuzz::AllTokens();
  const size_t max_len =
      text ? vmtrunc::fuzz::kMostText : vmtrunc::fuzz::kMostBytes;
  return Write(target + ".dict", vmtrunc::fuzz::Dictionary(tokens)) &&
                 Write(target + ".options",
                       vmtrunc::fuzz::Options(name, max_len))
             ? 0
             : 2;
}
