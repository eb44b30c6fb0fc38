// Being told to stop: SIGINT, SIGTERM and SIGHUP end a command cleanly.
#ifndef VMTRUNC_BASE_STOP_H_
#define VMTRUNC_BASE_STOP_H_

#include <atomic>
#include <string>

namespace vmtrunc::base {

// True from the first of these signals on, which no longer end the process;
// SIGHUP only where it was not ignored (nohup). One flag for all calls; for the
// process's life. A command that was stopped says how far it came and exits
// with kExitRanOut.
const std::atomic<bool>& StopOnSignals();

// Whether one has come since StopOnSignals().
bool IsToldToStop();

// The same of a command that has nothing on disk yet: the first of these
// signals ends the process with kExitRanOut and this line. StopOnSignals()
// takes over before the command writes.
void EndOnSignals(const std::string& line);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_STOP_H_
