// How many scripts a second the properties take through rapidcheck, all in:
// generation, the file that keeps the script, the run with every property. And
// beside it rapidcheck's own state testing on a model of two commands.
#include <benchmark/benchmark.h>
#include <rapidcheck/state.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/program.h"
#include "core/run/run.h"
#include "properties/check.h"

namespace vmtrunc::bench {
namespace {

constexpr int kScripts = 2000;

void CountItems(benchmark::State& state) {
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kScripts);
}

rc::detail::TestParams Params(uint64_t seed) {
  rc::detail::TestParams params;
  params.seed = seed;
  params.maxSuccess = kScripts;
  return params;
}

// Every property of the model at once.
std::string NothingBreaks(const Script& script, const Rules& rules,
                          const Rules&) {
  const RunResult result = Run<LargeCaps>(script, rules, {.hash_state = false});
  return result.holds() ? "" : result.first.ToString();
}

void BM_Scripts(benchmark::State& state) {
  const properties::ScriptProperty property{"nothing-breaks", "nothing breaks",
                                            NothingBreaks, "", 0};
  const KernelSpec kernel = *ParseKernelSpec("2.6.38+pass-clears-restarts");
  std::string path = "/tmp/properties_bench.XXXXXX";
  const int file = ::mkstemp(path.data());
  if (file < 0) return state.SkipWithError("no temporary file");
  {
    properties::CurrentScript current(path);
    uint64_t seed = 0;
    for (auto _ : state) {
      properties::CheckParams params;
      params.rc = Params(++seed);
      const properties::CheckOutcome outcome =
          properties::Check(property, kernel, kernel, params, current);
      if (!outcome.holds) return state.SkipWithError("it broke");
    }
  }
  std::remove(path.c_str());
  CountItems(state);
}
BENCHMARK(BM_Scripts)->Unit(benchmark::kMillisecond);

struct Counter {
  int value = 0;
};

struct Increment : rc::state::Command<Counter, Counter> {
  void apply(Counter& model) const override { ++model.value; }
  void run(const Counter& model, Counter& counter) const override {
    RC_ASSERT(++counter.value == model.value + 1);
  }
};

struct Reset : rc::state::Command<Counter, Counter> {
  void apply(Counter& model) const override { model.value = 0; }
  void run(const Counter&, Counter& counter) const override {
    counter.value = 0;
  }
};

void BM_RapidcheckState(benchmark::State& state) {
  properties::QuietListener quiet;
  uint64_t seed = 0;
  for (auto _ : state) {
    const auto result = rc::detail::checkTestable(
        [] {
          Counter counter;
          rc::state::check(
              Counter{}, counter,
              rc::state::gen::execOneOfWithArgs<Increment, Reset>());
        },
        rc::detail::TestMetadata{}, Params(++seed), quiet);
    if (!result.is<rc::detail::SuccessResult>())
      return state.SkipWithError("it broke");
  }
  CountItems(state);
}
BENCHMARK(BM_RapidcheckState)->Unit(benchmark::kMillisecond);

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace vmtrunc::bench

int main(int argc, char** argv) {
  return vmtrunc::base::RunProgram("properties_bench", vmtrunc::bench::Main,
                                   argc, argv);
}
