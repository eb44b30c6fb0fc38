#include "core/nearest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace vmtrunc {
namespace {

// How many letters must change, come or go.
size_t Distance(std::string_view one, std::string_view other) {
  std::vector<size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < one.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < other.size(); ++j) {
      const size_t changed = diagonal + (one[i] == other[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string Nearest(std::string_view typed,
                    std::span<const char* const> words) {
  std::string nearest;
  size_t least = typed.size() / 2 + 1;
  for (const char* const word : words) {
    const size_t distance = Distance(typed, word);
    if (distance >= least) continue;
    least = distance;
    nearest = word;
  }
  return nearest;
}

std::string IsIt(std::string_view nearest) {
  std::string text;
  if (!nearest.empty()) text.append("; is it ").append(nearest).append("?");
  return text;
}

}  // namespace vmtrunc
