// The vmtrunc command.
#include <signal.h>

#include <iostream>
#include <new>

#include "absl/strings/str_format.h"
#include "base/shown.h"
#include "base/streams.h"
#include "cli/commands.h"
#include "cli/complete.h"
#include "cli/input.h"
#include "core/build_id.h"
#include "core/version.h"

namespace vmtrunc {
namespace {

std::string Versions() {
  return absl::StrFormat(
      "vmtrunc %s\nscripts: text form %d, byte form %d\nkernels: form %d\n"
      "output: JSON %d, "
      "abstract states %d, checkpoints %d\nmodel: build %s",
      VMTRUNC_VERSION, kTextVersion, kBytesVersion, kKernelVersion,
      kJsonVersion, kAbstractVersion, kCheckpointVersion, BuildId());
}

// A value that is not there by mistake, as of a variable that is not set, would
// be taken for an option that is not given.
void RefuseEmptyValues(CLI::App& app) {
  for (CLI::App* const sub :
       app.get_subcommands([](CLI::App*) { return true; }))
    for (CLI::Option* const option : sub->get_options())
      if (option->get_items_expected_max() > 0) option->check(kNotEmpty);
}

}  // namespace
}  // namespace vmtrunc

int main(int argc, char** argv) {
  vmtrunc::HoldClosedStreams();
  ::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error: EFBIG
  CLI::App app(
      "Finds the interleavings that leave a page mapped past the end of a "
      "file.\nExit status: 0 held, 1 a property was broken, 2 bad usage or "
      "input, 3 a search ran out.");
  app.name("vmtrunc");
  app.set_version_flag("--version", vmtrunc::Versions());
  app.require_subcommand(1);
  vmtrunc::Command command;
  vmtrunc::AddRun(app, command);
  vmtrunc::AddCheck(app, command);
  vmtrunc::AddExplain(app, command);
  vmtrunc::AddFuzz(app, command);
  vmtrunc::AddCampaign(app, command);
  vmtrunc::AddProve(app, command);
  vmtrunc::AddMatrix(app, command);
  vmtrunc::AddShrink(app, command);
  vmtrunc::AddDistill(app, command);
  vmtrunc::AddCoverage(app, command);
  vmtrunc::AddDiff(app, command);
  vmtrunc::AddExport(app, command);
  vmtrunc::AddLive(app, command);
  vmtrunc::AddBugs(app, command);
  vmtrunc::AddFormat(app, command);
  vmtrunc::AddKernels(app, command);
  vmtrunc::AddRules(app, command);
  vmtrunc::AddCompletion(app, command);
  vmtrunc::AddMan(app, command);
  vmtrunc::RefuseEmptyValues(app);
  try {
    if (argc > 1 && argv[1] == vmtrunc::kCompleteWord) {
      std::cout << vmtrunc::Complete(app, {argv + 2, argv + argc});
      return vmtrunc::kExitHeld;
    }
    vmtrunc::ExpectCommand(app, argc, argv);
    app.parse(argc, argv);
    const int status = command();
    std::cout.flush();
    if (!std::cout) {
      std::cerr << "vmtrunc: cannot write to standard output\n";
      return vmtrunc::kExitUsage;
    }
    return status;
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::Error& error) {
    std::cerr << "vmtrunc: " << vmtrunc::Shown(error.what())
              << " (see --help)\n";
    return vmtrunc::kExitUsage;
  } catch (const std::bad_alloc&) {
    std::cerr << "vmtrunc: out of memory\n";
    return vmtrunc::kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << "vmtrunc: " << vmtrunc::Shown(error.what()) << "\n";
    return vmtrunc::kExitUsage;
  } catch (const vmtrunc::UsageError& error) {
    std::cerr << "vmtrunc: " << vmtrunc::Shown(error.what) << "\n";
    return vmtrunc::kExitUsage;
  }
}
