#include "fuzz/named_input.h"

#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/read.h"
#include "base/shown.h"
#include "core/script/script.h"
#include "fuzz/kernel_beside.h"
#include "fuzz/status.h"

namespace vmtrunc::fuzz {

std::string WhyNotAsItIs(const std::string& path, const Settings& settings) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return "";
  const std::string content = base::ReadFile(path);
  if (content.empty())
    return base::Shown(path) + ": expected an input; there is nothing in it";
  if (LooksLikeText(path, content))
    return absl::StrCat(base::Shown(path),
                        ": expected a script in bytes, not a text, which "
                        "replay_truncate and vmtrunc run read");
  if (settings.kernel_is_given) return "";
  const std::optional<KernelSpec> beside = KernelBeside(path);
  const std::vector<uint8_t> bytes(content.begin(), content.end());
  const KernelSpec own = DecodeBytes(bytes).kernel.value_or(settings.kernel);
  if (!beside || *beside == own) return "";
  return absl::StrCat(base::Shown(path), ": expected ", kKernelVariable,
                      ": the note beside it names ", beside->ToString(),
                      ", and it would run on ", own.ToString(),
                      "; replay_truncate and vmtrunc run read the note");
}

}  // namespace vmtrunc::fuzz
