// Writes what engines take beside the target TARGET: TARGET.dict and
// TARGET.options. The build runs it.
//
//   fuzz_dictionary build/fuzz/bin/fuzz_truncate
#include <cstdio>
#include <fstream>
#include <string>

#include "fuzz/dictionary.h"

namespace {

bool Write(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content << std::flush;
  if (!file)
    std::fprintf(stderr, "fuzz_dictionary: cannot write %s\n", path.c_str());
  return static_cast<bool>(file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fuzz_dictionary TARGET\n");
    return 2;
  }
  const std::string target = argv[1];
  return Write(target + ".dict", vmtrunc::Dictionary()) &&
                 Write(target + ".options",
                       vmtrunc::Options(target.substr(target.rfind('/') + 1)))
             ? 0
             : 2;
}
