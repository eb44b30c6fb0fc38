// A script: one run of the model, and its two forms.
//
// The text form (*.vmt) is for people; the byte form is for fuzzers.
// docs/format.md defines the byte form. Both contain all inputs of a run; only
// the text has comments and `expect` lines.
#ifndef VMTRUNC_CORE_SCRIPT_SCRIPT_H_
#define VMTRUNC_CORE_SCRIPT_SCRIPT_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/model/event.h"
#include "core/model/rules.h"
#include "core/script/draft.h"
#include "core/script/verbs.h"

namespace vmtrunc {

struct Expect {
  std::string kernel;              // as written
  std::optional<KernelSpec> spec;  // empty: the kernel or a rule is not built
  int broken = -1;                 // a Property's number; -1: holds
  int line = 0;
  bool from_file = false;  // `kernel` names a file, at a place of its own
};

// A task name in a text that is neither declared nor forked there.
struct StrayTask {
  std::string name;  // "": there is none
  int line = 0;
};

struct Script : Draft {
  std::optional<KernelSpec> kernel;
  bool kernel_from_file = false;  // its `kernel` line names a file
  std::string unknown_kernel;     // a `kernel` line that is not built
  StrayTask stray;  // the first one of a text; the script still runs
  std::vector<Expect> expects;
  std::string task_names[8];  // as in the text, or a, b, ...
  std::string file_names[2];  // f, g
  bool is_bytes = false;      // read from the byte form
  size_t ignored_bytes = 0;   // of that, past kMaxEvents
};

// A script without events, with the default names.
Script EmptyScript();
// `draft` with the default names.
Script ScriptOf(Draft draft);

// Names the script's kernel, in place of any that its text has named.
void SetKernel(const KernelSpec& kernel, Script& script);

// InvalidArgument, "LINE: expected ...", when the text is malformed.
absl::StatusOr<Script> ParseText(std::string_view text);

// The canonical text: ParseText() reads the same script back, and printing that
// gives the same text.
std::string ToText(const Script& script);
std::string ToText(const Event& event, const Script& names);
// " shmem order 0..2": with a blank before each word, or nothing where it need
// not be said.
std::string ToText(const FolioSetup& folios);

// Any bytes are a script.
Script DecodeBytes(std::span<const uint8_t> bytes);
std::vector<uint8_t> EncodeBytes(const Script& script);

// Decodes into buffers that are kept, for the fuzzing loop. Returns the number
// of events.
size_t DecodeBytes(std::span<const uint8_t> bytes, Setup& setup,
                   KernelSpec& kernel, bool& has_kernel,
                   std::span<Event, kMaxEvents> events);

inline constexpr size_t kHeaderBytes = 32;
inline constexpr size_t kRecordBytes = 8;

// Sets the kernel in the header of a byte form, and changes nothing else.
void SetKernel(const KernelSpec& kernel,
               std::span<uint8_t, kHeaderBytes> header);
// The flips in a header, whether or not such rules exist.
RuleSet FlipsOf(std::span<const uint8_t, kHeaderBytes> header);

// Whether a file is in the text form: its name ends in .vmt, its first
// significant line starts with "vmtrunc", or it is text at all, of a header's
// length or more: a script that has lost its first line is no script in bytes.
bool LooksLikeText(std::string_view name, std::string_view content);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_SCRIPT_SCRIPT_H_
