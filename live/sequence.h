// The part of a script that can be played on the running kernel, one operation
// after another.
#ifndef VMTRUNC_LIVE_SEQUENCE_H_
#define VMTRUNC_LIVE_SEQUENCE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "core/model/machine.h"
#include "core/script/script.h"

namespace vmtrunc::live {

// Why the event has no effect on any system, whatever other tasks do ("outside
// pages 1..255"), or "".
std::string NothingToDo(const Event& event, const Setup& setup);

// Why no system call does what the event does, or "".
std::string NoSystemCall(const Event& event);

// Which file of the script there cannot be here, and why, or "".
std::string NoSuchFile(const Script& script);

// The same where no file has large folios: those of a race and of a program.
std::string NoSuchSmallFile(const Script& script);

// "block 2; count 5", or "": declarations of what a running kernel has of its
// own.
std::string OfTheModel(const Setup& setup);

// All lines of a script that have no meaning on a running kernel, or "".
std::string NotOfThisKernel(const Script& script);

// "event 3, `a mmap 1 2 f 0`", as errors name it. `event` is from 0.
std::string NameEvent(const Script& script, size_t event);

// Records that the model ran out of vmas, of which the kernel has more.
class VmasProbe : public NoProbe<LargeCaps> {
 public:
  void MaySleep(const World<LargeCaps>& w, unsigned) {
    ran_out_ = ran_out_ || w.free_count == 0;
  }
  bool ran_out() const { return ran_out_; }

 private:
  bool ran_out_ = false;
};

// The events [first, end), which are one operation of one task: an event, or
// `&` with its steps and finish if no other task acts in between.
struct Turn {
  size_t first = 0, end = 0;
  std::string idle = {};  // why it has no effect; then it is no operation
};

struct Sequence {
  std::vector<Turn> turns;
  size_t played = 0;         // events
  size_t idle = 0;           // events
  std::string refused = {};  // which event cannot be played, and why; or ""
};

// Whether a splice of the page does what a pin does: it takes a reference to
// the folio if the page is cached, else nothing.
bool CanSplice(const File& file, unsigned page);

// Why the model, which does what tmpfs does, does not do what file systems on a
// disk do at this event, or "": ext4 leaves out what a punch has past the end.
std::string OnDiskElse(const World<LargeCaps>& world, const Event& event);

// Requires: the rules of the kernel for the comparison. `on_disk`: files with
// large folios may be of a file system on a disk.
Sequence MakeSequence(const Script& script, const Rules& rules,
                      bool on_disk = false);

// Runs the operation on the model. Returns whether it had an effect.
template <class P>
bool PlayTurn(Machine<LargeCaps, P>& machine, World<LargeCaps>& world,
              const Script& script, const Turn& turn) {
  bool effect = false;
  for (size_t i = turn.first; i < turn.end; ++i)
    effect = machine.Apply(script.events[i]) || effect;
  const Task& task = world.tasks[script.events[turn.first].task];
  if (task.live != 0 && task.op.verb != Verb::kNone) machine.Finish();
  return effect;
}

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_SEQUENCE_H_
