// Requests to stop: SIGINT, SIGTERM and SIGHUP end a command cleanly.
#ifndef VMTRUNC_BASE_STOP_H_
#define VMTRUNC_BASE_STOP_H_

#include <atomic>
#include <string>

namespace vmtrunc::base {

// True after the first of these signals, which no longer end the process;
// SIGHUP only if it was not ignored (nohup). All calls share one flag, for the
// life of the process. A command that was stopped prints how far it got and
// exits with kExitRanOut.
const std::atomic<bool>& StopOnSignals();

// Whether one has arrived since StopOnSignals().
bool IsToldToStop();

// The same for a command that has nothing on disk yet: the first of these
// signals ends the process with kExitRanOut and this line. Call StopOnSignals()
// before writing.
void EndOnSignals(const std::string& line);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_STOP_H_
