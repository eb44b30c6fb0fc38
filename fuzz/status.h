// What the fuzzing executable tells its parent, in a shared file.
#ifndef VMTRUNC_FUZZ_STATUS_H_
#define VMTRUNC_FUZZ_STATUS_H_

#include <cstdint>

#include "core/run/checker.h"

namespace vmtrunc::fuzz {

inline constexpr const char* kKernelVariable = "VMTRUNC_KERNEL";
inline constexpr const char* kDefaultKernel = "2.6.11";
inline constexpr const char* kPropertyVariable = "VMTRUNC_PROPERTY";
inline constexpr const char* kNoProperty = "none";
inline constexpr const char* kDirectoryVariable = "VMTRUNC_DIRECTORY";
// A kernel on which the input must hold, or its violation does not count.
inline constexpr const char* kUnlikeVariable = "VMTRUNC_UNLIKE";
// Verbs that the mutator chooses from, by name with commas between.
inline constexpr const char* kVerbsVariable = "VMTRUNC_VERBS";
// Set: continues after a violation, keeps the first input for each property in
// DIRECTORY/broken-PROPERTY.bytes and counts the rest.
inline constexpr const char* kKeepGoingVariable = "VMTRUNC_KEEP_GOING";
// With the former. Sorts violations by cause (fuzz/sorter.h) and keeps one
// input for each in DIRECTORY/cause-N.bytes. The rules of causes that are
// known, by name with commas between; none: empty.
inline constexpr const char* kSortVariable = "VMTRUNC_SORT";
// Set: the mutator changes nothing, so that the corpus runs over and over.
inline constexpr const char* kNoMutationVariable = "VMTRUNC_NO_MUTATION";
// For ablations. Set: mutation is libFuzzer's own, of bytes.
inline constexpr const char* kBlindVariable = "VMTRUNC_BLIND";
// Set: abstract states are not shown to libFuzzer, nor to AFL++.
inline constexpr const char* kNoFeaturesVariable = "VMTRUNC_NO_FEATURES";
// A file: how many kinds of abstract states have been seen, as fuzz/growth.h
// writes it.
inline constexpr const char* kGrowthVariable = "VMTRUNC_GROWTH";
// At most so many events a script that AFL++'s mutator makes.
inline constexpr const char* kEventsVariable = "VMTRUNC_EVENTS";
// The BuildId() that its parent has; another refuses to run.
inline constexpr const char* kBuildVariable = "VMTRUNC_BUILD";
inline constexpr const char* kBrokenPrefix = "broken-";
inline constexpr const char* kCausePrefix = "cause-";
inline constexpr const char* kStatusFile = "status";
inline constexpr const char* kCurrentFile = "current";
// Of the files that hold one input, in bytes: broken-PROPERTY, cause-N.
inline constexpr const char* kInputExtension = "bytes";

// A cause, and the input that is kept for it: `cause-N.bytes` for the N-th.
struct SortedCause {
  uint64_t executions;  // that broke for it; 0: no cause yet
  uint64_t effects;     // events of the input that had one
  char name[112];       // RootCause::Name()
};
inline constexpr size_t kMostCauses = 64;

// Totals since the start. Written by one thread, read at any moment.
struct FuzzStatus {
  // BuildId() of who writes, then zeros. It comes first, so that it can be read
  // whatever follows.
  char build[24];
  uint64_t executions;
  uint64_t events;
  uint64_t effects;              // events that had an effect
  uint64_t drops;                // lock drops of all passes
  uint64_t mutations;            // calls of the mutator
  uint64_t found;                // 1: it stops, for `current` broke a property
  uint64_t broken[kProperties];  // executions that broke each property first
  char kept[kProperties][112];   // the file that has the first of them
  // Abstract states that were seen (Checker::NoteFeatures), 0 or 1 each.
  uint8_t seen[Checker<LargeCaps>::kFeatures];
  uint64_t unsorted;  // executions that broke something, of no cause below
  SortedCause causes[kMostCauses];
};

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_STATUS_H_
