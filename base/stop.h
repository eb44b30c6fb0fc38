// Requests to stop: SIGINT, SIGTERM, SIGHUP and a limit of processor time end a
// command cleanly.
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

// Does the same a little before the limit of processor time (ulimit -t) would
// kill the process, after a line that begins with `name`; a command that has
// called neither function ends with kExitRanOut. A child without exec() gets
// the handler of SIGXCPU, not the timer.
void StopBeforeTheLimitOfTime(const char* name);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_STOP_H_
