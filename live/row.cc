#include "live/row.h"

#include <compare>

#include "absl/strings/numbers.h"
#include "core/model/rules.h"

namespace vmtrunc::live {
namespace {

// "2.6.38", "6.12"; what follows them counts only where they are equal.
struct Version {
  int parts[3] = {0, 0, 0};

  auto operator<=>(const Version&) const = default;
};

Version VersionOf(std::string_view text) {
  Version version;
  for (int& part : version.parts) {
    const size_t digits = text.find_first_not_of("0123456789");
    const std::string_view number = text.substr(0, digits);
    if (!absl::SimpleAtoi(absl::string_view(number.data(), number.size()),
                          &part))
      break;
    if (digits == std::string_view::npos || text[digits] != '.') break;
    text.remove_prefix(digits + 1);
  }
  return version;
}

}  // namespace

Row RowOf(std::string_view release) {
  const Version running = VersionOf(release);
  Row row;
  Version newest;
  for (const uint8_t number : KernelsByAge()) {
    const std::string name = AllKernels()[number].name;
    const Version version = VersionOf(name);
    if (version == Version{}) continue;  // ours
    newest = version;
    if (row.kernel.empty() || version <= running) row.kernel = name;
  }
  // 7.0.9 is the newest row's, 7.1 is not.
  row.is_newer = running.parts[0] > newest.parts[0] ||
                 (running.parts[0] == newest.parts[0] &&
                  running.parts[1] > newest.parts[1]);
  return row;
}

}  // namespace vmtrunc::live
