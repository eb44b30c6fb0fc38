// Runs each input once through the fuzz target, without a fuzzing engine: for
// crash files of any engine, for debuggers and other harnesses.
//
//   replay_truncate FILE|DIRECTORY...     # directories: all files below,
//   sorted replay_truncate < FILE                # so does -
//
// Files named *.vmt are scripts in text; all others are bytes. They run on the
// kernel that VMTRUNC_KERNEL says, else the note beside them (FILE.md, as
// vmtrunc fuzz writes it), else they themselves, else 2.6.11. The target
// aborts where a property breaks; the input's name is the last line then.
// Exit status: 0 held, 2 bad usage or input, or no input at all; 134 in a
// shell: aborted.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/own_directory.h"
#include "base/read.h"
#include "base/shown.h"
#include "core/script/script.h"
#include "fuzz/kernel_beside.h"

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

// The running input as a line, prepared because the handler may not allocate.
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
  std::fprintf(stderr, "replay_truncate: %s: %s\n",
               vmtrunc::base::Shown(path).c_str(), what.c_str());
  std::exit(2);
}

// As bytes that contain the kernel of the note beside the file.
std::vector<uint8_t> BytesOf(const std::string& path) {
  const std::string content = vmtrunc::base::ReadFile(path);
  std::vector<uint8_t> bytes(content.begin(), content.end());
  if (vmtrunc::LooksLikeText(path, content)) {
    const auto script = vmtrunc::ParseText(content);
    if (!script.ok()) Fail(path, std::string(script.status().message()));
    return vmtrunc::EncodeBytes(*script);
  }
  if (const auto kernel = vmtrunc::fuzz::KernelBeside(path)) {
    bytes.resize(std::max(bytes.size(), vmtrunc::kHeaderBytes));
    vmtrunc::SetKernel(*kernel,
                       std::span(bytes).first<vmtrunc::kHeaderBytes>());
  }
  return bytes;
}

void Replay(const std::string& path) {
  const std::vector<uint8_t> bytes = BytesOf(path);
  std::snprintf(g_current, sizeof(g_current), "replay_truncate: %s: aborted\n",
                vmtrunc::base::Shown(path).c_str());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

// Skips notes beside inputs, and vmtrunc's bookkeeping.
bool IsInput(const fs::path& path) {
  return path.extension() != ".md" &&
         !vmtrunc::base::IsBookkeeping(path.filename().string());
}

// Files below directories, in a reproducible order.
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
      if (entry.is_regular_file() && IsInput(entry.path()))
        below.push_back(entry.path().string());
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
  if (inputs.empty())
    Fail(paths[0], "expected a file to run, and there is none");
  try {
    for (const std::string& input : inputs) Replay(input);
  } catch (const vmtrunc::base::UsageError& error) {
    std::fprintf(stderr, "replay_truncate: %s\n",
                 vmtrunc::base::ShownInError(error.what).c_str());
    return 2;
  }
  std::printf("%zu inputs ran, none violated a property\n", inputs.size());
  return 0;
}
