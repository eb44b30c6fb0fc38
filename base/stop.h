// Being told to stop: SIGINT, SIGTERM and SIGHUP end a command cleanly.
#ifndef VMTRUNC_BASE_STOP_H_
#define VMTRUNC_BASE_STOP_H_

#include <atomic>

namespace vmtrunc {

// True from the first of these signals on, which no longer end the process;
// SIGHUP only where it was not ignored (nohup). One flag for all calls; for the
// process's life. A command that was stopped says how far it came and exits
// with kExitRanOut.
const std::atomic<bool>& StopOnSignals();

}  // namespace vmtrunc

#endif  // VMTRUNC_BASE_STOP_H_
