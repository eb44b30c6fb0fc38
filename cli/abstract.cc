#include "cli/abstract.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/input.h"
#include "core/version.h"

namespace vmtrunc::cli {
namespace {

const std::string kFirstLine =
    absl::StrCat("vmtrunc abstract-states ", kAbstractVersion);

}  // namespace

void WriteAbstract(const std::string& path, const std::string& from,
                   std::span<const uint8_t> seen) {
  std::string text = absl::StrCat(kFirstLine, "\n# ", from, "\n");
  for (size_t i = 0; i < seen.size(); ++i)
    if (seen[i] != 0) absl::StrAppend(&text, i, "\n");
  base::WriteFile(path, text);
}

std::vector<uint8_t> ReadAbstract(const std::string& path) {
  std::vector<uint8_t> seen(kAbstractStates);
  const std::string text = base::ReadFile(path);
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const auto wrong = [&](const std::string& expected) {
      return base::UsageError{
          absl::StrCat(path, ":", number, ": expected ", expected)};
    };
    if (++number == 1) {
      if (line != kFirstLine) throw wrong(kFirstLine);
      continue;
    }
    if (line.empty() || line[0] == '#') continue;
    unsigned state = 0;
    if (!absl::SimpleAtoi(line, &state) || state >= kAbstractStates)
      throw wrong(absl::StrCat("a number below ", kAbstractStates));
    seen[state] = 1;
  }
  return seen;
}

}  // namespace vmtrunc::cli
