// Writes scripts in bytes, as fuzzing engines read them, from scripts in text:
//
//   fuzz_seeds OUT corpus/seeds corpus/history     # all *.vmt below
//
// One file each in the directory OUT, named as its script is. `vmtrunc format`
// does the same; this builds where the command does not.
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/program.h"
#include "base/read.h"
#include "base/shown.h"
#include "base/write.h"
#include "core/script/script.h"

namespace vmtrunc::fuzz {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Fail(const fs::path& path, const std::string& what) {
  throw base::UsageError{base::Shown(path.string()) + ": " + what};
}

void Convert(const fs::path& from, const fs::path& directory) {
  const auto script = ParseText(base::ReadFile(from.string()));
  if (!script.ok()) Fail(from, script.status().ToString());
  const auto bytes = EncodeBytes(*script);

  // Scripts of two directories may have the same name.
  const fs::path to = directory / (from.parent_path().filename().string() +
                                   "-" + from.stem().string());
  if (fs::exists(fs::symlink_status(to))) Fail(to, "is there already");
  base::WriteFile(to.string(), {bytes.begin(), bytes.end()});
}

int Main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: fuzz_seeds OUT DIRECTORY...\n");
    return 2;
  }
  const fs::path to = argv[1];
  const std::vector<std::string> places(argv + 2, argv + argc);
  std::error_code error;
  fs::create_directories(to, error);
  if (error) Fail(to, error.message());
  int count = 0;
  for (const std::string& place : places) {
    if (!fs::is_directory(place)) Fail(place, "expected a directory");
    for (const auto& entry : fs::recursive_directory_iterator(place))
      if (entry.path().extension() == ".vmt") {
        Convert(entry.path(), to);
        ++count;
      }
  }
  if (count == 0) Fail(places[0], "expected *.vmt below it");
  return 0;
}

}  // namespace
}  // namespace vmtrunc::fuzz

int main(int argc, char** argv) {
  return vmtrunc::base::RunProgram("fuzz_seeds", vmtrunc::fuzz::Main, argc,
                                   argv);
}
