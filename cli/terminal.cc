#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "absl/strings/numbers.h"
#include "base/terminal.h"

namespace vmtrunc::cli {
namespace {

std::string_view Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

size_t ColumnsOfTerminal() {
  const std::string_view asked = Environment("COLUMNS");
  size_t columns = 0;
  if (!absl::SimpleAtoi(absl::string_view(asked.data(), asked.size()),
                        &columns) ||
      columns == 0) {
    winsize size{};
    columns =
        ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : size_t{0};
  }
  return columns == 0 ? report::kTextColumns
                      : std::clamp(columns, report::kFewestColumns,
                                   report::kMostColumns);
}

}  // namespace

report::Look LookOfOutput(const std::string& colour) {
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  const bool takes_colours =
      base::TakesEscapes(STDOUT_FILENO) && Environment("NO_COLOR").empty();
  return {.colours = colour == "always" || (colour == "auto" && takes_colours),
          .columns = terminal ? ColumnsOfTerminal() : report::kTextColumns};
}

}  // namespace vmtrunc::cli
