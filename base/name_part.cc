#include "base/name_part.h"

#include "absl/strings/str_cat.h"
#include "base/sha1.h"

namespace vmtrunc::base {

std::string NamePart(const std::string& word) {
  constexpr size_t kMost = 110, kDigits = 16;
  if (word.size() <= kMost) return word;
  return word.substr(0, kMost - kDigits - 1) + "_" +
         Sha1(word).substr(0, kDigits);
}

std::string NumberedName(const std::string& stem, unsigned number,
                         const std::string& ending) {
  return number == 1 ? absl::StrCat(stem, ending)
                     : absl::StrCat(stem, "-", number, ending);
}

}  // namespace vmtrunc::base
