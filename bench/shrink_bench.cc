// Shrinks random scripts that show a known bug, and says what comes of them:
// see ci/bench-shrink.
//
//   shrink_bench BUG [--starts N] [--seconds S] [--seed X] [--write DIR]
//                [--seeds N,...] [--efforts E,...]
//   shrink_bench BUG --judge
//
// A line a start: bug, seed, events before; then for each effort the events
// left, the scripts run, microseconds of processor time, and a number that two
// results share when they are the same script. --judge answers scripts on
// standard input, each after its size in two bytes, by 1 where they show the
// bug and by 0 where they do not: for shrinkers that are not ours.
#include <CLI/CLI.hpp>
#include <ctime>
#include <iostream>
#include <optional>

#include "absl/strings/str_format.h"
#include "base/program.h"
#include "base/write.h"
#include "core/about/bugs.h"
#include "fuzz/weave.h"
#include "search/make.h"
#include "search/shrink.h"

namespace vmtrunc::bench {
namespace {

struct Options {
  std::string bug, write;
  std::vector<std::string> efforts = {"quick", "default", "thorough"};
  std::vector<uint64_t> seeds;  // of starts that are known; else it looks
  unsigned starts = 100;
  double seconds = 60;
  uint64_t seed = 1;
  bool judge = false;
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

search::Effort EffortNamed(const std::string& name) {
  return name == "quick"     ? search::Effort::kQuick
         : name == "default" ? search::Effort::kDefault
                             : search::Effort::kThorough;
}

void ShrinkIt(const Draft& draft, const Rules& rules,
              const search::Reason& reason, const std::string& effort) {
  const double start = Seconds();
  const search::Shrunk shrunk =
      search::Shrink(draft, rules, reason, EffortNamed(effort));
  const double micros = 1e6 * (Seconds() - start);
  const std::string text = ToText(ScriptOf(shrunk.draft));
  std::cout << absl::StreamFormat(",%u,%u,%.0f,%016x", shrunk.cost.events,
                                  shrunk.evaluations, micros,
                                  HashBytes(text.data(), text.size()));
}

// The next seed of a start that shows the bug, from `seed` on; or none in the
// time that is left.
std::optional<uint64_t> NextStart(const search::Shows& shows,
                                  const Rules& rules, uint64_t seed,
                                  double& left) {
  for (;; ++seed) {
    const double start = Seconds();
    const Draft draft = RandomStart(seed, rules);
    const bool shown = draft.events.size() >= 64 && shows(draft);
    left -= Seconds() - start;
    if (left < 0) return std::nullopt;
    if (shown) return seed;
  }
}

void Write(const Options& o, const Draft& draft, unsigned number) {
  const Script script = ScriptOf(draft);
  const std::vector<uint8_t> bytes = EncodeBytes(script);
  base::WriteNew(absl::StrFormat("%s/%s-%u", o.write, o.bug, number),
                 {bytes.begin(), bytes.end()});
}

int JudgeInput(const search::Shows& shows) {
  std::vector<uint8_t> bytes;
  for (char size[2]; std::cin.read(size, sizeof(size));) {
    bytes.resize(static_cast<uint8_t>(size[0]) |
                 static_cast<size_t>(static_cast<uint8_t>(size[1])) << 8);
    if (!std::cin.read(reinterpret_cast<char*>(bytes.data()),
                       static_cast<std::streamsize>(bytes.size())))
      break;
    std::cout << (shows(DecodeBytes(bytes)) ? '1' : '0') << std::flush;
  }
  return 0;
}

int Measure(const Options& o, const BugInfo& bug) {
  const KernelSpec kernel = WithBug(bug);
  const Rules rules = kernel.rules();
  const search::Reason reason{.property = bug.property,
                              .unlike = *ParseKernelSpec(bug.kernel)};
  const search::Shows shows(rules, reason);
  if (o.judge) return JudgeInput(shows);
  double left = o.seconds;
  const size_t most = o.seeds.empty() ? o.starts : o.seeds.size();
  uint64_t seed = o.seed << 32;
  for (unsigned found = 0; found < most; ++found, ++seed) {
    const std::optional<uint64_t> next =
        o.seeds.empty() ? NextStart(shows, rules, seed, left) : o.seeds[found];
    if (!next) break;
    seed = *next;
    const Draft draft = RandomStart(seed, rules);
    if (!o.write.empty()) Write(o, draft, found + 1);
    std::cout << absl::StreamFormat("%s,%u,%u", bug.name, seed,
                                    draft.events.size());
    for (const std::string& effort : o.efforts)
      ShrinkIt(draft, rules, reason, effort);
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
  app.add_option(
      "--write", o.write,
      "a directory for the starts, as bytes; a file there is not replaced");
  app.add_option("--seeds", o.seeds, "of known starts, instead of looking")
      ->delimiter(',');
  app.add_option("--efforts", o.efforts, "all by default")
      ->delimiter(',')
      ->check(CLI::IsMember({"quick", "default", "thorough"}));
  app.add_flag("--judge", o.judge, "answers scripts on standard input");
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

int main(int argc, char** argv) {
  return vmtrunc::base::RunProgram("shrink_bench", vmtrunc::bench::Main, argc,
                                   argv);
}
