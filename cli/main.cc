// The vmtrunc command.
#include <iostream>
#include <new>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/program.h"
#include "base/shown.h"
#include "cli/commands.h"
#include "cli/complete.h"
#include "cli/input.h"
#include "cli/words.h"
#include "core/build_id.h"
#include "core/version.h"

namespace vmtrunc::cli {
namespace {

std::string Versions() {
  return absl::StrFormat(
      "vmtrunc %s\nscripts: text form %d, byte form %d\nkernels: form %d\n"
      "output: JSON %d, "
      "abstract states %d, checkpoints %d\nmodel: build %s",
      VMTRUNC_VERSION, kTextVersion, kBytesVersion, kKernelVersion,
      kJsonVersion, kAbstractVersion, kCheckpointVersion, BuildId());
}

// The words that nothing takes, in the order in which they were given. CLI11
// has them in another one, and with the -- that ends the options.
std::string LeftOver(const CLI::App& app, int argc, const char* const* argv) {
  const std::vector<std::string> left = app.remaining(/*recurse=*/true);
  std::multiset<std::string> to_tell(left.begin(), left.end());
  to_tell.erase("--");
  std::string words;
  for (int i = 1; i < argc; ++i)
    if (const auto at = to_tell.find(argv[i]); at != to_tell.end()) {
      absl::StrAppend(&words, words.empty() ? "" : " ", base::Shown(*at));
      to_tell.erase(at);
    }
  return words.empty() ? "--" : words;
}

int Main(int argc, char** argv) {
  CLI::App app(
      "Finds the interleavings that leave a page mapped past the end of a "
      "file.\nExit status: 0 holds, 1 a property is violated, 2 bad usage or "
      "input, 3 a search ran out.");
  app.name("vmtrunc");
  app.set_version_flag("--version", Versions());
  app.require_subcommand(1);
  Command command;
  AddRun(app, command);
  AddCheck(app, command);
  AddExplain(app, command);
  AddStep(app, command);
  AddFuzz(app, command);
  AddCampaign(app, command);
  AddProve(app, command);
  AddMatrix(app, command);
  AddShrink(app, command);
  AddDistill(app, command);
  AddCoverage(app, command);
  AddDiff(app, command);
  AddExport(app, command);
  AddLive(app, command);
  AddBugs(app, command);
  AddFormat(app, command);
  AddKernels(app, command);
  AddRules(app, command);
  AddProperties(app, command);
  AddCompletion(app, command);
  AddMan(app, command);
  for (CLI::App* const sub :
       app.get_subcommands([](CLI::App*) { return true; }))
    CheckValues(*sub);
  try {
    if (argc > 1 && argv[1] == kCompleteWord) {
      std::cout << Complete(app, {argv + 2, argv + argc});
      return base::kExitHeld;
    }
    ExpectCommand(app, argc, argv);
    app.parse(WordsToParse(app, argc, argv));
    const int status = command();
    TellIgnored("vmtrunc");
    return status;
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ExtrasError&) {
    std::cerr << "vmtrunc: not expected: " << LeftOver(app, argc, argv)
              << " (see --help)\n";
    return base::kExitUsage;
  } catch (const CLI::RequiredError& error) {
    // It may be missing as this word was to be it: -x.vmt, --kernell.
    const std::string left = LeftOver(app, argc, argv);
    std::cerr << "vmtrunc: "
              << (left == "--" ? base::ShownInError(error.what())
                               : "not expected: " + left)
              << " (see --help)\n";
    return base::kExitUsage;
  } catch (const CLI::Error& error) {
    std::cerr << "vmtrunc: " << base::ShownInError(error.what())
              << " (see --help)\n";
    return base::kExitUsage;
  } catch (const base::UsageError& error) {
    throw base::UsageError{WithIgnored(error.what)};
  }
}

}  // namespace
}  // namespace vmtrunc::cli

int main(int argc, char** argv) {
  return vmtrunc::base::RunProgram("vmtrunc", vmtrunc::cli::Main, argc, argv);
}
