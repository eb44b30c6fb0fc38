// vmtrunc live --threads: its options and output.
#ifndef VMTRUNC_CLI_LIVE_THREADS_H_
#define VMTRUNC_CLI_LIVE_THREADS_H_

#include <CLI/CLI.hpp>
#include <string>

#include "live/race.h"
#include "live/rounds.h"

namespace vmtrunc::cli {

struct ThreadsOptions {
  bool on = false;
  bool json = false;
  std::string script;   // a file, or "" for random ones
  live::Dealt dealt;    // of the script
  std::string pattern;  // a name, or "": scripts are raced
  std::string plant, out = "live-threads.vmt";
  bool is_out_given = false;
  live::RaceOptions race;
};

// `kernel` is an option that excludes --threads.
void AddThreadsOptions(CLI::App& sub, CLI::Option& kernel,
                       ThreadsOptions& options);

// A line of what the script says and a running kernel has no use for.
void PrintIgnored(const Script& script);

// Returns the exit status. Throws LiveError and UsageError.
int RunThreads(const ThreadsOptions& options);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_LIVE_THREADS_H_
