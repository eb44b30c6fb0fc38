// The subcommands. Each adds itself to the command line and sets `run` to a
// function that returns the exit status.
#ifndef VMTRUNC_CLI_COMMANDS_H_
#define VMTRUNC_CLI_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <functional>

namespace vmtrunc::cli {

using Command = std::function<int()>;

void AddRun(CLI::App& app, Command& run);
void AddCheck(CLI::App& app, Command& run);
void AddFormat(CLI::App& app, Command& run);
void AddKernels(CLI::App& app, Command& run);
void AddRules(CLI::App& app, Command& run);
void AddProperties(CLI::App& app, Command& run);
void AddBugs(CLI::App& app, Command& run);
void AddLive(CLI::App& app, Command& run);
void AddFuzz(CLI::App& app, Command& run);
void AddCampaign(CLI::App& app, Command& run);
void AddProve(CLI::App& app, Command& run);
void AddMatrix(CLI::App& app, Command& run);
void AddCoverage(CLI::App& app, Command& run);
void AddDistill(CLI::App& app, Command& run);
void AddShrink(CLI::App& app, Command& run);
void AddDiff(CLI::App& app, Command& run);
void AddExplain(CLI::App& app, Command& run);
void AddStep(CLI::App& app, Command& run);
void AddExport(CLI::App& app, Command& run);
void AddCompletion(CLI::App& app, Command& run);
void AddMan(CLI::App& app, Command& run);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_COMMANDS_H_
