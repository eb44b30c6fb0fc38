#include "cli/to_run.h"

#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "cli/input.h"
#include "fuzz/kernel_beside.h"

namespace vmtrunc::cli {

bool TakeKernelBeside(const std::string& path, Script& script) {
  const std::optional<KernelSpec> beside =
      script.is_bytes ? fuzz::KernelBeside(path) : std::nullopt;
  if (beside) SetKernel(*beside, script);
  return beside.has_value();
}

ToRun ReadToRun(const std::string& path, const std::string& from,
                const std::string& kernels, Says says) {
  ToRun it{path, ReadAnyScript(path, from), "option"};
  ExpectNoStray(path, it.script);
  if (says == Says::kAtEnd) NoteIgnored(path, it.script);
  if (!kernels.empty()) return it;
  const bool beside = TakeKernelBeside(path, it.script);
  it.kernel_from = beside ? "note" : it.script.kernel ? "script" : "default";
  return it;
}

namespace {

std::string KernelFromInWords(const ToRun& it) {
  if (std::string_view(it.kernel_from) == "note")
    return "; on the kernel that the note beside the file names";
  if (std::string_view(it.kernel_from) == "default" && it.script.is_bytes)
    return "; on the default kernel: the bytes name none";
  return "";
}

// "; WORDS", or "".
std::string AfterThat(const std::string& words) {
  return words.empty() ? "" : absl::StrCat("; ", words);
}

}  // namespace

std::string HowItIsRun(const ToRun& it) {
  return absl::StrCat(KernelFromInWords(it),
                      AfterThat(IgnoredInWords(it.script)));
}

std::string HowItRan(const ToRun& it) {
  return absl::StrCat(KernelFromInWords(it),
                      AfterThat(NothingRunInWords(it.script)),
                      AfterThat(IgnoredInWords(it.script)));
}

}  // namespace vmtrunc::cli
