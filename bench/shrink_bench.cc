// Shrinks random scripts that show a known bug, and says what comes of them:
// see ci/bench-shrink.
//
//   shrink_bench BUG [--starts N] [--seconds S] [--seed X] [--write DIR]
//
// A line a start: bug, seed, events before; then for each effort the events
// left, the scripts run, microseconds of processor time, and a number that two
// results share when they are the same script.
#include <CLI/CLI.hpp>
#include <ctime>
#include <fstream>
#include <iostream>

#include "absl/strings/str_format.h"
#include "core/about/bugs.h"
#include "fuzz/weave.h"
#include "search/make.h"
#include "search/shrink.h"

namespace vmtrunc::bench {
namespace {

struct Options {
  std::string bug, write;
  unsigned starts = 100;
  double seconds = 60;
  uint64_t seed = 1;
};

double Seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

const BugInfo* BugNamed(const std::string& name) {
  for (const BugInfo& bug : AllBugs())
    if (name == bug.name) return &bug;
  return nullptr;
}

// 64 to 256 events, by either generator.
Draft RandomStart(uint64_t seed, const Rules& rules) {
  base::Random random(seed);
  const unsigned events = random.Between(64, 256);
  Script script = random.OneOf(2)
                      ? search::MakeScript(random.Next(), events)
                      : fuzz::WeaveScript(random.Next(), events, rules);
  if (script.events.size() > kMaxEvents) script.events.resize(kMaxEvents);
  return {script.setup, std::move(script.events)};
}

void ShrinkIt(const Draft& draft, const Rules& rules,
              const search::Reason& reason, search::Effort effort) {
  const double start = Seconds();
  const search::Shrunk shrunk = search::Shrink(draft, rules, reason, effort);
  const double micros = 1e6 * (Seconds() - start);
  const std::string text = ToText(ScriptOf(shrunk.draft));
  std::cout << absl::StreamFormat(",%u,%u,%.0f,%016x", shrunk.cost.events,
                                  shrunk.evaluations, micros,
                                  HashBytes(text.data(), text.size()));
}

int Measure(const Options& o, const BugInfo& bug) {
  const KernelSpec kernel = WithBug(bug);
  const Rules rules = kernel.rules();
  const search::Reason reason{.property = bug.property,
                              .unlike = *ParseKernelSpec(bug.kernel)};
  const search::Shows shows(rules, reason);
  double searching = 0;
  unsigned found = 0;
  for (uint64_t seed = o.seed << 32; found < o.starts; ++seed) {
    const double start = Seconds();
    const Draft draft = RandomStart(seed, rules);
    const bool shown = draft.events.size() >= 64 && shows(draft);
    searching += Seconds() - start;
    if (searching > o.seconds) break;
    if (!shown) continue;
    ++found;
    if (!o.write.empty()) {
      Script script = ScriptOf(draft);
      const std::vector<uint8_t> bytes = EncodeBytes(script);
      std::ofstream out(absl::StrFormat("%s/%s-%u", o.write, bug.name, found),
                        std::ios::binary);
      out.write(reinterpret_cast<const char*>(bytes.data()),
                static_cast<std::streamsize>(bytes.size()));
    }
    std::cout << absl::StreamFormat("%s,%u,%u", bug.name, seed,
                                    draft.events.size());
    ShrinkIt(draft, rules, reason, search::Effort::kQuick);
    ShrinkIt(draft, rules, reason, search::Effort::kThorough);
    std::cout << std::endl;
  }
  return 0;
}

int Main(int argc, char** argv) {
  Options o;
  CLI::App app("Shrinks random scripts that show a known bug.");
  app.add_option("BUG", o.bug, "as vmtrunc bugs names it")->required();
  app.add_option("--starts", o.starts, "how many, 100 by default");
  app.add_option("--seconds", o.seconds,
                 "of processor time to look for them, 60 by default");
  app.add_option("--seed", o.seed, "1 by default");
  app.add_option("--write", o.write, "a directory for the starts, as bytes");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const BugInfo* bug = BugNamed(o.bug);
  if (bug == nullptr) {
    std::cerr << "shrink_bench: expected a known bug\n";
    return 2;
  }
  return Measure(o, *bug);
}

}  // namespace
}  // namespace vmtrunc::bench

int main(int argc, char** argv) { return vmtrunc::bench::Main(argc, argv); }
