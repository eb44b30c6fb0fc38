// Random scripts of one narrow shape: two mappings of one mm, a truncate that
// drops its lock twice, and a mremap in each drop. It was the first to find
// HB-15, whose script needs two restart addresses that are equal by accident.
//
//   move_search [SEED [SECONDS [KERNEL [UNLIKE]]]]
//
// Prints the first script that leaves a page past the end on KERNEL and breaks
// nothing on UNLIKE, shrunk. Exit status: 1 found, 0 not found, 2 bad usage.
#include <chrono>
#include <iostream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "base/program.h"
#include "core/run/run.h"
#include "search/mutate.h"
#include "search/shrink.h"

namespace vmtrunc::bench {
namespace {

Event Of(EventKind kind, Verb verb, uint8_t task) {
  Event event;
  event.kind = kind;
  event.verb = verb;
  event.task = task;
  return event;
}

uint8_t Between(base::Random& random, unsigned from, unsigned to) {
  return static_cast<uint8_t>(random.Between(from, to));
}

Script RandomMoves(base::Random& random) {
  Script script = EmptyScript();
  script.setup.tasks = 2;
  script.setup.sizes[0] = 10;
  for (const unsigned addr :
       {Between(random, 10, 19), Between(random, 20, 23)}) {
    Event mmap = Of(EventKind::kStart, Verb::kMmap, 0);
    mmap.addr = static_cast<uint8_t>(addr);
    mmap.len = Between(random, 1, 6);
    mmap.pgoff = Between(random, 0, 3);
    mmap.write = true;
    mmap.populate = true;
    script.events.push_back(mmap);
  }
  Event truncate = Of(EventKind::kBegin, Verb::kTruncate, 1);
  truncate.addr = Between(random, 1, 6);
  script.events.push_back(truncate);
  for (int drops = 0; drops < 2; ++drops) {
    Event drop = Of(EventKind::kDrop, Verb::kNone, 1);
    drop.count = Between(random, 1, 4);
    script.events.push_back(drop);
    Event mremap = Of(EventKind::kStart, Verb::kMremap, 0);
    mremap.addr = Between(random, 10, 25);
    mremap.len = mremap.new_len = Between(random, 1, 6);
    mremap.new_addr = Between(random, 10, 19);
    script.events.push_back(mremap);
  }
  script.events.push_back(Of(EventKind::kFinish, Verb::kNone, 1));
  return script;
}

int Search(uint64_t seed, double seconds, const KernelSpec& kernel,
           const KernelSpec& unlike) {
  const Rules rules = kernel.rules();
  const Rules unlike_rules = unlike.rules();
  const search::Reason reason{.property = Property::kNoPagePastSize,
                              .unlike = unlike};
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         start)
        .count();
  };
  base::Random random(seed);
  for (uint64_t scripts = 1; scripts % 4096 != 0 || elapsed() < seconds;
       ++scripts) {
    const Script script = RandomMoves(random);
    if (!Run(script, rules).breaks(Property::kNoPagePastSize) ||
        !Run(script, unlike_rules).holds())
      continue;
    std::cout << absl::StreamFormat("# script %d of seed %d, after %.1f s\n",
                                    scripts, seed, elapsed())
              << ToText(search::Shrink(script, rules, reason));
    return 1;
  }
  std::cout << absl::StreamFormat("nothing found in %.0f s\n", elapsed());
  return 0;
}

int Main(int argc, char** argv) {
  uint64_t seed = 1;
  double seconds = 60;
  const auto kernel = ParseKernelSpec(argc > 3 ? argv[3] : "2.6.11");
  const auto unlike =
      ParseKernelSpec(argc > 4 ? argv[4] : "2.6.11+mremap-always-resets");
  if (argc > 5 || (argc > 1 && !absl::SimpleAtoi(argv[1], &seed)) ||
      (argc > 2 && !absl::SimpleAtod(argv[2], &seconds)) || !kernel.ok() ||
      !unlike.ok()) {
    std::cerr << "move_search: expected [SEED [SECONDS [KERNEL [UNLIKE]]]]\n";
    return 2;
  }
  return Search(seed, seconds, *kernel, *unlike);
}

}  // namespace
}  // namespace vmtrunc::bench

int main(int argc, char** argv) {
  return vmtrunc::base::RunProgram("move_search", vmtrunc::bench::Main, argc,
                                   argv);
}
