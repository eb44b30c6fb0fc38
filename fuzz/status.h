// What a fuzzing executable reports to its parent, in a shared file.
#ifndef VMTRUNC_FUZZ_STATUS_H_
#define VMTRUNC_FUZZ_STATUS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/run/checker.h"

namespace vmtrunc::fuzz {

inline constexpr const char* kKernelVariable = "VMTRUNC_KERNEL";
inline constexpr const char* kDefaultKernel = "2.6.11";
inline constexpr const char* kPropertyVariable = "VMTRUNC_PROPERTY";
inline constexpr const char* kNoProperty = "none";
inline constexpr const char* kDirectoryVariable = "VMTRUNC_DIRECTORY";
// A kernel on which the input must hold, or its violation does not count.
inline constexpr const char* kUnlikeVariable = "VMTRUNC_UNLIKE";
// Verbs for the mutator, names with commas between.
inline constexpr const char* kVerbsVariable = "VMTRUNC_VERBS";
// If set: continues after a violation, keeps the first input for each property
// in DIRECTORY/broken-PROPERTY.bytes and counts the rest.
inline constexpr const char* kKeepGoingVariable = "VMTRUNC_KEEP_GOING";
// In addition: classifies violations by root cause (fuzz/sorter.h) and keeps
// one input for each in a new DIRECTORY/cause-N.bytes. The value: the rules of
// known root causes, names with commas between; none: empty.
inline constexpr const char* kSortVariable = "VMTRUNC_SORT";
// If set: the mutator changes nothing, so that the corpus is run repeatedly.
inline constexpr const char* kNoMutationVariable = "VMTRUNC_NO_MUTATION";
// For ablations. If set: mutation is libFuzzer's own, of bytes.
inline constexpr const char* kBlindVariable = "VMTRUNC_BLIND";
// If set: nothing is generated and run between executions (fuzz/scout.h).
inline constexpr const char* kNoScoutVariable = "VMTRUNC_NO_SCOUT";
// How often a scout looks before libFuzzer sets itself up, which takes longer
// than most finds. Ignored without a scout, and without libFuzzer's -seed.
inline constexpr const char* kScoutFirstVariable = "VMTRUNC_SCOUT_FIRST";
inline constexpr unsigned kScoutFirst = 256;  // of vmtrunc fuzz
// "SEED,EVENTS", of FuzzStatus: runs that one script of a scout, each event
// saved in DIRECTORY/current before it runs, and ends.
inline constexpr const char* kScoutedVariable = "VMTRUNC_SCOUTED";
// "SEED,BYTES,ROOM,FILE": changes that input, its first BYTES, as the mutator
// does for such a seed and in such a buffer, each event saved in
// DIRECTORY/current before it runs, prints the script, and ends.
inline constexpr const char* kMutatedVariable = "VMTRUNC_MUTATED";
// Of the mutator in afl-fuzz: what it runs on the model is in STEM.bytes, or
// STEM-2.bytes and so on, before it runs.
inline constexpr const char* kRunningVariable = "VMTRUNC_RUNNING";
// Scripts between two executions of the engine.
inline constexpr unsigned kScouted = 63;
// If set: libFuzzer and AFL++ do not see abstract states.
inline constexpr const char* kNoFeaturesVariable = "VMTRUNC_NO_FEATURES";
// A file for the number of abstract states seen, in the format of
// fuzz/growth.h.
inline constexpr const char* kGrowthVariable = "VMTRUNC_GROWTH";
// The maximum of events in a script that the mutator or a scout makes; unset:
// what the engine has room for, and 32 in AFL++'s mutator. The engine's
// longer inputs run whole; libFuzzer's mutator changes their first events.
inline constexpr const char* kEventsVariable = "VMTRUNC_EVENTS";
// The BuildId() of its parent; with another it refuses to run.
inline constexpr const char* kBuildVariable = "VMTRUNC_BUILD";
inline constexpr const char* kBrokenPrefix = "broken-";
inline constexpr const char* kCausePrefix = "cause-";
inline constexpr const char* kStatusFile = "status";
inline constexpr const char* kCurrentFile = "current";
// Names of files that hold one input, in bytes: broken-PROPERTY, cause-N.
inline constexpr const char* kInputExtension = "bytes";

// The file with the input of the N-th cause, from 0, but for its extension, and
// a number if that name was taken.
inline std::string StemOfCause(size_t number) {
  return kCausePrefix + std::to_string(number);
}

// A root cause, and the input that is kept for it.
struct SortedCause {
  uint64_t executions;  // that violated a property by it; 0: unused
  uint64_t effects;     // events of the input that had one
  char name[112];       // RootCause::Name()
  char file[32];        // the input's name: StemOfCause()
};
inline constexpr size_t kMostCauses = 64;

// Totals since the start. Written by one thread, read at any moment.
struct FuzzStatus {
  // BuildId() of the writer, then zeros. First, so that it can be read in any
  // layout.
  char build[24];
  uint64_t executions;  // with those between the engine's
  uint64_t events;
  uint64_t effects;    // events that had an effect
  uint64_t drops;      // lock drops of all passes
  uint64_t mutations;  // calls of the mutator
  // 1: it stops, as `current` violates a property.
  uint64_t found;
  uint64_t broken[kProperties];  // executions by the property violated first
  char kept[kProperties][112];   // the file with the first of them
  // Abstract states that were seen (Checker::NoteFeatures), 0 or 1 each.
  uint8_t seen[Checker<LargeCaps>::kFeatures];
  SortedCause causes[kMostCauses];
  // What makes the scripts that the mutator runs of `current`, its first bytes:
  // VMTRUNC_MUTATED. Without room it runs none.
  uint64_t mutated, mutated_bytes, mutated_room;
  // What makes the script that runs between executions, and its events at most:
  // VMTRUNC_SCOUTED. 0: the engine executes `current`.
  uint64_t scouted, scouted_events;
};

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_STATUS_H_
