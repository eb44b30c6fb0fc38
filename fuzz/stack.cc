// What libFuzzer asks the runtime of a sanitizer for. Where it is linked
// without one (cmake/static_start.cmake), this takes its place: a hang and a
// failure of the model have a stack, new functions in the log a name.
#include <unistd.h>
#include <unwind.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "absl/debugging/symbolize.h"

namespace {

constexpr unsigned kMostFrames = 64;

// "0x4011d6 in vmtrunc::Run()", as sanitizers write it, truncated to `size`
// bytes with their end. Requires: size > 0.
void Describe(uintptr_t at, char* out, size_t size) {
  char name[512];
  if (!absl::Symbolize(reinterpret_cast<const void*>(at), name, sizeof(name)))
    name[0] = '\0';
  std::snprintf(out, size, "0x%jx in %s", uintmax_t{at}, name);
}

// A line of a stack, on standard error.
_Unwind_Reason_Code PrintFrame(_Unwind_Context* context, void* data) {
  auto& frame = *static_cast<unsigned*>(data);
  int is_before = 0;
  const uintptr_t pc = _Unwind_GetIPInfo(context, &is_before);
  if (pc == 0) return _URC_END_OF_STACK;
  // That of a caller is after its call, which may be the last of its function.
  const uintptr_t at = is_before != 0 ? pc : pc - 1;
  char text[512], line[sizeof(text) + 32];
  Describe(at, text, sizeof(text));
  const int size =
      std::snprintf(line, sizeof(line), "    #%u %s\n", frame, text);
  if (size > 0 && ::write(STDERR_FILENO, line, static_cast<size_t>(size)) < 0)
    return _URC_END_OF_STACK;
  return ++frame < kMostFrames ? _URC_NO_REASON : _URC_END_OF_STACK;
}

}  // namespace

extern "C" {

void __sanitizer_print_stack_trace() {
  unsigned frame = 0;
  _Unwind_Backtrace(&PrintFrame, &frame);
}

// libFuzzer's formats ask for lines of sources too, which this does not know.
void __sanitizer_symbolize_pc(void* pc, const char*, char* out, size_t size) {
  if (size > 0) Describe(reinterpret_cast<uintptr_t>(pc), out, size);
}

// Whether the caller is the first thread to report a crash.
int __sanitizer_acquire_crash_state() {
  static std::atomic<int> taken = 0;
  return taken.exchange(1) == 0 ? 1 : 0;
}

// It would be called before a sanitizer ends the process. There is none.
void __sanitizer_set_death_callback(void (*)()) {}

}  // extern "C"
