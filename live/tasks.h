// The tasks of a script as processes that do one event at a time, as they are
// told over a socket; and how their mms look.
#ifndef VMTRUNC_LIVE_TASKS_H_
#define VMTRUNC_LIVE_TASKS_H_

#include <sys/types.h>

#include <array>
#include <atomic>
#include <string>

#include "live/process.h"

namespace vmtrunc::live {

// What one mm looks like, of the model or of the kernel.
struct View {
  std::string vmas;                         // a line a vma
  std::array<bool, kArenaPages> present{};  // a page is mapped there
};

// What the page of a file holds at the start.
constexpr uint8_t FirstValue(unsigned file, unsigned page) {
  return static_cast<uint8_t>(1 + file * LargeCaps::kFilePages + page);
}

// What a process is asked, and what it answers.
struct Request {
  Event event;
  uint8_t size = 0;  // of the file: pages past it are not populated
  uint8_t value = 0;
  bool last = false;  // an exit: no other task runs in the mm
};
struct Reply {
  int32_t pid = 0;       // of the forked process
  int32_t error = 0;     // of the system call
  bool refused = false;  // by this machine, not for what is mapped where
  Touch touch = Touch::kNone;
  uint8_t value = 0;
};

// It cannot be played on this machine, and why: `what` is a whole line.
struct LiveError {
  std::string what;
};

// The user has told it to stop while a task did not answer.
struct LiveStopped {};

class LiveTasks {
 public:
  explicit LiveTasks(const std::atomic<bool>& stop);
  ~LiveTasks();
  LiveTasks(const LiveTasks&) = delete;
  LiveTasks& operator=(const LiveTasks&) = delete;

  // Makes the files and the declared tasks: tasks in one mm are threads of one
  // process. These throw LiveError, and LiveStopped once `stop` is true.
  void Begin(const Setup& setup);
  void End();
  Reply Do(const Request& request);
  View Look(unsigned task);

 private:
  void MakeFile(unsigned file, unsigned pages);
  void StartMm(const Setup& setup, unsigned first);
  Reply Answer(size_t task);
  void Opened(unsigned task, pid_t pid);
  void Closed(size_t task);
  void Forget(size_t task);

  const std::atomic<bool>& stop_;
  Arena place_;
  std::array<uint64_t, 2> inodes_{};
  std::array<int, kTasks> here_{}, there_{}, maps_{}, pagemap_{};
  std::array<pid_t, kTasks> pids_{};
};

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_TASKS_H_
