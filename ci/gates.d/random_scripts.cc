// Random scripts as files in the byte form, for ci/same_as.
//
//   random_scripts COUNT DIR [SEED]    DIR/0/0, DIR/0/1, ...; 1000 a directory
//
// Of three, two are made so that things happen in them and one is of random
// bytes. Each names a kernel with up to three random rules flipped.
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "base/program.h"
#include "base/random.h"
#include "base/write.h"
#include "core/model/rules.h"
#include "core/script/script.h"
#include "search/make.h"

namespace vmtrunc {
namespace {

constexpr unsigned kEvents = 24;
constexpr uint64_t kDirectory = 1000;

KernelSpec RandomKernel(base::Random& random) {
  const auto below = [&](size_t n) {
    return random.Below(static_cast<unsigned>(n));
  };
  KernelSpec spec{.kernel = static_cast<uint8_t>(below(AllKernels().size()))};
  for (unsigned flips = random.Below(4); flips != 0; --flips)
    spec.flips.flip(below(AllRules().size()));
  return spec;
}

std::vector<uint8_t> RandomScript(base::Random& random) {
  std::vector<uint8_t> bytes;
  if (random.OneOf(3)) {
    bytes.resize(kHeaderBytes + kRecordBytes * (1 + random.Below(kEvents)));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Below(256));
  } else {
    bytes = EncodeBytes(search::MakeScript(random.Next(), kEvents));
  }
  SetKernel(RandomKernel(random),
            std::span(bytes).template first<kHeaderBytes>());
  return bytes;
}

// No file is replaced.
void Write(uint64_t count, const std::filesystem::path& dir, uint64_t seed) {
  base::Random random(seed);
  for (uint64_t i = 0; i < count; ++i) {
    const auto in = dir / std::to_string(i / kDirectory);
    if (i % kDirectory == 0) std::filesystem::create_directories(in);
    const std::vector<uint8_t> bytes = RandomScript(random);
    base::WriteNew((in / std::to_string(i % kDirectory)).string(),
                   {bytes.begin(), bytes.end()});
  }
}

int Main(int argc, char** argv) {
  uint64_t count = 0, seed = 1;
  if (argc < 3 || argc > 4 || !absl::SimpleAtoi(argv[1], &count) ||
      (argc == 4 && !absl::SimpleAtoi(argv[3], &seed))) {
    std::fprintf(stderr, "usage: random_scripts COUNT DIR [SEED]\n");
    return 2;
  }
  Write(count, argv[2], seed);
  return 0;
}

}  // namespace
}  // namespace vmtrunc

int main(int argc, char** argv) {
  return vmtrunc::base::RunProgram("random_scripts", vmtrunc::Main, argc, argv);
}
