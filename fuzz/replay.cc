// Runs each input once through the fuzz target, without a fuzzing engine: for
// crash files of any engine, for debuggers and other harnesses.
//
//   replay_truncate FILE|DIRECTORY...     # directories: all files below,
//   sorted replay_truncate < FILE                # so does -
//
// Files named *.vmt are scripts in text; all others are bytes. The target
// aborts where a property breaks; the input's name is the last line then.
// Exit status: 0 held, 2 bad usage or input; 134 in a shell: aborted.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "core/script.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// The target has a mutator for libFuzzer, which calls this. Nothing mutates
// here.
extern "C" size_t LLVMFuzzerMutate(uint8_t*, size_t size, size_t) {
  return size;
}

extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(
    void (*callback)());

namespace {

namespace fs = std::filesystem;

// What runs now, as a line: what says so may not allocate.
char g_current[4200];

void SayCurrent() {
  const ssize_t ignored = ::write(2, g_current, std::strlen(g_current));
  static_cast<void>(ignored);
}

void OnAbort(int) {
  SayCurrent();
  ::signal(SIGABRT, SIG_DFL);  // abort() raises it again when this returns
}

[[noreturn]] void Fail(const std::string& path, const std::string& what) {
  std::fprintf(stderr, "replay_truncate: %s: %s\n", path.c_str(), what.c_str());
  std::exit(2);
}

std::string Read(const std::string& path) {
  errno = 0;
  std::ifstream file;
  if (path != "-") file.open(path, std::ios::binary);
  if (!file) Fail(path, std::strerror(errno));
  std::istream& in = path == "-" ? std::cin : file;
  std::string content{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) Fail(path, "cannot be read");
  return content;
}

void Replay(const std::string& path) {
  const std::string content = Read(path);
  std::vector<uint8_t> bytes(content.begin(), content.end());
  if (path.ends_with(".vmt")) {
    const auto script = vmtrunc::ParseText(content);
    if (!script.ok()) Fail(path, std::string(script.status().message()));
    bytes = vmtrunc::EncodeBytes(*script);
  }
  std::snprintf(g_current, sizeof(g_current), "replay_truncate: %s: aborted\n",
                path.c_str());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

// Files below directories, in an order that is the same everywhere.
std::vector<std::string> Inputs(const std::vector<std::string>& paths) {
  std::vector<std::string> inputs;
  for (const std::string& path : paths) {
    std::error_code error;
    if (path == "-" || !fs::is_directory(path, error)) {
      inputs.push_back(path);
      continue;
    }
    std::vector<std::string> below;
    for (const auto& entry : fs::recursive_directory_iterator(path, error))
      if (entry.is_regular_file()) below.push_back(entry.path().string());
    if (error) Fail(path, error.message());
    std::sort(below.begin(), below.end());
    inputs.insert(inputs.end(), below.begin(), below.end());
  }
  return inputs;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> paths(argv + 1, argv + argc);
  if (paths.empty()) paths.emplace_back("-");
  if (paths[0].size() > 1 && paths[0][0] == '-') {
    std::fprintf(stderr,
                 "usage: replay_truncate [FILE|DIRECTORY...]   (no files: "
                 "standard input)\n");
    return paths[0] == "--help" ? 0 : 2;
  }
  ::signal(SIGABRT, OnAbort);
  if (__sanitizer_set_death_callback != nullptr)
    __sanitizer_set_death_callback(SayCurrent);
  const std::vector<std::string> inputs = Inputs(paths);
  for (const std::string& input : inputs) Replay(input);
  std::printf("%zu inputs ran, none broke a property\n", inputs.size());
  return 0;
}
