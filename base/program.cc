#include "base/program.h"

#include <signal.h>

#include <iostream>

#include "base/error.h"
#include "base/stack.h"
#include "base/stop.h"
#include "base/streams.h"

namespace vmtrunc::base {

int RunProgram(const char* name, int (*program)(int, char**), int argc,
               char** argv) {
  HoldClosedStreams();
  ::signal(SIGXFSZ, SIG_IGN);  // EFBIG
  ::signal(SIGCHLD, SIG_DFL);  // ignored, an ended child is gone: ECHILD
  StopBeforeTheLimitOfTime(name);
  const int status = RunWithStack(program, argc, argv);
  std::cout.flush();
  if (std::cout && CloseOutput() == 0) return status;
  // What a command has said of an error is not hidden by a signal.
  if (status != kExitUsage) EndWithoutReader();
  std::cerr << name << ": cannot write to standard output\n";
  return kExitUsage;
}

}  // namespace vmtrunc::base
