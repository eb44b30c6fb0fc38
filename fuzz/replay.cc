// Runs each input once through the fuzz target, without a fuzzing engine: for
// crash files of any engine, for debuggers and other harnesses.
//
//   replay_truncate FILE|DIRECTORY...     # directories: all files below,
//   sorted replay_truncate < FILE                # so does -
//
// Texts, whatever their names, and files named *.vmt are scripts; all others
// are bytes. They run on the kernel that VMTRUNC_KERNEL says, else the note
// beside them (FILE.md, as vmtrunc fuzz writes it), else they themselves, also
// by a kernel's file, else 2.6.11. The target aborts where a property breaks;
// the input's name is the last line then. Inputs without events are counted.
// What is in a directory and is no input is named on standard error. Exit
// status: 0 held, 2 bad usage or input, or no input at all; 134 in a shell:
// aborted.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/own_directory.h"
#include "base/place.h"
#include "base/read.h"
#include "base/shown.h"
#include "base/streams.h"
#include "core/script/script.h"
#include "fuzz/kernel_beside.h"
#include "fuzz/kernel_in_file.h"
#include "fuzz/status.h"

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

// A line of standard error.
void Say(const std::string& what) {
  std::fprintf(stderr, "replay_truncate: %s\n",
               vmtrunc::base::ShownInError(what).c_str());
}

[[noreturn]] void Fail(const std::string& path, const std::string& what) {
  throw vmtrunc::base::UsageError{vmtrunc::base::Shown(path) + ": " + what};
}

// The kernel of a script that names one which is not built: in a file, relative
// to the script's place, as for vmtrunc run.
vmtrunc::KernelSpec KernelInFile(const std::string& path,
                                 const std::string& name) {
  const std::string file =
      ((path == "-" ? fs::path() : fs::path(path).parent_path()) / name)
          .string();
  if (name.find(' ') != std::string::npos ||
      !vmtrunc::fuzz::NamesKernelFile(name, file))
    Fail(path, "kernel " + vmtrunc::base::Shown(name) +
                   ": expected a kernel that is built, or " +
                   vmtrunc::fuzz::kKernelVariable);
  return vmtrunc::fuzz::ReadKernelFile(file).spec();
}

// As bytes that contain the kernel of the text, or of the note beside the file.
std::vector<uint8_t> BytesOf(const std::string& path,
                             const std::string& content) {
  std::vector<uint8_t> bytes(content.begin(), content.end());
  if (vmtrunc::LooksLikeText(path, content)) {
    auto script = vmtrunc::ParseText(content);
    if (!script.ok())
      throw vmtrunc::base::UsageError{vmtrunc::base::Shown(path) + ":" +
                                      std::string(script.status().message())};
    const bool is_given =
        std::getenv(vmtrunc::fuzz::kKernelVariable) != nullptr;
    if (!script->unknown_kernel.empty() && !is_given)
      script->kernel = KernelInFile(path, script->unknown_kernel);
    return vmtrunc::EncodeBytes(*script);
  }
  if (const auto kernel = vmtrunc::fuzz::KernelBeside(path)) {
    bytes.resize(std::max(bytes.size(), vmtrunc::kHeaderBytes));
    vmtrunc::SetKernel(*kernel,
                       std::span(bytes).first<vmtrunc::kHeaderBytes>());
  }
  return bytes;
}

struct Input {
  std::string path;
  bool is_named = false;  // not by its directory
};

// How many inputs ran, and how many of them have no events: no property can be
// violated there.
struct Ran {
  size_t inputs = 0;
  size_t without_events = 0;
};

// If there is nothing in a file of a directory, says so.
void Replay(const Input& input, Ran& ran) {
  const std::string content = vmtrunc::base::ReadFile(input.path);
  if (content.empty()) {
    const std::string what =
        (input.path == "-" ? "standard input"
                           : vmtrunc::base::Shown(input.path)) +
        ": expected an input; there is nothing in it";
    if (input.is_named) throw vmtrunc::base::UsageError{what};
    Say("skipped: " + what);
    return;
  }
  const std::vector<uint8_t> bytes = BytesOf(input.path, content);
  std::snprintf(g_current, sizeof(g_current), "replay_truncate: %s: aborted\n",
                vmtrunc::base::Shown(input.path).c_str());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  ++ran.inputs;
  ran.without_events += vmtrunc::DecodeBytes(bytes).events.empty() ? 1 : 0;
}

// Says what is skipped. Throws UsageError if a directory cannot be read.
void AddBelow(const std::string& directory, std::vector<std::string>& below) {
  std::error_code error;
  const auto was = vmtrunc::base::IdentityOf(directory);
  bool has_lost = false;
  fs::directory_iterator at(directory, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const std::string path = at->path().string();
    const fs::file_type there = vmtrunc::base::TypeOf(path);
    if (vmtrunc::base::IsBesideInputs(at->path().filename().string(),
                                      there == fs::file_type::directory))
      continue;
    if (there == fs::file_type::directory) {
      AddBelow(path, below);
      continue;
    }
    // A running fuzzer replaces inputs by smaller ones.
    if (there == fs::file_type::not_found) {
      has_lost = true;
      continue;
    }
    std::error_code none;
    const fs::file_type type = fs::status(path, none).type();
    if (type == fs::file_type::regular)
      below.push_back(path);
    else
      Say("skipped: " + vmtrunc::base::Shown(path) + ": expected a file, not " +
          (type == fs::file_type::directory ? "a link to a directory"
           : type == fs::file_type::not_found || type == fs::file_type::none
               ? "a link to nothing"
               : "a pipe, a socket or a device"));
  }
  if (error) vmtrunc::base::FailPath(directory, error.value());
  // Of one that has another name by now all is lost.
  if (has_lost && was != vmtrunc::base::IdentityOf(directory))
    vmtrunc::base::FailPath(directory, ENOENT);
}

// Files below directories, in a reproducible order.
std::vector<Input> Inputs(const std::vector<std::string>& paths) {
  std::vector<Input> inputs;
  for (const std::string& path : paths) {
    std::error_code error;
    if (path == "-" || !fs::is_directory(path, error)) {
      inputs.push_back({path, /*is_named=*/true});
      continue;
    }
    std::vector<std::string> below;
    AddBelow(path, below);
    std::sort(below.begin(), below.end());
    for (const std::string& file : below) inputs.push_back({file});
  }
  return inputs;
}

// What was looked at, and did not happen: the target would have aborted.
std::string Verdict() {
  const char* const property = std::getenv(vmtrunc::fuzz::kPropertyVariable);
  const char* const unlike = std::getenv(vmtrunc::fuzz::kUnlikeVariable);
  if (property != nullptr &&
      std::strcmp(property, vmtrunc::fuzz::kNoProperty) == 0)
    return std::string("no property was looked at (") +
           vmtrunc::fuzz::kPropertyVariable + "=none)";
  if (std::getenv(vmtrunc::fuzz::kKeepGoingVariable) != nullptr)
    return std::string("and did not stop where one violated a property (") +
           vmtrunc::fuzz::kKeepGoingVariable + ")";
  return std::string("none violated ") +
         (property == nullptr ? "a property" : property) +
         (unlike == nullptr ? "" : std::string(" and held on ") + unlike);
}

// "; nothing was run: it has no events", "; 2 of them have no events", or "".
std::string EmptyInWords(const Ran& ran) {
  if (ran.without_events == 0) return "";
  if (ran.inputs == 1) return "; nothing was run: it has no events";
  if (ran.inputs == ran.without_events)
    return "; nothing was run: they have no events";
  return "; " + std::to_string(ran.without_events) + " of them " +
         (ran.without_events == 1 ? "has" : "have") + " no events";
}

int ReplayAll(const std::vector<std::string>& paths) {
  Ran ran;
  const std::vector<Input> inputs = Inputs(paths);
  std::vector<std::string> files;
  for (const Input& input : inputs) files.push_back(input.path);
  const vmtrunc::base::Places places(files);
  for (const Input& input : inputs) {
    try {
      Replay(input, ran);
    } catch (const vmtrunc::base::UsageError&) {
      // A running fuzzer replaces inputs by smaller ones.
      if (input.is_named || !places.HasLost(input.path)) throw;
    }
  }
  if (ran.inputs == 0)
    Fail(paths[0], "expected a file to run, and there is none");
  const bool is_written =
      std::printf("%zu input%s ran, %s%s\n", ran.inputs,
                  ran.inputs == 1 ? "" : "s", Verdict().c_str(),
                  EmptyInWords(ran).c_str()) >= 0 &&
      std::fflush(stdout) == 0;
  if (const int error = is_written ? vmtrunc::base::CloseOutput() : errno)
    throw vmtrunc::base::UsageError{
        std::string("cannot write to standard output: ") +
        std::strerror(error)};
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  vmtrunc::base::HoldClosedStreams();
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
  try {
    return ReplayAll(paths);
  } catch (const vmtrunc::base::UsageError& error) {
    Say(error.what);
  } catch (const std::exception& error) {
    Say(error.what());
  }
  return 2;
}
