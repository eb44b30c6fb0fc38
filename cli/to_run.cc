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

std::string How(const ToRun& it, const char* ran) {
  const std::string ignored = IgnoredInWords(it.script);
  return absl::StrCat(KernelFromInWords(it), ran, ignored.empty() ? "" : "; ",
                      ignored);
}

}  // namespace

std::string HowItIsRun(const ToRun& it) { return How(it, ""); }

std::string HowItRan(const ToRun& it) {
  return How(it, it.script.events.empty()
                     ? "; nothing was run: it has no events"
                     : "");
}

}  // namespace vmtrunc::cli
