// Writes scripts in bytes, as fuzzing engines read them, from scripts in text:
//
//   fuzz_seeds OUT corpus/seeds corpus/history     # all *.vmt below
//
// One file each in the directory OUT, named as its script is. `vmtrunc format`
// does the same; this builds where the command does not.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "core/script.h"

namespace {

namespace fs = std::filesystem;

[[noreturn]] void Fail(const fs::path& path, const std::string& what) {
  std::fprintf(stderr, "fuzz_seeds: %s: %s\n", path.c_str(), what.c_str());
  std::exit(2);
}

void Convert(const fs::path& from, const fs::path& directory) {
  std::ifstream in(from, std::ios::binary);
  if (!in) Fail(from, "cannot be read");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto script = vmtrunc::ParseText(text);
  if (!script.ok()) Fail(from, script.status().ToString());
  const auto bytes = vmtrunc::EncodeBytes(*script);

  // Scripts of two directories may have the same name.
  const fs::path to = directory / (from.parent_path().filename().string() +
                                   "-" + from.stem().string());
  if (fs::exists(to)) Fail(to, "is there already");
  std::ofstream out(to, std::ios::binary);
  for (const uint8_t byte : bytes) out.put(static_cast<char>(byte));
  out.flush();
  if (!out) Fail(to, "cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: fuzz_seeds OUT DIRECTORY...\n");
    return 2;
  }
  std::error_code error;
  fs::create_directories(argv[1], error);
  if (error) Fail(argv[1], error.message());
  for (int i = 2; i < argc; ++i) {
    if (!fs::is_directory(argv[i])) Fail(argv[i], "expected a directory");
    for (const auto& entry : fs::recursive_directory_iterator(argv[i]))
      if (entry.path().extension() == ".vmt") Convert(entry.path(), argv[1]);
  }
  return 0;
}
