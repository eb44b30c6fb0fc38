#include "fuzz/mutate_bytes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/script/script.h"

namespace vmtrunc::fuzz {
namespace {

constexpr size_t kRoom = kHeaderBytes + 12 * kRecordBytes;

Rules SomeRules() { return ParseKernelSpec("2.6.9-mm")->rules(); }

TEST(ByteMutator, IsDeterministicInItsSeedAndStaysInTheBuffer) {
  const ByteMutator mutator(SomeRules(), nullptr);
  base::Random random(3);
  std::vector<uint8_t> bytes;
  std::vector<uint8_t> before;
  std::set<std::string> results;
  for (int i = 0; i < 2000; ++i) {
    const uint64_t seed = random.Next();
    const auto change = [&] {
      std::vector<uint8_t> copy = bytes;
      copy.resize(kRoom, 0xaa);
      copy.resize(
          i % 4 == 3
              ? mutator.CrossOver(bytes, before, copy.data(), kRoom, seed)
              : mutator.Mutate(copy.data(), bytes.size(), kRoom, seed));
      return copy;
    };
    const std::vector<uint8_t> once = change();
    ASSERT_EQ(change(), once);
    ASSERT_LE(once.size(), kRoom);
    ASSERT_EQ(EncodeBytes(DecodeBytes(once)), once);
    results.emplace(once.begin(), once.end());
    before = bytes;
    bytes = once;
  }
  EXPECT_GT(results.size(), 1000u);
}

// A room that ends within a record, and an input whose last record is not
// whole.
TEST(ByteMutator, WritesNothingPastTheBuffer) {
  const ByteMutator mutator(SomeRules(), nullptr);
  constexpr size_t kOdd = kRoom + 3;
  const std::vector<uint8_t> full(kOdd, 0x0d);
  for (uint64_t seed = 0; seed < 500; ++seed) {
    std::vector<uint8_t> out(kOdd + kRecordBytes, 0xaa);
    const bool splice = seed % 2 == 0;
    if (!splice) std::copy(full.begin(), full.end(), out.begin());
    const size_t size =
        splice ? mutator.CrossOver(full, full, out.data(), kOdd, seed)
               : mutator.Mutate(out.data(), kOdd, kOdd, seed);
    ASSERT_LE(size, kOdd);
    ASSERT_EQ(std::count(out.begin() + kOdd, out.end(), 0xaa), kRecordBytes);
  }
}

size_t Blind(uint8_t* data, size_t size, size_t) {
  if (size > 0) data[0] = 0xee;
  return size;
}

TEST(ByteMutator, LeavesAShareToTheEngine) {
  const ByteMutator mutator(SomeRules(), Blind);
  int blind = 0;
  for (uint64_t seed = 0; seed < 1600; ++seed) {
    std::vector<uint8_t> bytes(kRoom);
    mutator.Mutate(bytes.data(), kHeaderBytes, bytes.size(), seed);
    blind += bytes[0] == 0xee ? 1 : 0;
  }
  EXPECT_GT(blind, 50);
  EXPECT_LT(blind, 200);
}

// A share of what it makes says tlb, on kernels that flush late alone.
TEST(ByteMutator, TranslatesAShare) {
  for (const char* kernel : {"5.4", "2.6.9-mm"}) {
    const ByteMutator mutator(ParseKernelSpec(kernel)->rules(), nullptr);
    int translates = 0, devices = 0;
    for (uint64_t seed = 0; seed < 1000; ++seed) {
      std::vector<uint8_t> bytes(kRoom);
      bytes.resize(mutator.Mutate(bytes.data(), 0, kRoom, seed));
      const struct Setup setup = DecodeBytes(bytes).setup;
      translates += setup.tlb ? 1 : 0;
      devices += setup.folios[0].pfn || setup.folios[1].pfn ? 1 : 0;
    }
    const bool late = kernel[0] == '5';
    EXPECT_EQ(translates > 300, late) << translates;
    EXPECT_EQ(devices > 100, late) << devices;
    EXPECT_LT(translates, 800);
    if (!late) EXPECT_EQ(translates, 0);
  }
}

TEST(ByteMutator, WritesNothingWithoutRoom) {
  const ByteMutator mutator(SomeRules(), nullptr);
  uint8_t byte = 7;
  EXPECT_EQ(mutator.Mutate(&byte, 1, 1, 1), 1u);
  EXPECT_EQ(mutator.CrossOver({}, {}, &byte, 1, 1), 0u);
  EXPECT_EQ(byte, 7);
}

TEST(VerbsVariable, NamesVerbsWithCommasBetween) {
  EXPECT_EQ(ParseVerbsVariable("truncate,mmap").value(),
            search::Bit(Verb::kMmap) | search::Bit(Verb::kTruncate));
  for (int verb = 1; verb <= kVerbs; ++verb)
    EXPECT_EQ(ParseVerbsVariable(VerbName(static_cast<Verb>(verb))).value(),
              search::Bit(static_cast<Verb>(verb)));
  for (const char* wrong : {"", "mmap,", ",mmap", "12", "mmap munmap", "step"})
    EXPECT_FALSE(ParseVerbsVariable(wrong).ok()) << wrong;
  EXPECT_EQ(ParseVerbsVariable("mmap,fly").status().message(),
            "verbs with commas between, not fly");
}

TEST(MutateKernel, FlipsEachRuleOfEachKernelAndNothingElse) {
  Script script = EmptyScript();
  script.setup.tasks = 2;
  script.setup.files = 1;
  script.events.assign(3, {.kind = EventKind::kStep});
  std::vector<uint8_t> bytes = EncodeBytes(script);
  const size_t size = bytes.size();
  bytes.resize(kRoom);
  std::set<std::string> kernels;
  RuleSet flips;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    ASSERT_EQ(MutateKernel(bytes.data(), size, kRoom, seed), size);
    Script now = DecodeBytes(std::span(bytes).first(size));
    ASSERT_TRUE(now.kernel);
    kernels.insert(std::string(AllKernels()[now.kernel->kernel].name));
    flips |= now.kernel->flips;
    now.kernel = script.kernel;
    ASSERT_EQ(EncodeBytes(now), EncodeBytes(script));
  }
  EXPECT_EQ(kernels.size(), AllKernels().size());
  EXPECT_EQ(flips, RuleSet::FirstOf(AllRules().size()));
  // Where there is no room for a header, nothing is done.
  EXPECT_EQ(MutateKernel(bytes.data(), 0, 8, 1), 0U);
}

}  // namespace
}  // namespace vmtrunc::fuzz
