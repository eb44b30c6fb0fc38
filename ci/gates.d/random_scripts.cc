// Random scripts as files in the byte form, for ci/same_as.
//
//   random_scripts COUNT DIR [SEED]    DIR/0/0, DIR/0/1, ...; 1000 a directory
//
// Of three, two are made so that things happen in them and one is of random
// bytes. Each names a kernel with up to three random rules flipped.
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/random.h"
#include "core/rules.h"
#include "core/script.h"
#include "search/make.h"

namespace vmtrunc {
namespace {

constexpr unsigned kEvents = 24;
constexpr uint64_t kDirectory = 1000;

KernelSpec RandomKernel(Random& random) {
  std::string text =
      AllKernels()[random.Below(static_cast<unsigned>(AllKernels().size()))]
          .name;
  for (unsigned flips = random.Below(4); flips != 0; --flips)
    text +=
        std::string(random.OneOf(2) ? "+" : "-") +
        AllRules()[random.Below(static_cast<unsigned>(AllRules().size()))].name;
  return *ParseKernelSpec(text);
}

std::vector<uint8_t> RandomScript(Random& random) {
  std::vector<uint8_t> bytes;
  if (random.OneOf(3)) {
    bytes.resize(kHeaderBytes + kRecordBytes * (1 + random.Below(kEvents)));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Below(256));
  } else {
    bytes = EncodeBytes(MakeScript(random.Next(), kEvents));
  }
  SetKernel(RandomKernel(random),
            std::span(bytes).template first<kHeaderBytes>());
  return bytes;
}

bool ToNumber(const char* text, uint64_t& number) {
  const char* const end = text + std::strlen(text);
  const auto read = std::from_chars(text, end, number);
  return read.ec == std::errc() && read.ptr == end;
}

int Write(uint64_t count, const std::filesystem::path& dir, uint64_t seed) {
  Random random(seed);
  for (uint64_t i = 0; i < count; ++i) {
    const auto in = dir / std::to_string(i / kDirectory);
    if (i % kDirectory == 0) std::filesystem::create_directories(in);
    const std::vector<uint8_t> bytes = RandomScript(random);
    std::ofstream file(in / std::to_string(i % kDirectory), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) {
      std::fprintf(stderr, "random_scripts: %s: cannot be written\n",
                   in.c_str());
      return 2;
    }
  }
  return 0;
}

}  // namespace
}  // namespace vmtrunc

int main(int argc, char** argv) {
  uint64_t count = 0, seed = 1;
  if (argc < 3 || argc > 4 || !vmtrunc::ToNumber(argv[1], count) ||
      (argc == 4 && !vmtrunc::ToNumber(argv[3], seed))) {
    std::fprintf(stderr, "usage: random_scripts COUNT DIR [SEED]\n");
    return 2;
  }
  return vmtrunc::Write(count, argv[2], seed);
}
