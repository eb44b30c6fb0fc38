#include "base/program.h"

#include <signal.h>

#include <exception>
#include <iostream>
#include <new>

#include "base/error.h"
#include "base/shown.h"
#include "base/stack.h"
#include "base/stop.h"
#include "base/streams.h"

namespace vmtrunc::base {
namespace {

// RunWithStack() hands nothing else on.
const char* g_name;
int (*g_program)(int, char**);

int RunAndTell(int argc, char** argv) {
  try {
    return g_program(argc, argv);
  } catch (const UsageError& error) {
    std::cerr << g_name << ": " << ShownInError(error.what) << "\n";
  } catch (const std::bad_alloc&) {
    std::cerr << g_name << ": out of memory\n";
  } catch (const std::exception& error) {
    std::cerr << g_name << ": " << ShownInError(error.what()) << "\n";
  }
  return kExitUsage;
}

}  // namespace

int RunProgram(const char* name, int (*program)(int, char**), int argc,
               char** argv) {
  HoldClosedStreams();
  ::signal(SIGXFSZ, SIG_IGN);  // EFBIG
  ::signal(SIGCHLD, SIG_DFL);  // ignored, an ended child is gone: ECHILD
  StopBeforeTheLimitOfTime(name);
  g_name = name;
  g_program = program;
  const int status = RunWithStack(RunAndTell, argc, argv);
  std::cout.flush();
  if (std::cout && CloseOutput() == 0) return status;
  // What a command has said of an error is not hidden by a signal.
  if (status != kExitUsage) EndWithoutReader();
  std::cerr << name << ": cannot write to standard output\n";
  return kExitUsage;
}

}  // namespace vmtrunc::base
