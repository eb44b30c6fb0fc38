// Our mutator as a library for afl-fuzz:
//
//   AFL_CUSTOM_MUTATOR_LIBRARY=build/afl/bin/libafl_mutator.so afl-fuzz ...
//
// AFL++'s own stages mutate blindly beside it; AFL_CUSTOM_MUTATOR_ONLY=1
// switches them off. AFL++ ignores the target's LLVMFuzzerCustomMutator, and
// -G: scripts get VMTRUNC_EVENTS events at most, 32 by default, or as many as
// the input had.
//
// What the target runs afl-fuzz keeps where it dies. The mutator runs scripts
// on the model too, in afl-fuzz itself: VMTRUNC_RUNNING names a file for them.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "core/script/script.h"
#include "fuzz/mutate_bytes.h"
#include "fuzz/status.h"

namespace {

// As in `vmtrunc fuzz`: longer scripts run slower and find little more.
constexpr size_t kDefaultEvents = 32;

// How often an input is mutated in a row; AFL++'s own number is hundreds, which
// gives less depth.
constexpr unsigned kMutationsAnInput = 64;

[[noreturn]] void Usage(const std::string& what) {
  std::fprintf(stderr, "afl_mutator: %s\n", what.c_str());
  std::exit(2);
}

vmtrunc::KernelSpec KernelFromEnvironment() {
  const char* verbs = std::getenv(vmtrunc::fuzz::kVerbsVariable);
  const auto parsed =
      vmtrunc::fuzz::ParseVerbsVariable(verbs != nullptr ? verbs : "");
  if (verbs != nullptr && !parsed.ok())
    Usage(std::string(vmtrunc::fuzz::kVerbsVariable) + "=" + verbs +
          ": expected " + std::string(parsed.status().message()));
  const char* kernel = std::getenv(vmtrunc::fuzz::kKernelVariable);
  const auto spec = vmtrunc::ParseKernelSpec(
      kernel != nullptr ? kernel : vmtrunc::fuzz::kDefaultKernel);
  if (!spec.ok())
    Usage(std::string(vmtrunc::fuzz::kKernelVariable) + "=" + kernel +
          ": expected " + std::string(spec.status().message()));
  return *spec;
}

size_t EventsFromEnvironment() {
  const char* events = std::getenv(vmtrunc::fuzz::kEventsVariable);
  if (events == nullptr) return kDefaultEvents;
  const auto number = vmtrunc::fuzz::ParseEventsVariable(events);
  if (!number.ok())
    Usage(std::string(vmtrunc::fuzz::kEventsVariable) + "=" + events +
          ": expected " + std::string(number.status().message()));
  return *number;
}

// A new file that has the script that runs, in bytes, and stays where afl-fuzz
// dies.
class Running {
 public:
  Running(const std::string& stem, const vmtrunc::KernelSpec& kernel)
      : kernel_(kernel) {
    for (unsigned number = 1; file_ < 0; ++number) {
      const std::string part = number == 1 ? "" : "-" + std::to_string(number);
      path_ = stem + part + "." + vmtrunc::fuzz::kInputExtension;
      file_ =
          ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (file_ < 0 && errno != EEXIST) Fail(errno);
    }
  }
  Running(const Running&) = delete;
  ~Running() {
    ::unlink(path_.c_str());
    ::close(file_);
  }

  void Save(const vmtrunc::Script& script) {
    vmtrunc::Script with = script;
    SetKernel(kernel_, with);
    std::vector<uint8_t> bytes = EncodeBytes(with);
    const size_t size = bytes.size();
    bytes.resize(std::max(size, before_));  // zeros: events without an effect
    before_ = size;
    const ssize_t wrote = ::pwrite(file_, bytes.data(), bytes.size(), 0);
    if (wrote != static_cast<ssize_t>(bytes.size()))
      Fail(wrote < 0 ? errno : ENOSPC);
  }

 private:
  [[noreturn]] void Fail(int error) const {
    Usage(path_ + ": " + std::strerror(error));
  }

  vmtrunc::KernelSpec kernel_;
  std::string path_;
  int file_ = -1;
  size_t before_ = 0;  // bytes of the script before
};

// The state of one afl-fuzz between calls. It mutates blindly by itself.
struct Mutator {
  explicit Mutator(unsigned seed) : seeds(seed) {
    const char* const stem = std::getenv(vmtrunc::fuzz::kRunningVariable);
    if (stem == nullptr) return;
    running.emplace(stem, kernel);
    before = [this](const vmtrunc::Script& script) { running->Save(script); };
  }

  vmtrunc::base::Random seeds;
  vmtrunc::KernelSpec kernel = KernelFromEnvironment();
  vmtrunc::fuzz::ByteMutator mutator{kernel.rules(), nullptr};
  std::optional<Running> running;
  vmtrunc::fuzz::Before before;  // empty without a file
  const vmtrunc::fuzz::Before* saves() const {
    return running ? &before : nullptr;
  }
  size_t max_bytes =
      vmtrunc::kHeaderBytes + vmtrunc::kRecordBytes * EventsFromEnvironment();
  std::vector<uint8_t> bytes;  // the result of the last call
};

}  // namespace

// The library is built with hidden visibility, so that it does not meet
// symbols of afl-fuzz; these are what afl-fuzz looks up.
#define VMTRUNC_EXPORT extern "C" __attribute__((visibility("default")))

VMTRUNC_EXPORT void* afl_custom_init(void* /*afl*/, unsigned seed) {
  return new Mutator(seed);
}

// Half of the results with two inputs are spliced, as in libFuzzer.
VMTRUNC_EXPORT size_t afl_custom_fuzz(void* data, const uint8_t* input,
                                      size_t size, uint8_t** output,
                                      const uint8_t* other, size_t other_size,
                                      size_t max_size) {
  auto* m = static_cast<Mutator*>(data);
  const size_t room = std::min(max_size, std::max(m->max_bytes, size));
  m->bytes.assign(std::max(room, size), 0);
  *output = m->bytes.data();
  const uint64_t seed = m->seeds.Next();
  if (other != nullptr && m->seeds.Below(2) == 0)
    return m->mutator.CrossOver({input, size}, {other, other_size},
                                m->bytes.data(), room, seed, m->saves());
  std::copy_n(input, size, m->bytes.begin());
  return m->mutator.Mutate(m->bytes.data(), size, room, seed, m->saves());
}

VMTRUNC_EXPORT unsigned afl_custom_fuzz_count(void* /*data*/,
                                              const uint8_t* /*input*/,
                                              size_t /*size*/) {
  return kMutationsAnInput;
}

VMTRUNC_EXPORT void afl_custom_deinit(void* data) {
  delete static_cast<Mutator*>(data);
}
