// The tasks of a script as processes that do one event at a time, as they are
// told over a socket; and how their mms look.
#ifndef VMTRUNC_LIVE_TASKS_H_
#define VMTRUNC_LIVE_TASKS_H_

#include <sys/types.h>

#include <array>
#include <string>

#include "live/process.h"

namespace vmtrunc {

// What one mm looks like, of the model or of the kernel.
struct View {
  std::string vmas;                         // a line a vma
  std::array<bool, kArenaPages> present{};  // a page is mapped there
};
std::string VmaLine(uint64_t start, uint64_t end, bool shared, bool write,
                    uint64_t pgoff);

// What a process is told, and what it answers.
struct Request {
  Event event;
  uint8_t size = 0;  // of the file: pages past it are not populated
  uint8_t value = 0;
};
struct Reply {
  int32_t pid = 0;  // of the forked process
  Touch touch = Touch::kNone;
  uint8_t value = 0;
};

// A system call that must not fail did.
struct LiveError {
  std::string what;
};

class LiveTasks {
 public:
  LiveTasks();
  ~LiveTasks();
  LiveTasks(const LiveTasks&) = delete;
  LiveTasks& operator=(const LiveTasks&) = delete;

  // Makes the file and the declared tasks. These throw LiveError.
  void Begin(const Setup& setup);
  void End();
  Reply Do(const Request& request);
  View Look(unsigned task);

 private:
  void Opened(unsigned task, pid_t pid);
  void Closed(size_t task);

  Place place_;
  std::array<int, kTasks> here_{}, there_{}, maps_{}, pagemap_{};
  std::array<pid_t, kTasks> pids_{};
};

}  // namespace vmtrunc

#endif  // VMTRUNC_LIVE_TASKS_H_
