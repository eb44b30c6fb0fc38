#include "cli/abstract.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/shown.h"
#include "cli/input.h"
#include "core/version.h"

namespace vmtrunc::cli {
namespace {

constexpr absl::string_view kAbstractFormat = "vmtrunc abstract-states ";
constexpr absl::string_view kAbstractKernel = "kernel ";
constexpr absl::string_view kAbstractEnd = "end ";
constexpr int kWithoutEnd = 2, kWithoutKernel = 1;  // the last such versions

// The version in the first line; 0: none that is known.
int VersionIn(absl::string_view line) {
  int version = 0;
  if (!absl::ConsumePrefix(&line, kAbstractFormat) ||
      !absl::SimpleAtoi(line, &version) || version < 1 ||
      version > kAbstractVersion)
    return 0;
  return version;
}

}  // namespace

void WriteAbstract(const std::string& path, const KernelSpec& kernel,
                   const std::string& from, bool all,
                   std::span<const uint8_t> seen) {
  std::string text = absl::StrCat(kAbstractFormat, kAbstractVersion, "\n",
                                  kAbstractKernel, kernel.ToString(), "\n",
                                  all ? "all" : "some", "\n# ", from, "\n");
  size_t count = 0;
  for (size_t i = 0; i < seen.size(); ++i) {
    if (seen[i] == 0) continue;
    absl::StrAppend(&text, i, "\n");
    ++count;
  }
  absl::StrAppend(&text, kAbstractEnd, count, "\n");
  base::WriteFile(path, text);
}

AbstractStates ReadAbstract(const std::string& path) {
  AbstractStates states{.path = path,
                        .kernel = {},
                        .seen = std::vector<uint8_t>(kAbstractStates)};
  const std::string text = base::ReadFile(path);
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  size_t at = 0;
  const auto expected = [&](const std::string& what) {
    return base::UsageError{absl::StrCat(base::Shown(path), ":",
                                         std::min(at + 1, lines.size()),
                                         ": expected ", what)};
  };
  const int version = VersionIn(lines[0]);
  if (version == 0)
    throw expected(absl::StrCat(kAbstractFormat, kAbstractVersion));
  ++at;
  if (version > kWithoutKernel) {
    absl::string_view kernel = at < lines.size() ? lines[at] : "";
    const auto spec = absl::ConsumePrefix(&kernel, kAbstractKernel)
                          ? ParseKernelSpec(std::string(kernel))
                          : absl::InvalidArgumentError("a kernel's line");
    if (!spec.ok()) throw expected(std::string(spec.status().message()));
    states.kernel = *spec;
    if (++at >= lines.size() || lines[at] != "all")
      throw expected("all: the states of a search that came to its end");
    ++at;
  }
  size_t count = 0;
  bool has_end = version <= kWithoutEnd;
  for (; at < lines.size(); ++at) {
    absl::string_view line = lines[at];
    if (line.empty() || line[0] == '#') continue;
    if (!has_end && absl::ConsumePrefix(&line, kAbstractEnd)) {
      if (line != absl::StrCat(count)) break;
      has_end = true;
      continue;
    }
    unsigned state = 0;
    if (!absl::SimpleAtoi(line, &state) || state >= kAbstractStates)
      throw expected(absl::StrCat("a number below ", kAbstractStates));
    states.seen[state] = 1;
    ++count;
  }
  if (count == 0) throw expected("a state; there is none");
  // What is cut would be a share of less.
  if (!has_end) throw expected(absl::StrCat(kAbstractEnd, count));
  return states;
}

void ExpectStatesOf(const AbstractStates& states, const KernelSpec& kernel) {
  if (!states.kernel || *states.kernel == kernel) return;
  throw base::UsageError{
      absl::StrCat(base::Shown(states.path), ": expected abstract states of ",
                   kernel.ToString(), ", not of ", states.kernel->ToString())};
}

}  // namespace vmtrunc::cli
