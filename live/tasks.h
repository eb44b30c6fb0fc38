// The tasks of a script as processes that run one event at a time, on requests
// over a socket; and views of their mms.
#ifndef VMTRUNC_LIVE_TASKS_H_
#define VMTRUNC_LIVE_TASKS_H_

#include <sys/types.h>

#include <array>
#include <atomic>
#include <string>

#include "live/pins.h"
#include "live/process.h"

namespace vmtrunc::live {

// The state of one mm, of the model or of the kernel.
struct View {
  std::string vmas;                         // a line a vma
  std::array<bool, kArenaPages> present{};  // a page is mapped there
};

// The initial value of a file's page.
constexpr uint8_t FirstValue(unsigned file, unsigned page) {
  return static_cast<uint8_t>(1 + file * LargeCaps::kFilePages + page);
}

// A request to a process, and its reply.
struct Request {
  Event event;
  uint8_t size = 0;  // of the file: pages past it are not populated
  uint8_t value = 0;
  bool last = false;  // for exit: it is the last task of the mm
};
struct Reply {
  int32_t pid = 0;       // of the forked process
  int32_t error = 0;     // of the system call
  bool refused = false;  // by this machine, not because of the mappings
  Touch touch = Touch::kNone;
  uint8_t value = 0;
};

// The script cannot be played on this machine: `what` is a whole line.
struct LiveError {
  std::string what;
};

// The user stopped it while a task did not reply.
struct LiveStopped {};

class LiveTasks {
 public:
  // `dir`: of files with large folios that are not of tmpfs, or "".
  explicit LiveTasks(const std::atomic<bool>& stop, std::string dir = "");
  ~LiveTasks();
  LiveTasks(const LiveTasks&) = delete;
  LiveTasks& operator=(const LiveTasks&) = delete;

  // Creates the files and the declared tasks: tasks in one mm are threads of
  // one process. These throw LiveError, and LiveStopped once `stop` is true.
  void Begin(const Setup& setup);
  void End();
  Reply Do(const Request& request);
  View Look(unsigned task);

 private:
  void MakeFile(unsigned file, unsigned pages, const FolioSetup& folios);
  int Open(const FolioSetup& folios);
  int OpenOnTmpfs();
  void LookAtDisk(int file, unsigned pages, const FolioSetup& folios);
  Reply DoPin(const Event& event);
  void StartMm(const Setup& setup, unsigned first);
  Reply Answer(size_t task);
  void Opened(unsigned task, pid_t pid);
  void Closed(size_t task);
  void Forget(size_t task);

  const std::atomic<bool>& stop_;
  const std::string dir_;
  bool looked_at_ = false;  // at the directory
  Arena place_;
  std::array<uint64_t, 2> inodes_{};
  Pins pins_;
  int tmpfs_ = -1;  // a mount with large folios, once there was such a file
  std::array<int, kTasks> here_{}, there_{}, maps_{}, pagemap_{};
  std::array<pid_t, kTasks> pids_{};
};

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_TASKS_H_
