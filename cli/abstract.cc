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

}  // namespace

void WriteAbstract(const std::string& path, const KernelSpec& kernel,
                   const std::string& from, bool all,
                   std::span<const uint8_t> seen) {
  std::string text = absl::StrCat(kAbstractFormat, kAbstractVersion, "\n",
                                  kAbstractKernel, kernel.ToString(), "\n",
                                  all ? "all" : "some", "\n# ", from, "\n");
  for (size_t i = 0; i < seen.size(); ++i)
    if (seen[i] != 0) absl::StrAppend(&text, i, "\n");
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
  const bool is_first = lines[0] == absl::StrCat(kAbstractFormat, 1);
  if (!is_first && lines[0] != absl::StrCat(kAbstractFormat, kAbstractVersion))
    throw expected(absl::StrCat(kAbstractFormat, kAbstractVersion));
  ++at;
  if (!is_first) {
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
  bool any = false;
  for (; at < lines.size(); ++at) {
    if (lines[at].empty() || lines[at][0] == '#') continue;
    unsigned state = 0;
    if (!absl::SimpleAtoi(lines[at], &state) || state >= kAbstractStates)
      throw expected(absl::StrCat("a number below ", kAbstractStates));
    states.seen[state] = 1;
    any = true;
  }
  if (!any) throw expected("a state; there is none");
  return states;
}

void ExpectStatesOf(const AbstractStates& states, const KernelSpec& kernel) {
  if (!states.kernel || *states.kernel == kernel) return;
  throw base::UsageError{
      absl::StrCat(base::Shown(states.path), ": expected abstract states of ",
                   kernel.ToString(), ", not of ", states.kernel->ToString())};
}

}  // namespace vmtrunc::cli
