// How fast the model is, on the mixed script, and beside it the same operations
// as system calls of the running kernel. Run by ci/bench, which prints ratios.
//
//   model_bench corpus/bench/mixed.vmt
//   model_bench --inputs DIRECTORY    # writes inputs for fuzz targets instead:
//                                     # 32 events each, as mutated
#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "base/program.h"
#include "base/write.h"
#include "core/run/run.h"
#include "search/mutate.h"

namespace vmtrunc::bench {
namespace {

Script g_script;
Rules g_rules;

void CountEffects(benchmark::State& state, uint32_t effects) {
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * effects);
}

void BM_PropertiesOff(benchmark::State& state) {
  uint32_t effects = 0;
  for (auto _ : state) {
    const RunResult result = RunUnchecked<LargeCaps>(g_script, g_rules,
                                                     /*hash_state=*/false);
    benchmark::DoNotOptimize(effects = result.effects);
  }
  CountEffects(state, effects);
}
BENCHMARK(BM_PropertiesOff);

void BM_PropertiesOn(benchmark::State& state) {
  uint32_t effects = 0;
  for (auto _ : state) {
    const RunResult result =
        Run<LargeCaps>(g_script, g_rules, {.hash_state = false});
    benchmark::DoNotOptimize(effects = result.effects);
  }
  CountEffects(state, effects);
}
BENCHMARK(BM_PropertiesOn);

void BM_CopyWorld(benchmark::State& state) {
  World<LargeCaps> world = MakeWorld<LargeCaps>(g_script.setup, g_rules);
  World<LargeCaps> copy;
  for (auto _ : state) {
    copy = world;
    benchmark::DoNotOptimize(copy);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) *
                          static_cast<int64_t>(sizeof(world)));
}
BENCHMARK(BM_CopyWorld);

// The script's operations on a memfd. Each task has addresses of its own; what
// a forked task does beyond its birth and exit is left out, and so are touches
// past the end of the file.
class Live {
 public:
  Live() : page_(static_cast<size_t>(::sysconf(_SC_PAGESIZE))) {
    for (char*& base : bases_)
      base = static_cast<char*>(::mmap(nullptr, 256 * page_, PROT_NONE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  }

  // Returns the number of operations.
  int Play(const Script& script) {
    file_ = ::memfd_create("bench", MFD_CLOEXEC);
    size_ = script.setup.sizes[0];
    Resize();
    int count = 0;
    for (const Event& event : script.events) count += Apply(event) ? 1 : 0;
    for (char* base : bases_)
      ::mmap(base, 256 * page_, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    ::close(file_);
    return count;
  }

 private:
  void Resize() {
    if (::ftruncate(file_, static_cast<off_t>(size_ * page_)) != 0)
      std::perror("ftruncate");
  }

  bool Apply(const Event& e) {
    if (e.task >= 4) return false;
    char* at = bases_[e.task] + e.addr * page_;
    const int prot = PROT_READ | (e.write ? PROT_WRITE : 0);
    switch (e.verb) {
      case Verb::kMmap:
        ::mmap(at, e.len * page_, prot,
               MAP_FIXED | (e.is_private ? MAP_PRIVATE : MAP_SHARED), file_,
               static_cast<off_t>(e.pgoff * page_));
        for (unsigned i = 0; e.populate && i < e.len; ++i)
          if (e.pgoff + i < size_)
            benchmark::DoNotOptimize(
                *static_cast<volatile char*>(at + i * page_));
        return true;
      case Verb::kMunmap:
        return ::munmap(at, e.len * page_) == 0;
      case Verb::kMprotect:
        return ::mprotect(at, e.len * page_, prot) == 0;
      case Verb::kMremap:
        return ::mremap(at, e.len * page_, e.new_len * page_,
                        MREMAP_MAYMOVE | MREMAP_FIXED,
                        bases_[e.task] + e.new_addr * page_) != MAP_FAILED;
      case Verb::kFork: {
        const pid_t child = ::fork();
        if (child == 0) ::_exit(0);
        return ::waitpid(child, nullptr, 0) == child;
      }
      case Verb::kTruncate:
        size_ = e.addr;
        Resize();
        return true;
      default:
        return false;  // touches: the pages of populate are touched above
    }
  }

  size_t page_;
  size_t size_ = 0;
  int file_ = -1;
  char* bases_[4];
};

void BM_RunningKernel(benchmark::State& state) {
  Live live;
  int count = 0;
  for (auto _ : state) count = live.Play(g_script);
  CountEffects(state, static_cast<uint32_t>(count));
}
BENCHMARK(BM_RunningKernel)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace vmtrunc::bench

namespace vmtrunc::bench {
namespace {

int WriteInputs(const std::string& directory) {
  constexpr unsigned kInputs = 128;
  constexpr size_t kEvents = 32;
  for (unsigned i = 0; i < kInputs; ++i) {
    base::Random random(i);
    Script script = search::RandomSetup(random);
    while (script.events.size() < kEvents)
      search::Mutate(script, kEvents, random);
    const std::vector<uint8_t> bytes = EncodeBytes(script);
    base::WriteNew(directory + "/" + std::to_string(i),
                   {bytes.begin(), bytes.end()});
  }
  return 0;
}

int Main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "--inputs")
    return WriteInputs(argv[2]);
  benchmark::Initialize(&argc, argv);
  if (argc != 2) {
    std::fprintf(stderr, "model_bench: expected SCRIPT\n");
    return 2;
  }
  std::ifstream in(argv[1]);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  auto script = ParseText(text);
  if (!script.ok()) {
    std::fprintf(stderr, "%s:%s\n", argv[1],
                 std::string(script.status().message()).c_str());
    return 2;
  }
  g_script = *std::move(script);
  g_rules = ParseKernelSpec("2.6.11")->rules();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace vmtrunc::bench

int main(int argc, char** argv) {
  return vmtrunc::base::RunProgram("model_bench", vmtrunc::bench::Main, argc,
                                   argv);
}
