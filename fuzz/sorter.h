// Classifies violations by root cause while a fuzzing process runs, so that a
// bug that one input in a hundred triggers does not hide the others.
#ifndef VMTRUNC_FUZZ_SORTER_H_
#define VMTRUNC_FUZZ_SORTER_H_

#include <cstring>
#include <functional>
#include <span>
#include <string>

#include "fuzz/status.h"
#include "search/cause.h"

namespace vmtrunc::fuzz {

class Sorter {
 public:
  // Writes the running input in the place of `old`, which it returned before,
  // or, where that is "", to a file of its own. Returns its name.
  using KeepInput = std::function<std::string(const std::string& old,
                                              const std::string& stem)>;

  Sorter(const KernelSpec& kernel, const RuleSet& known, FuzzStatus& status,
         KeepInput keep)
      : kernel_(kernel), known_(known), status_(status), keep_(keep) {}

  // Classifies an input with a violation; keeps it if it is the first of its
  // root cause, or has fewer events with an effect than the one kept. Finding a
  // root cause takes up to a hundred runs: beyond a quarter of the time,
  // violations are only counted, as broken and by no cause.
  void Note(const Setup& setup, std::span<const Event> events,
            const RunResult& run) {
    if (runs_ > 4000 + status_.executions / 4) return;
    const Draft draft{setup, {events.begin(), events.end()}};
    const search::RootCause cause =
        search::CauseOf(draft, kernel_, run.first.property, known_, &runs_);
    const std::string name = cause.Name(kernel_);
    for (size_t i = 0; i < kMostCauses; ++i) {
      SortedCause& slot = status_.causes[i];
      if (slot.executions != 0 && name != slot.name) continue;
      if (slot.executions == 0 || run.effects < slot.effects) {
        const std::string file = keep_(slot.file, StemOfCause(i));
        slot.effects = run.effects;
        std::strncpy(slot.file, file.c_str(), sizeof(slot.file) - 1);
        std::strncpy(slot.name, name.c_str(), sizeof(slot.name) - 1);
      }
      ++slot.executions;
      return;
    }
  }

 private:
  const KernelSpec kernel_;
  const RuleSet known_;
  FuzzStatus& status_;
  const KeepInput keep_;
  uint64_t runs_ = 0;
};

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_SORTER_H_
