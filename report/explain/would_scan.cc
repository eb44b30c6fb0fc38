#include "report/explain/would_scan.h"

#include "core/model/machine-inl.h"

namespace vmtrunc::report {
namespace {

// Records the scans of one task's pass.
class ScanProbe : public NoProbe<LargeCaps> {
 public:
  ScanProbe(unsigned task, unsigned mm, unsigned addr)
      : task_(task), mm_(mm), addr_(addr) {}

  void Scans(const LargeWorld&, unsigned task, unsigned mm, unsigned start,
             unsigned end) {
    scanned_ |=
        !ended_ && task == task_ && mm == mm_ && start <= addr_ && addr_ < end;
  }
  void PassEnds(const LargeWorld&, unsigned task) { ended_ |= task == task_; }

  bool scanned() const { return scanned_; }
  bool ended() const { return ended_; }

 private:
  const unsigned task_, mm_, addr_;
  bool scanned_ = false, ended_ = false;
};

}  // namespace

bool WouldScan(World<LargeCaps> world, const Rules& rules, unsigned task,
               unsigned mm, unsigned addr) {
  // Tasks may block each other alternately.
  constexpr unsigned kMostRounds = 64;
  ScanProbe probe(task, mm, addr);
  Machine<LargeCaps, ScanProbe> machine(world, rules, probe);
  const auto finish = [&](unsigned it) {
    machine.Apply(
        {.kind = EventKind::kFinish, .task = static_cast<uint8_t>(it)});
  };
  for (unsigned round = 0; round < kMostRounds; ++round) {
    finish(task);
    if (probe.ended() || world.tasks[task].op.verb == Verb::kNone) break;
    for (unsigned other = 0; other < LargeCaps::kTasks; ++other)
      if (other != task) finish(other);
  }
  return probe.scanned();
}

}  // namespace vmtrunc::report
