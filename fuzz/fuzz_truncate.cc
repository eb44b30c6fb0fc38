// Runs any bytes as a script and checks every property.
//
//   fuzz_truncate -max_total_time=60 CORPUS       # libFuzzer's own flags
//   fuzz_truncate crash-0123abcd                  # replay one file
//
// VMTRUNC_KERNEL    the kernel to run on; else the script's own, else 2.6.11
// VMTRUNC_PROPERTY  stop for this property alone; "none": for no property, so
//                   that what is left is checks that fail, and sanitizers
// VMTRUNC_UNLIKE    a kernel on which the input must hold, or it does not count
// VMTRUNC_VERBS     see fuzz/status.h
// VMTRUNC_KEEP_GOING, VMTRUNC_SORT  see fuzz/status.h
// VMTRUNC_NO_MUTATION  run the corpus as it is, over and over: for benchmarks
// VMTRUNC_BLIND, VMTRUNC_NO_FEATURES, VMTRUNC_GROWTH  see fuzz/status.h
// VMTRUNC_DIRECTORY write each input to DIRECTORY/current before it runs, and
//                   what has been done to DIRECTORY/status
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "core/run.h"
#include "fuzz/growth.h"
#include "fuzz/mutate_bytes.h"
#include "fuzz/sorter.h"
#include "fuzz/status.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

// libFuzzer reads what is in this section as coverage, and clears it before
// each run. `used`: else the compiler deletes what nothing seems to read.
__attribute__((used, section("__libfuzzer_extra_counters"))) static uint8_t
    g_features[vmtrunc::Checker<vmtrunc::LargeCaps>::kFeatures];

namespace vmtrunc {

// A target that is told nothing by its environment has these compiled in: the
// values of VMTRUNC_KERNEL and VMTRUNC_PROPERTY, null as if unset. A target of
// its own replaces them (fuzz/built_in.cc).
__attribute__((weak)) const char* BuiltInKernel() { return nullptr; }
__attribute__((weak)) const char* BuiltInProperty() { return nullptr; }

namespace {

const char* Variable(const char* name, const char* built_in) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : built_in;
}

[[noreturn]] void Usage(const std::string& what) {
  std::fprintf(stderr, "fuzz_truncate: %s\n", what.c_str());
  std::exit(2);
}

// Everything that the callbacks need, set up on the first call.
class Target {
 public:
  static Target& Get() {
    static Target target;
    return target;
  }

  void Execute(std::span<const uint8_t> bytes) {
    Save(bytes);
    Setup setup;
    KernelSpec own;
    bool has_own = false;
    const size_t count = DecodeBytes(bytes, setup, own, has_own, events_);
    const bool given = kernel_.has_value() || !has_own;
    const Rules rules = given ? rules_ : own.rules();
    const RunResult result = Run<LargeCaps>(
        setup, std::span(events_).first(count), rules,
        {.hash_state = false, .report = reported_, .features = features_});
    if (growth_) growth_->Note(std::span(features_, sizeof(g_features)));
    if (status_ != nullptr) {
      ++status_->executions;
      status_->events += result.events;
      status_->effects += result.effects;
      status_->drops += result.drops;
      if (features_ != nullptr)
        AddSeen(status_->seen, {features_, sizeof(g_features)});
    }
    if (features_ == hidden_) std::memset(hidden_, 0, sizeof(hidden_));
    if ((result.broken & reported_) == 0) return;
    if (unlike_ && !Run<LargeCaps>(setup, std::span(events_).first(count),
                                   *unlike_, {.hash_state = false})
                        .holds())
      return;
    if (!keep_going_) Report(bytes, given ? spec_ : own, result);
    const auto first = static_cast<size_t>(result.first.property);
    if (status_->broken[first]++ == 0)
      Keep(std::string(kBrokenPrefix) + AllProperties()[first].name);
    if (sorter_) sorter_->Note(setup, std::span(events_).first(count), result);
  }

  const Rules& rules() const { return rules_; }
  bool kernel_is_given() const { return kernel_.has_value(); }

  void CountMutation() {
    if (status_ != nullptr) ++status_->mutations;
  }

 private:
  Target() {
    const char* kernel = Variable(kKernelVariable, BuiltInKernel());
    const auto spec =
        ParseKernelSpec(kernel != nullptr ? kernel : kDefaultKernel);
    if (!spec.ok())
      Usage(std::string(kKernelVariable) + ": expected " +
            std::string(spec.status().message()));
    spec_ = *spec;
    rules_ = spec_.rules();
    if (kernel != nullptr) kernel_ = spec_;
    if (const char* unlike = std::getenv(kUnlikeVariable)) {
      const auto other = ParseKernelSpec(unlike);
      if (!other.ok())
        Usage(std::string(kUnlikeVariable) + ": expected " +
              std::string(other.status().message()));
      unlike_ = other->rules();
    }
    if (const char* property = Variable(kPropertyVariable, BuiltInProperty())) {
      const bool none = std::strcmp(property, kNoProperty) == 0;
      const int number = none ? 0 : PropertyNumber(property);
      if (number == kProperties)
        Usage(std::string(kPropertyVariable) + ": expected a property");
      reported_ = none ? 0 : 1U << number;
    }
    if (const char* directory = std::getenv(kDirectoryVariable))
      Open(directory);
    if (const char* growth = std::getenv(kGrowthVariable))
      growth_.emplace(growth);
    if (std::getenv(kNoFeaturesVariable) != nullptr)
      features_ = growth_ ? hidden_ : nullptr;
    keep_going_ = status_ != nullptr && std::getenv(kKeepGoingVariable);
    if (const char* known = std::getenv(kSortVariable); known && keep_going_)
      sorter_.emplace(spec_, std::strtoull(known, nullptr, 10), *status_,
                      [this](const std::string& name) { Keep(name); });
  }

  // The input that runs, in the form of DIRECTORY/current; whole or not at all.
  void Keep(const std::string& name) {
    const std::string path = directory_ + "/" + name;
    const std::string part = path + ".part";
    const int file =
        ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    uint64_t size = 0;
    std::memcpy(&size, saved_, sizeof(size));
    size += sizeof(size);
    if (file < 0 || ::write(file, saved_, size) != static_cast<ssize_t>(size) ||
        ::close(file) != 0 || ::rename(part.c_str(), path.c_str()) != 0)
      Usage("cannot write to " + directory_);
  }

  void Open(const std::string& directory) {
    directory_ = directory;
    const auto open_file = [&](const char* name) {
      const int file = ::open((directory + "/" + name).c_str(),
                              O_RDWR | O_CREAT | O_CLOEXEC, 0666);
      if (file < 0) Usage("cannot write to " + directory);
      return file;
    };
    current_ = open_file(kCurrentFile);
    const int status = open_file(kStatusFile);
    // Room for all of it: on a full disk a write to a page that has none is a
    // signal, not an error.
    if (::posix_fallocate(status, 0, sizeof(FuzzStatus)) != 0)
      Usage("cannot write to " + directory);
    void* map = ::mmap(nullptr, sizeof(FuzzStatus), PROT_READ | PROT_WRITE,
                       MAP_SHARED, status, 0);
    if (map == MAP_FAILED) Usage("cannot map " + directory + "/status");
    status_ = static_cast<FuzzStatus*>(map);
  }

  // On disk before it runs: its length, then the bytes.
  void Save(std::span<const uint8_t> bytes) {
    if (current_ < 0) return;
    const size_t size = std::min(bytes.size(), sizeof(saved_) - 8);
    const uint64_t length = size;
    std::memcpy(saved_, &length, sizeof(length));
    if (size > 0) std::memcpy(saved_ + 8, bytes.data(), size);
    if (::pwrite(current_, saved_, size + 8, 0) < 0)
      Usage("cannot write the input to disk");
  }

  [[noreturn]] static void Report(std::span<const uint8_t> bytes,
                                  const KernelSpec& spec,
                                  const RunResult& result) {
    Script script = DecodeBytes(bytes);
    script.kernel = spec;
    std::fprintf(stderr, "%s breaks %s at event %u: %s\n%s",
                 spec.ToString().c_str(), Name(result.first.property),
                 result.first.event, result.first.ToString().c_str(),
                 ToText(script).c_str());
    std::abort();
  }

  KernelSpec spec_;
  Rules rules_;
  std::optional<KernelSpec> kernel_;
  std::optional<Rules> unlike_;
  uint32_t reported_ = ~0U;  // a bit a property: of these alone, what broke
  bool keep_going_ = false;
  std::string directory_;
  int current_ = -1;
  FuzzStatus* status_ = nullptr;
  uint8_t* features_ = g_features;
  uint8_t hidden_[sizeof(g_features)] = {};  // what libFuzzer does not see
  std::optional<Growth> growth_;
  std::optional<Sorter> sorter_;
  std::array<Event, kMaxEvents> events_;
  uint8_t saved_[8 + kHeaderBytes + kRecordBytes * kMaxEvents];
};

bool Blind() {
  static const bool blind = std::getenv(kBlindVariable) != nullptr;
  return blind;
}

const ByteMutator& Mutator() {
  static const ByteMutator mutator(Target::Get().rules(), LLVMFuzzerMutate);
  return mutator;
}

bool Same() {
  static const bool same = std::getenv(kNoMutationVariable) != nullptr;
  return same;
}

size_t CustomMutate(uint8_t* data, size_t size, size_t max_size,
                    unsigned seed) {
  if (Same()) return size;
  Target::Get().CountMutation();
  if (Blind()) return LLVMFuzzerMutate(data, size, max_size);
  size = Mutator().Mutate(data, size, max_size, seed);
  // Where the kernel is the input's, one in eight.
  return Target::Get().kernel_is_given() || seed % 8 != 0
             ? size
             : MutateKernel(data, size, max_size, seed);
}

size_t CustomCrossOver(std::span<const uint8_t> one,
                       std::span<const uint8_t> other, uint8_t* out,
                       size_t max_size, unsigned seed) {
  // LLVMFuzzerMutate() has a cross-over of bytes.
  if (Blind() || Same()) return 0;
  Target::Get().CountMutation();
  return Mutator().CrossOver(one, other, out, max_size, seed);
}

}  // namespace
}  // namespace vmtrunc

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  vmtrunc::Target::Get().Execute(std::span(data, size));
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned seed) {
  return vmtrunc::CustomMutate(data, size, max_size, seed);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, size_t size1,
                                            const uint8_t* data2, size_t size2,
                                            uint8_t* out, size_t max_out_size,
                                            unsigned seed) {
  return vmtrunc::CustomCrossOver(std::span(data1, size1),
                                  std::span(data2, size2), out, max_out_size,
                                  seed);
}
