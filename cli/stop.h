// Being told to stop: SIGINT and SIGTERM end a command cleanly.
#ifndef VMTRUNC_CLI_STOP_H_
#define VMTRUNC_CLI_STOP_H_

#include <atomic>
#include <csignal>
#include <initializer_list>

namespace vmtrunc {

// True from the first of the `signals` on, which no longer end the process. One
// flag for all calls; for the process's life.
const std::atomic<bool>& StopOn(std::initializer_list<int> signals = {SIGINT,
                                                                      SIGTERM});

}  // namespace vmtrunc

#endif  // VMTRUNC_CLI_STOP_H_
