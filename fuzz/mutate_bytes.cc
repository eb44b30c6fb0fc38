#include "fuzz/mutate_bytes.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/check.h"
#include "core/script/script.h"
#include "fuzz/aware.h"
#include "fuzz/generate.h"
#include "fuzz/status.h"
#include "search/folios.h"
#include "search/translations.h"

namespace vmtrunc::fuzz {
namespace {

// A script with too many events (an incomplete last record counts) loses those
// without room.
size_t Encode(Script& script, uint8_t* out, size_t max_size) {
  script.events.resize(std::min(script.events.size(), EventsThatFit(max_size)));
  const std::vector<uint8_t> bytes = EncodeBytes(script);
  std::copy(bytes.begin(), bytes.end(), out);
  return bytes.size();
}

// Blind mutation ignores VMTRUNC_VERBS.
size_t KeepVerbs(uint8_t* data, size_t size, size_t max_size,
                 search::Verbs verbs) {
  if (verbs == search::kAllVerbs || size < kHeaderBytes) return size;
  Script script = DecodeBytes(std::span(data, size));
  fuzz::KeepVerbs(script, verbs);
  return Encode(script, data, max_size);
}

// A share of the scripts is generated, as the corpus does not cover everything.
constexpr unsigned kAnewOneIn = 3;

}  // namespace

size_t EventsThatFit(size_t max_size) {
  return max_size < kHeaderBytes ? 0 : (max_size - kHeaderBytes) / kRecordBytes;
}

size_t MutableBytes(size_t bytes) {
  static const size_t most = [] {
    const char* const events = std::getenv(kEventsVariable);
    if (events == nullptr) return std::numeric_limits<size_t>::max();
    const absl::StatusOr<size_t> parsed = ParseEventsVariable(events);
    VMT_CHECK(parsed.ok());
    return kHeaderBytes + kRecordBytes * *parsed;
  }();
  return std::min(bytes, most);
}

search::Verbs VerbsFromEnvironment() {
  const char* verbs = std::getenv(kVerbsVariable);
  if (verbs == nullptr) return search::kAllVerbs;
  const absl::StatusOr<search::Verbs> parsed = ParseVerbsVariable(verbs);
  VMT_CHECK(parsed.ok());
  return *parsed;
}

absl::StatusOr<search::Verbs> ParseVerbsVariable(std::string_view value) {
  search::Verbs verbs = 0;
  for (const std::string& name :
       std::vector<std::string>(absl::StrSplit(std::string(value), ','))) {
    const Verb verb = VerbNamed(name);
    if (verb == Verb::kNone)
      return absl::InvalidArgumentError(
          absl::StrCat("verbs with commas between, not ",
                       name.empty() ? "an empty word" : name));
    verbs |= search::Bit(verb);
  }
  return verbs;
}

absl::StatusOr<size_t> ParseEventsVariable(std::string_view value) {
  size_t events = 0;
  if (!absl::SimpleAtoi(std::string(value), &events) || events < 1 ||
      events > kMaxEvents)
    return absl::InvalidArgumentError(absl::StrCat("1..", kMaxEvents));
  return events;
}

ByteMutator::ByteMutator(const Rules& rules, BlindMutation* blind)
    : rules_(rules), blind_(blind), verbs_(VerbsFromEnvironment()) {}

size_t ByteMutator::Mutate(uint8_t* data, size_t size, size_t max_size,
                           uint64_t seed, const Before* before) const {
  base::Random random(seed);
  if (EventsThatFit(max_size) == 0 || random.Below(16) == 0) {
    if (blind_ != nullptr)
      return KeepVerbs(data, blind_(data, size, max_size), max_size, verbs_);
    if (EventsThatFit(max_size) == 0) return size;
  }
  if (size < kHeaderBytes || random.Below(kAnewOneIn) == 0) {
    const auto events = static_cast<unsigned>(EventsThatFit(max_size));
    Script made = Generate(rules_, events, verbs_, random, before);
    KeepVerbs(made, verbs_);
    return Encode(made, data, max_size);
  }
  Script script = DecodeBytes(std::span(data, size));
  script.kernel.reset();
  if (rules_.large_folios && random.Below(8) == 0)
    search::AddFolios(script, random);
  if (search::HasTranslations(rules_) && random.Below(16) == 0)
    search::AddTranslations(script, random);
  MutateAware(script, EventsThatFit(max_size), rules_, random, verbs_, before);
  return Encode(script, data, max_size);
}

size_t ByteMutator::CrossOver(std::span<const uint8_t> head,
                              std::span<const uint8_t> tail, uint8_t* out,
                              size_t max_size, uint64_t seed,
                              const Before* before) const {
  if (EventsThatFit(max_size) == 0) return 0;
  base::Random random(seed);
  Script script = Splice(DecodeBytes(head), DecodeBytes(tail),
                         EventsThatFit(max_size), rules_, random, before);
  script.kernel.reset();
  return Encode(script, out, max_size);
}

size_t MutateKernel(uint8_t* data, size_t size, size_t max_size,
                    uint64_t seed) {
  if (EventsThatFit(max_size) == 0) return size;
  base::Random random(seed);
  Script script = DecodeBytes({data, size});
  KernelSpec spec = script.kernel.value_or(KernelSpec{});
  if (random.Below(4) == 0)
    spec.kernel = static_cast<uint8_t>(
        random.Below(static_cast<unsigned>(AllKernels().size())));
  else
    spec.flips.flip(random.Below(static_cast<unsigned>(AllRules().size())));
  SetKernel(spec, script);
  return Encode(script, data, max_size);
}

}  // namespace vmtrunc::fuzz
