// Runs any bytes as a script and checks every property.
//
//   fuzz_truncate -max_total_time=60 CORPUS       # libFuzzer's own flags
//   fuzz_truncate crash-0123abcd                  # replay one file, in bytes
//
// A file that is a text, or whose note names another kernel than it would run
// on, is refused: replay_truncate reads both.
//
// VMTRUNC_KERNEL    the kernel to run on; else the script's own, else 2.6.11
// VMTRUNC_PROPERTY  stop for this property alone; "none": for no property, so
//                   that what is left is checks that fail, and sanitizers
// VMTRUNC_UNLIKE    a kernel on which the input must hold, or it does not count
// VMTRUNC_VERBS, VMTRUNC_EVENTS  see fuzz/status.h
// VMTRUNC_KEEP_GOING, VMTRUNC_SORT  see fuzz/status.h
// VMTRUNC_NO_MUTATION  run the corpus as it is, over and over: for benchmarks
// VMTRUNC_BLIND, VMTRUNC_NO_FEATURES, VMTRUNC_NO_SCOUT, VMTRUNC_SCOUT_FIRST,
// VMTRUNC_SCOUTED, VMTRUNC_MUTATED, VMTRUNC_GROWTH  see fuzz/status.h
// VMTRUNC_DIRECTORY write each input to DIRECTORY/current before it runs, and
//                   what this process has done to DIRECTORY/status
// VMTRUNC_BUILD     refuse to run where this executable has another model
//
// A variable that says nothing that can be understood is one line, and exit
// status 2.
#include <signal.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "base/random.h"
#include "base/read.h"
#include "base/sha1.h"
#include "base/shown.h"
#include "base/streams.h"
#include "base/write.h"
#include "core/build_id.h"
#include "core/run/run.h"
#include "fuzz/growth.h"
#include "fuzz/large_pages.h"
#include "fuzz/mutate_bytes.h"
#include "fuzz/named_input.h"
#include "fuzz/saved.h"
#include "fuzz/scout.h"
#include "fuzz/settings.h"
#include "fuzz/sorter.h"
#include "fuzz/status.h"
#include "fuzz/violates.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

// libFuzzer reads this section as coverage, and clears it before each run.
// `used`: else the compiler removes it as unread.
__attribute__((used, section("__libfuzzer_extra_counters"))) static uint8_t
    g_features[vmtrunc::Checker<vmtrunc::LargeCaps>::kFeatures];

namespace vmtrunc::fuzz {

// Compiled-in defaults of VMTRUNC_KERNEL and VMTRUNC_PROPERTY, null as if
// unset. A target of its own replaces them (fuzz/built_in.cc).
__attribute__((weak)) const char* BuiltInKernel() { return nullptr; }
__attribute__((weak)) const char* BuiltInProperty() { return nullptr; }

namespace {

// libFuzzer's -max_len without a corpus.
constexpr size_t kMostBytes = 4096;

// The value of libFuzzer's flag -NAME=, the last one; "" if it is not given.
std::string FlagOf(std::span<char* const> flags, const std::string& name) {
  const std::string start = "-" + name + "=";
  std::string value;
  for (const std::string_view flag : flags)
    if (flag.starts_with(start)) value = flag.substr(start.size());
  return value;
}

// The state of the callbacks, set up on the first call.
class Target {
 public:
  static Target& Get() {
    static Target target;
    return target;
  }

  void Execute(std::span<const uint8_t> bytes) {
    if (saved_) saved_->Save(bytes);
    Setup setup;
    KernelSpec own;
    bool has_own = false;
    const size_t count = DecodeBytes(bytes, setup, own, has_own, events_);
    const bool given = kernel_is_given() || !has_own;
    const Rules rules = given ? rules_ : own.rules();
    const RunResult result =
        Run<LargeCaps>(setup, std::span(events_).first(count), rules,
                       {.hash_state = false,
                        .report = settings_.reported,
                        .features = features_});
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
    if ((result.broken & settings_.reported) == 0) return;
    if (unlike_ && !Run<LargeCaps>(setup, std::span(events_).first(count),
                                   *unlike_, {.hash_state = false})
                        .holds())
      return;
    if (!keep_going_) Stop(bytes, given ? settings_.kernel : own, result);
    const auto first = static_cast<size_t>(result.first.property);
    if (status_->broken[first]++ == 0) KeepFirst(first);
    if (sorter_) sorter_->Note(setup, std::span(events_).first(count), result);
  }

  const Rules& rules() const { return rules_; }
  bool kernel_is_given() const { return settings_.kernel_is_given; }

  // For each file that libFuzzer's arguments name. Ends the process.
  void ExpectAsItIs(std::span<char* const> arguments) const {
    for (const std::string_view argument : arguments) {
      if (argument.starts_with("-")) continue;
      try {
        const std::string why = WhyNotAsItIs(std::string(argument), settings_);
        if (!why.empty()) EndTarget(why);
      } catch (const base::UsageError& error) {
        EndTarget(error.what);
      }
    }
  }

  using Looks = std::optional<Script> (Scout::*)(uint64_t, size_t, FuzzStatus*);
  // A scout's find, if it has one: it may not be reached by what libFuzzer
  // changes for long.
  std::optional<Script> AskScout(uint64_t seed, size_t max_events,
                                 Looks looks = &Scout::Run) {
    if (!scout_) return std::nullopt;
    const uint64_t before = status_->executions;
    std::optional<Script> found = ((*scout_).*looks)(seed, max_events, status_);
    if (growth_) growth_->Note(scouted_, status_->executions - before);
    return found;
  }

  // What a scout finds at once, before libFuzzer is there: it ends as libFuzzer
  // would. `flags` are libFuzzer's arguments.
  void LookFirst(std::span<char* const> flags) {
    uint64_t seed = 0, most = 0;
    if (!scout_ || !absl::SimpleAtoi(FlagOf(flags, "seed"), &seed)) return;
    if (!absl::SimpleAtoi(FlagOf(flags, "max_len"), &most)) most = kMostBytes;
    base::Random random(seed);
    artifacts_ = FlagOf(flags, "artifact_prefix");
    for (unsigned i = 0; i < settings_.scouts_first; ++i)
      if (const auto found = AskScout(
              random.Next(), EventsThatFit(MutableBytes(most)), &Scout::Look))
        Execute(EncodeBytes(*found));
    artifacts_.reset();
  }

  void CountMutation() {
    if (status_ != nullptr) ++status_->mutations;
  }

  // The mutator runs the model too, where it looks for what can have an effect.
  // What is made from this is on disk before.
  size_t Mutate(const ByteMutator& mutator, uint8_t* data, size_t size,
                size_t room, unsigned seed) {
    if (!saved_) return mutator.Mutate(data, size, room, seed);
    saved_->Save(std::span(data, size));
    status_->mutated = seed;
    status_->mutated_bytes = std::min(size, Saved::kMost);
    status_->mutated_room = room;
    size = mutator.Mutate(data, size, room, seed);
    status_->mutated_room = 0;
    return size;
  }

  // Saves a script that the mutator runs; null where nothing is saved.
  const Before* before() const { return saved_ ? &save_ : nullptr; }

 private:
  Target() {
    // The parent first learns whether we have the same model: another may not
    // even know the requested kernel.
    if (const std::string directory = DirectorySetting(); !directory.empty())
      saved_.emplace(directory);
    ExpectSameBuild();
    settings_ = SettingsOf(BuiltInKernel(), BuiltInProperty());
    rules_ = settings_.kernel.rules();
    if (settings_.unlike) unlike_ = settings_.unlike->rules();
    if (!settings_.growth.empty()) growth_.emplace(settings_.growth);
    if (!settings_.shows_features) features_ = growth_ ? hidden_ : nullptr;
    if (saved_) {
      status_ = &saved_->status();
      if (kernel_is_given()) saved_->Stamp(settings_.kernel);
      StartScout();
    }
    if (const char* value = std::getenv(kScoutedVariable)) RunScouted(value);
    if (const char* value = std::getenv(kMutatedVariable)) RunMutated(value);
    if (!saved_) return;
    keep_going_ = settings_.keep_going;
    if (settings_.sort && keep_going_)
      sorter_.emplace(settings_.kernel, *settings_.sort, *status_,
                      [this](const std::string& old, const std::string& stem) {
                        return saved_->KeepInstead(old, stem);
                      });
  }

  // Where `status` names its scripts, so that none is lost if the model fails.
  void StartScout() {
    const bool mutates = std::getenv(kBlindVariable) == nullptr &&
                         std::getenv(kNoMutationVariable) == nullptr;
    if (!settings_.scouts || !mutates || !kernel_is_given()) return;
    scout_.emplace(Quest{.rules = rules_,
                         .unlike = unlike_,
                         .reported = settings_.reported,
                         .verbs = VerbsFromEnvironment(),
                         .looks_for_states = settings_.shows_features,
                         .keeps_going = settings_.keep_going,
                         .counted = growth_ ? scouted_ : nullptr});
  }

  // VMTRUNC_SCOUTED: what stopped a scout is in `current` when it does so
  // again.
  [[noreturn]] void RunScouted(const char* value) {
    uint64_t seed = 0;
    size_t events = 0;
    const std::vector<std::string> parts = absl::StrSplit(value, ',');
    if (!scout_ || parts.size() != 2 || !absl::SimpleAtoi(parts[0], &seed) ||
        !absl::SimpleAtoi(parts[1], &events) || events > kMaxEvents)
      EndTarget(absl::StrCat(kScoutedVariable, "=", value,
                             ": expected SEED,EVENTS, with ", kKernelVariable));
    Script script;
    const bool violates = scout_->RunOne(seed, events, script, &save_);
    PrintAndExit(absl::StrCat("violates ", violates ? "a" : "no", " property\n",
                              ToText(script)),
                 violates ? 1 : 0);
  }

  // VMTRUNC_MUTATED: what stopped the mutator, in the same way.
  [[noreturn]] void RunMutated(const char* value) {
    uint64_t seed = 0;
    size_t size = 0, room = 0;
    const std::vector<std::string> parts =
        absl::StrSplit(value, absl::MaxSplits(',', 3));
    if (!saved_ || parts.size() != 4 || !absl::SimpleAtoi(parts[0], &seed) ||
        !absl::SimpleAtoi(parts[1], &size) ||
        !absl::SimpleAtoi(parts[2], &room) || size > room ||
        room > base::kMostInput)
      EndTarget(absl::StrCat(kMutatedVariable, "=", value,
                             ": expected SEED,BYTES,ROOM,FILE, with ",
                             kDirectoryVariable));
    std::optional<std::string> input;
    try {
      input = base::ReadWhole(parts[3], base::kMostInput);
    } catch (const base::UsageError& error) {
      EndTarget(error.what);
    }
    if (!input || input->size() < size)
      EndTarget(absl::StrCat(parts[3], ": expected a file of at least ", size,
                             " bytes"));
    std::vector<uint8_t> bytes(input->begin(),
                               input->begin() + static_cast<ptrdiff_t>(size));
    bytes.resize(room);
    // libFuzzer's own mutation runs no model.
    const ByteMutator mutator(
        rules_, [](uint8_t*, size_t same, size_t) { return same; });
    bytes.resize(mutator.Mutate(bytes.data(), size, room, seed, &save_));
    PrintAndExit(ToText(DecodeBytes(bytes)), 0);
  }

  [[noreturn]] static void PrintAndExit(const std::string& text, int status) {
    std::printf("%s", text.c_str());
    if (std::fflush(stdout) != 0) EndTarget("cannot write to standard output");
    std::_Exit(status);
  }

  static void ExpectSameBuild() {
    const char* const build = std::getenv(kBuildVariable);
    if (build != nullptr && std::strcmp(build, BuildId()) != 0)
      EndTarget(std::string(kBuildVariable) + "=" + build +
                ": expected the build of this executable, " + BuildId());
  }

  // The first input that violated this property.
  void KeepFirst(size_t property) {
    const std::string name = saved_->Keep(std::string(kBrokenPrefix) +
                                          AllProperties()[property].name);
    std::strncpy(status_->kept[property], name.c_str(),
                 sizeof(status_->kept[property]) - 1);
  }

  // Reported in `status` first: the rest may fail.
  [[noreturn]] void Stop(std::span<const uint8_t> bytes, const KernelSpec& spec,
                         const RunResult& result) {
    if (status_ != nullptr) {
      ++status_->broken[static_cast<size_t>(result.first.property)];
      status_->found = 1;
      saved_->End();
    }
    Report(bytes, spec, result);
    if (artifacts_) EndAsLibFuzzer(bytes);
    AbortFor(result.first.property);
  }

  static void Report(std::span<const uint8_t> bytes, const KernelSpec& spec,
                     const RunResult& result) {
    Script script = DecodeBytes(bytes);
    SetKernel(spec, script);
    std::fprintf(stderr, "%s violates %s at event %u: %s\n%s",
                 spec.ToString().c_str(), Name(result.first.property),
                 result.first.event, result.first.ToString().c_str(),
                 ToText(script).c_str());
  }

  // Its file and its exit status for an input that aborts.
  [[noreturn]] void EndAsLibFuzzer(std::span<const uint8_t> bytes) const {
    const std::string content(bytes.begin(), bytes.end());
    const std::string path = *artifacts_ + "crash-" + base::Sha1(content);
    try {
      if (base::ReadWhole(path, content.size()) != content)
        base::WriteNew(path, content);
      std::fprintf(stderr, "Test unit written to %s\n",
                   base::Shown(path).c_str());
    } catch (const base::UsageError& error) {
      std::fprintf(stderr, "%s\n", base::ShownInError(error.what).c_str());
    }
    constexpr int kErrorExitCode = 77;
    std::_Exit(kErrorExitCode);
  }

  Settings settings_;
  Rules rules_;
  std::optional<Rules> unlike_;
  bool keep_going_ = false;
  std::optional<Saved> saved_;
  const Before save_ = [this](const Script& script) {
    Script with = script;
    SetKernel(settings_.kernel, with);
    saved_->Save(EncodeBytes(with));
  };
  FuzzStatus* status_ = nullptr;  // of saved_
  uint8_t* features_ = g_features;
  uint8_t hidden_[sizeof(g_features)] = {};  // hidden from libFuzzer
  std::optional<Growth> growth_;
  uint8_t scouted_[sizeof(g_features)] = {};  // by its scripts, for growth_
  std::optional<Scout> scout_;
  std::optional<std::string> artifacts_;  // LookFirst(): the prefix of a file
  std::optional<Sorter> sorter_;
  std::array<Event, kMaxEvents> events_;
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

// What a scout has found, as an input; 0: nothing.
size_t Scouted(uint8_t* data, size_t max_size, unsigned seed) {
  const size_t events = EventsThatFit(max_size);
  if (events == 0) return 0;
  const auto script = Target::Get().AskScout(seed, events);
  if (!script) return 0;
  const std::vector<uint8_t> bytes = EncodeBytes(*script);
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

size_t CustomMutate(uint8_t* data, size_t size, size_t max_size,
                    unsigned seed) {
  if (Same()) return size;
  Target::Get().CountMutation();
  max_size = MutableBytes(max_size);
  size = std::min(size, max_size);
  if (Blind()) return LLVMFuzzerMutate(data, size, max_size);
  if (const size_t found = Scouted(data, max_size, seed); found != 0)
    return found;
  size = Target::Get().Mutate(Mutator(), data, size, max_size, seed);
  // Where the kernel is the input's, one in eight.
  return Target::Get().kernel_is_given() || seed % 8 != 0
             ? size
             : MutateKernel(data, size, max_size, seed);
}

size_t CustomCrossOver(std::span<const uint8_t> one,
                       std::span<const uint8_t> other, uint8_t* out,
                       size_t max_size, unsigned seed) {
  // LLVMFuzzerMutate() has a crossover of bytes.
  if (Blind() || Same()) return 0;
  Target::Get().CountMutation();
  max_size = MutableBytes(max_size);
  if (const size_t found = Scouted(out, max_size, seed); found != 0)
    return found;
  return Mutator().CrossOver(one.first(MutableBytes(one.size())),
                             other.first(MutableBytes(other.size())), out,
                             max_size, seed, Target::Get().before());
}

}  // namespace
}  // namespace vmtrunc::fuzz

// Before the engine prints or does anything.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  vmtrunc::base::HoldClosedStreams();  // else `current` may get such a number
  ::signal(SIGXFSZ, SIG_IGN);
  const std::span arguments(*argv, static_cast<size_t>(*argc));
  if (!arguments.empty())  // the first is the target
    vmtrunc::fuzz::Target::Get().ExpectAsItIs(arguments.subspan(1));
  vmtrunc::fuzz::Target::Get().LookFirst(arguments);
  vmtrunc::fuzz::UseLargePages();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Exceeding a file size limit is an ordinary error. Set again, as libFuzzer
  // has installed a handler meanwhile.
  static const auto old = ::signal(SIGXFSZ, SIG_IGN);
  static_cast<void>(old);
  vmtrunc::fuzz::Target::Get().Execute(std::span(data, size));
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned seed) {
  return vmtrunc::fuzz::CustomMutate(data, size, max_size, seed);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, size_t size1,
                                            const uint8_t* data2, size_t size2,
                                            uint8_t* out, size_t max_out_size,
                                            unsigned seed) {
  return vmtrunc::fuzz::CustomCrossOver(std::span(data1, size1),
                                        std::span(data2, size2), out,
                                        max_out_size, seed);
}
