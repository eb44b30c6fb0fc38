// What each script does on each kernel, as one line to compare: the same in
// every process, order and build, or something is not deterministic.
//
//   state_hashes [--reverse] [--any] FILE|DIRECTORY...    # of directories all
//                                                         # files but *.md
//
// A line a file and kernel, in the order of the files' names whatever order
// they run in: FILE KERNEL BROKEN EFFECTS DROPS HASH FEATURES DETAIL. Kernels
// are all of the table, the script's own, and those that its expect lines name.
// Each runs twice, from the text and from the bytes, with other runs in
// between, and unchecked, traced and in the small world too; exit status 1 when
// any differ, 2 for bad usage or input. Of a *.bad file the line is FILE and
// why it is no script; with --any, of any file that is none.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "core/run/run.h"
#include "core/script/script.h"

namespace vmtrunc {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "state_hashes: %s\n", what.c_str());
  std::exit(2);
}

std::vector<std::string> FilesOf(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(path, error))
      if (entry.is_regular_file() && entry.path().extension() != ".md")
        files.push_back(entry.path().string());
    if (error) Fail(path + ": " + error.message());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Fail(path + ": cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

absl::StatusOr<Script> Read(const std::string& path) {
  const std::string content = ContentOf(path);
  if (LooksLikeText(path, content) || path.ends_with(".bad"))
    return ParseText(content);
  const std::vector<uint8_t> bytes(content.begin(), content.end());
  return DecodeBytes(bytes);
}

std::vector<KernelSpec> KernelsOf(const Script& script) {
  std::vector<KernelSpec> kernels;
  for (const uint8_t number : KernelsByAge())
    kernels.push_back({.kernel = number, .flips = {}});
  const auto add = [&](const KernelSpec& spec) {
    if (std::find(kernels.begin(), kernels.end(), spec) == kernels.end())
      kernels.push_back(spec);
  };
  if (script.kernel) add(*script.kernel);
  for (const Expect& expect : script.expects)
    if (expect.spec) add(*expect.spec);
  return kernels;
}

// The abstract states that a run shows, as a hash of them and of how many.
uint64_t Features(const Script& script, const Rules& rules) {
  std::vector<uint8_t> seen(Checker<LargeCaps>::kFeatures);
  Run<LargeCaps>(script, rules, {.hash_state = false, .features = seen.data()});
  return HashBytes(seen.data(), seen.size()) + CountSeen(seen);
}

// The same state comes of a run that nothing checks and of one that is traced;
// and where the script fits the small world, the same verdict there.
bool Agrees(const Script& script, const Rules& rules, const RunResult& run) {
  const auto unchecked = RunUnchecked<LargeCaps>(script, rules);
  const auto counted =
      RunUnchecked<LargeCaps>(script, rules, /*hash_state=*/false);
  const auto traced = RunTraced(script, rules, [](const TraceStep&) {});
  if (unchecked.state_hash != run.state_hash ||
      counted.effects != run.effects || traced.state_hash != run.state_hash ||
      traced.broken != run.broken)
    return false;
  // The properties that count where they are named.
  const RunResult named = Run<LargeCaps>(script, rules, {.report = ~0U});
  if (named.state_hash != run.state_hash ||
      (named.broken & ~kOnlyNamed) != run.broken)
    return false;
  bool fits = Fits<SmallCaps>(script.setup);
  for (const Event& event : script.events) fits &= Fits<SmallCaps>(event);
  if (!fits) return true;
  const RunResult small = Run<SmallCaps>(script, rules, {});
  return small.ran_out ||
         (small.broken == run.broken && small.effects == run.effects);
}

std::string LineOf(const Script& script, const KernelSpec& kernel) {
  const Rules rules = kernel.rules();
  const RunResult run = Run(script, rules);
  char line[512];
  std::snprintf(line, sizeof(line), "%03x %u %u %016llx %016llx %s%s",
                run.broken, run.effects, run.drops,
                static_cast<unsigned long long>(run.state_hash),
                static_cast<unsigned long long>(Features(script, rules)),
                run.holds() ? "holds" : run.first.ToString().c_str(),
                Agrees(script, rules, run) ? "" : " (AND OTHERWISE)");
  return line;
}

int Main(const std::vector<std::string>& paths, bool reverse, bool any) {
  std::vector<std::string> files = FilesOf(paths);
  if (reverse) std::reverse(files.begin(), files.end());
  std::map<std::string, std::string> lines;
  bool differ = false;
  for (const std::string& file : files) {
    const auto read = Read(file);
    const bool bad = file.ends_with(".bad");
    if (!read.ok() && !bad && !any)
      Fail(file + ":" + std::string(read.status().message()));
    if (!read.ok() || bad) {  // what is not a script is so each time
      lines[file] =
          read.ok() ? "(AND OTHERWISE)" : std::string(read.status().message());
      continue;
    }
    const Script& script = *read;
    const auto canonical = ParseText(ToText(script));
    if (!canonical.ok()) Fail(file + ": its canonical text is none");
    const Script again = DecodeBytes(EncodeBytes(*canonical));
    std::vector<KernelSpec> kernels = KernelsOf(script);
    if (reverse) std::reverse(kernels.begin(), kernels.end());
    for (const KernelSpec& kernel : kernels)
      lines[file + " " + kernel.ToString()] = LineOf(script, kernel);
    // The second time from the byte form, after the other kernels' runs.
    for (const KernelSpec& kernel : kernels) {
      const std::string name = file + " " + kernel.ToString();
      if (lines[name] == LineOf(again, kernel)) continue;
      std::fprintf(stderr, "%s: another result the second time\n",
                   name.c_str());
      differ = true;
    }
  }
  for (const auto& [name, line] : lines) {
    differ |= line.ends_with("(AND OTHERWISE)");
    std::printf("%s %s\n", name.c_str(), line.c_str());
  }
  return differ ? 1 : 0;
}

}  // namespace
}  // namespace vmtrunc

int main(int argc, char** argv) {
  std::vector<std::string> paths(argv + 1, argv + argc);
  const bool reverse = std::erase(paths, "--reverse") != 0;
  const bool any = std::erase(paths, "--any") != 0;
  if (paths.empty() || paths[0].starts_with("--")) {
    std::fprintf(stderr,
                 "usage: state_hashes [--reverse] [--any] FILE|DIRECTORY...\n");
    return 2;
  }
  const int status = vmtrunc::Main(paths, reverse, any);
  if (std::fclose(stdout) == 0) return status;
  std::fprintf(stderr, "state_hashes: cannot write to standard output\n");
  return 2;
}
