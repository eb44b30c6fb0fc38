// Whether the memory of the fuzz target grows: runs it millions of times and
// compares what is resident after the first tenth and at the end.
//
//   memory_growth EXECUTIONS FILE... [--plant]   # scripts in text
//
// Each execution is a script with two of its bytes changed, by a count and not
// by chance. --plant loses 16 bytes each 64th time, so that the check is seen
// to fire. Exit status: 0 it has not grown, 1 it has, 2 bad usage or input.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/script/script.h"
#include "fuzz/status.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// The target has a mutator for libFuzzer, which calls this. Nothing mutates.
extern "C" size_t LLVMFuzzerMutate(uint8_t*, size_t size, size_t) {
  return size;
}

namespace {

// More than what an allocator moves to and fro, less than a byte lost in each
// tenth execution of ten million.
constexpr long kAllowedKiB = 512;

long ResidentKiB() {
  long pages = 0;
  if (std::FILE* const file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * ::sysconf(_SC_PAGESIZE) / 1024;
}

std::vector<uint8_t> Read(const char* path) {
  std::ifstream file(path);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  const auto script = vmtrunc::ParseText(content);
  if (!script.ok()) {
    std::fprintf(stderr, "memory_growth: %s: expected a script\n", path);
    std::exit(2);
  }
  return vmtrunc::EncodeBytes(*script);
}

}  // namespace

int main(int argc, char** argv) {
  const bool plant = argc > 1 && std::strcmp(argv[argc - 1], "--plant") == 0;
  const int files = argc - (plant ? 1 : 0);
  const long long executions = argc > 1 ? std::atoll(argv[1]) : 0;
  if (files < 3 || executions < 100) {
    std::fprintf(stderr, "usage: memory_growth EXECUTIONS FILE... [--plant]\n");
    return 2;
  }
  // A kernel and a property that nothing breaks: a violation would stop it.
  ::setenv(vmtrunc::fuzz::kKernelVariable, "2.6.11", 1);
  ::setenv(vmtrunc::fuzz::kPropertyVariable, "lock-order", 1);
  std::vector<std::vector<uint8_t>> scripts;
  for (int i = 2; i < files; ++i) scripts.push_back(Read(argv[i]));
  long early = 0;
  std::vector<uint8_t> bytes;
  for (long long i = 0; i < executions; ++i) {
    bytes = scripts[static_cast<size_t>(i) % scripts.size()];
    // Two bytes after the header.
    const size_t room = bytes.size() - vmtrunc::kHeaderBytes;
    const uint64_t at = static_cast<uint64_t>(i) * 0x9e3779b97f4a7c15U >> 20;
    bytes[vmtrunc::kHeaderBytes + at % room] ^= static_cast<uint8_t>(i >> 3);
    bytes[vmtrunc::kHeaderBytes + (at >> 9) % room] ^=
        static_cast<uint8_t>(i >> 7);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    if (plant && i % 64 == 0) *static_cast<volatile char*>(std::malloc(16)) = 1;
    if (i + 1 == executions / 10) early = ResidentKiB();
  }
  const long late = ResidentKiB();
  std::printf(
      "%lld executions: %ld KiB resident after a tenth, %ld at the "
      "end\n",
      executions, early, late);
  if (std::fclose(stdout) != 0) {
    std::fprintf(stderr, "memory_growth: cannot write to standard output\n");
    return 2;
  }
  return late - early > kAllowedKiB ? 1 : 0;
}
