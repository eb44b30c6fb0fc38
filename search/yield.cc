#include "search/yield.h"

#include <algorithm>
#include <iterator>

namespace vmtrunc::search {
namespace {

using EventKind::kBegin;
using EventKind::kStart;
using enum Verb;

// Successes in 10,000 tries: what pays most comes first.
using Yield = uint16_t;

struct Pair {
  Delta one, other;  // in either order
  Yield yield;
};
using namespace delta;
constexpr Pair kPairs[] = {
    {kPrivateDown, kWriteDown, 2500},
    {kBlockDown, kLenUp | kPgoffDown, 2000},
    {kWriteUp, kWriteDown, 1215},
    {kNewAddrDown, kNewAddrDown, 1200},
    {kNewAddrUp, kPgoffDown, 682},
    {kPgoffDown, kWriteDown, 602},
    {kFailDown, kStepGone, 469},
    {kStepGone, kNewLenDown, 441},
    {kBlockUp, kDropDown, 399},
    {kBlockDown, kNewLenDown, 370},
    {kAddrUp, kLenDown | kNewLenDown, 364},
    {kStepGone, kLenDown, 319},
    {kDropUp, kStepGone, 318},
    {kLenUp | kPgoffDown, kWriteUp, 233},
    {kAddrUp | kLenDown, kPgoffDown, 211},
    {kAddrUp | kLenDown, kStepGone, 190},
    {kAddrDown | kLenUp, kLenDown | kPgoffUp, 110},
    {kAddrDown, kAddrDown, 108},
    {kBlockDown, kAddrUp | kLenDown, 106},
    {kAddrDown, kDropUp, 82},
    {kDropUp, kNewAddrDown, 75},
    {kAddrDown, kNewLenDown, 72},
    {kLenDown, kNewLenUp, 71},
    {kBlockDown, kLenDown, 66},
    {kAddrDown | kLenUp, kPgoffDown, 63},
    {kOperationGone, kPopulateUp, 60},
    {kDropDown, kWriteDown, 59},
    {kBlockUp, kStepGone, 48},
    {kStepGone, kStepGone, 44},
    {kAndUp, kDropDown, 43},
    {kStepGone, kNewAddrDown, 43},
    {kStepGone, kPopulateDown, 43},
    {kAndUp, kLenDown | kNewLenDown, 37},
    {kStepGone, kLenDown | kPgoffUp, 34},
    {kDropDown, kWriteUp, 33},
    {kPopulateUp, kPopulateDown, 32},
    {kLenDown | kPgoffUp, kLenDown | kPgoffUp, 30},
    {kDropDown, kPopulateDown, 29},
    {kAddrDown, kPgoffDown, 26},
    {kStepGone, kWriteUp, 26},
    {kAddrDown, kLenUp | kPgoffDown, 24},
    {kStepGone, kNewLenUp, 24},
    {kAddrUp, kAddrDown, 22},
    {kAddrDown, kNewAddrDown, 22},
    {kAddrDown, kWriteDown, 22},
    {kAddrDown | kLenUp, kStepGone, 22},
    {kAddrUp | kLenDown, kAddrDown, 17},
    {kDropUp, kDropDown, 16},
    {kDropDown, kLenDown, 16},
    {kStepGone, kNewAddrUp, 15},
    {kLenDown, kNewAddrUp, 15},
    {kSizeUp, kAddrDown, 13},
    {kStepGone, kLenUp, 13},
    {kAndUp, kAndDown, 12},
    {kAndUp, kStepGone, 12},
    {kBlockUp, kAddrDown, 11},
    {kAddrDown, kAddrDown | kLenUp, 11},
    {kAddrDown, kLenDown, 11},
    {kDropDown, kLenDown | kPgoffUp, 10},
    {kAddrUp | kLenDown, kDropDown, 9},
    {kLenUp, kLenDown, 8},
    {kLenDown | kNewLenDown, kPgoffUp, 8},
    {kOperationGone, kLenUp, 7},
    {kAddrUp, kStepGone, 5},
    {kSizeUp, kLenDown, 3},
    {kAddrDown, kLenUp, 3},
    {kCountUp, kAddrDown, 2},
    {kAddrDown | kLenUp, kLenDown, 2},
};

struct Shape {
  EventKind kind;
  Verb verb;

  bool operator==(const Shape&) const = default;
};

constexpr Shape kAStep = {EventKind::kStep, kNone};
constexpr Shape kADrop = {EventKind::kDrop, kNone};
constexpr Shape kAFinish = {EventKind::kFinish, kNone};

struct Instead {
  Shape gone, other;
  bool other_task;
  Yield yield;
};
constexpr Instead kInstead[] = {
    {{kBegin, kMunmap}, {kBegin, kMmap}, false, 7791},
    {{kStart, kMunmap}, {kStart, kMmap}, false, 4272},
    {{kBegin, kMunmap}, {kBegin, kMunmap}, false, 3333},
    {{kStart, kRevoke}, {kStart, kRevoke}, false, 3333},
    {{kStart, kPunch}, {kStart, kTruncate}, false, 3000},
    {{kStart, kMremap}, {kStart, kMremap}, false, 1392},
    {{kBegin, kMprotect}, {kBegin, kMunmap}, false, 1167},
    {{kBegin, kRemap}, {kBegin, kMunmap}, false, 1163},
    {kAFinish, kAStep, false, 952},
    {{kStart, kMprotect}, {kStart, kMprotect}, false, 795},
    {{kStart, kRemap}, {kStart, kMunmap}, false, 784},
    {{kStart, kMprotect}, {kStart, kMunmap}, false, 748},
    {{kBegin, kMunmap}, {kBegin, kExit}, false, 746},
    {{kStart, kMunmap}, {kStart, kMunmap}, false, 690},
    {{kBegin, kRemap}, {kBegin, kMmap}, false, 645},
    {{kStart, kRemap}, {kStart, kRead}, false, 543},
    {{kBegin, kMremap}, {kBegin, kFork}, false, 517},
    {{kBegin, kRemap}, {kBegin, kRead}, false, 385},
    {{kStart, kExit}, {kStart, kFork}, true, 345},
    {{kBegin, kMremap}, {kBegin, kExit}, false, 333},
    {{kStart, kMremap}, {kStart, kMunmap}, false, 309},
    {{kStart, kMprotect}, {kStart, kFork}, false, 273},
    {{kBegin, kPunch}, {kBegin, kTruncate}, false, 245},
    {{kStart, kInvalidate}, {kStart, kTruncate}, false, 199},
    {{kBegin, kMremap}, {kBegin, kMremap}, false, 192},
    {{kBegin, kInvalidate}, {kBegin, kPunch}, false, 183},
    {{kStart, kMremap}, {kStart, kMmap}, false, 170},
    {{kStart, kMremap}, {kStart, kMprotect}, false, 163},
    {{kBegin, kMunmap}, {kStart, kFork}, false, 161},
    {kADrop, kAFinish, false, 156},
    {{kStart, kMremap}, {kStart, kFork}, false, 155},
    {{kStart, kMremap}, kAStep, false, 153},
    {{kStart, kMunmap}, {kStart, kExit}, false, 143},
    {{kBegin, kMmap}, {kBegin, kMmap}, false, 124},
    {kADrop, kAStep, false, 123},
    {{kStart, kRemap}, {kStart, kMmap}, false, 115},
    {{kStart, kRemap}, {kStart, kMprotect}, false, 111},
    {{kStart, kMmap}, {kStart, kFork}, true, 110},
    {{kStart, kMprotect}, {kStart, kMmap}, false, 100},
    {{kStart, kMremap}, {kStart, kExit}, true, 95},
    {{kBegin, kMremap}, {kBegin, kMmap}, false, 85},
    {{kStart, kMremap}, {kStart, kExit}, false, 77},
    {{kStart, kMmap}, {kStart, kMmap}, false, 75},
    {{kStart, kMmap}, {kStart, kFork}, false, 61},
    {{kStart, kRead}, {kStart, kRead}, true, 59},
    {{kBegin, kMremap}, {kBegin, kMunmap}, false, 57},
    {{kBegin, kInvalidate}, {kBegin, kTruncate}, false, 34},
    {{kStart, kInvalidate}, {kStart, kInvalidate}, false, 30},
    {{kBegin, kMremap}, {kBegin, kMprotect}, false, 29},
    {{kBegin, kTruncate}, {kStart, kTruncate}, false, 24},
    {{kStart, kMmap}, kAStep, true, 23},
    {kAStep, {kStart, kExit}, false, 21},
    {{kStart, kMmap}, {kStart, kMprotect}, false, 16},
    {{kStart, kMmap}, {kStart, kRead}, false, 13},
    {kAStep, {kStart, kTruncate}, false, 13},
    {{kStart, kMmap}, {kStart, kMmap}, true, 8},
    {{kStart, kMmap}, {kStart, kMunmap}, false, 5},
    {{kStart, kMmap}, kAStep, false, 5},
    {{kStart, kMmap}, {kBegin, kMmap}, false, 4},
};

struct ForTwo {
  Shape one, two, other;
  Yield yield;
};
constexpr ForTwo kForTwo[] = {
    {{kStart, kExit}, {kBegin, kFork}, {kBegin, kFork}, 1739},
    {{kBegin, kPunch}, kAStep, {kBegin, kInvalidate}, 673},
    {{kBegin, kMunmap}, {kBegin, kFork}, {kBegin, kMremap}, 526},
    {{kStart, kMmap}, {kStart, kPunch}, {kStart, kMmap}, 312},
    {{kBegin, kPunch}, kAStep, {kBegin, kTruncate}, 293},
    {{kStart, kExit}, {kStart, kFork}, kAFinish, 130},
    {{kStart, kMmap}, {kStart, kRead}, {kStart, kMmap}, 89},
    {{kStart, kMunmap}, {kStart, kFork}, {kStart, kMremap}, 61},
    {{kBegin, kInvalidate}, kAFinish, {kStart, kInvalidate}, 57},
    {{kStart, kFork}, {kBegin, kTruncate}, {kBegin, kTruncate}, 38},
    {{kBegin, kRead}, kAFinish, {kStart, kRead}, 36},
    {{kStart, kMmap}, {kStart, kMunmap}, {kStart, kMmap}, 19},
    {{kStart, kExit}, {kStart, kFork}, {kStart, kMmap}, 19},
    {kAStep, kAStep, kADrop, 11},
    {{kStart, kMmap}, {kBegin, kRead}, {kBegin, kMmap}, 10},
    {{kStart, kMmap}, kADrop, kAStep, 8},
    {{kBegin, kTruncate}, {kStart, kTruncate}, {kBegin, kPunch}, 7},
    {{kBegin, kMmap}, kAFinish, {kStart, kMmap}, 7},
    {{kStart, kMprotect}, kADrop, {kStart, kMprotect}, 5},
    {{kBegin, kTruncate}, kADrop, {kBegin, kPunch}, 4},
    {{kBegin, kRead}, kAStep, {kStart, kMmap}, 4},
    {{kBegin, kRead}, kAFinish, {kStart, kMmap}, 4},
    {{kStart, kMmap}, {kBegin, kMmap}, {kBegin, kMmap}, 3},
    {{kBegin, kMmap}, kAStep, {kBegin, kMremap}, 2},
    {kAStep, kAStep, {kStart, kTruncate}, 2},
};

// Whose event a neighbour is.
enum class Neighbour : uint8_t { kSameTask, kOtherTask, kNoTask };
using enum Neighbour;

struct Inserted {
  Shape event;
  Neighbour before, after;
  Yield yield;
};
constexpr Inserted kInserted[] = {
    {{kStart, kFork}, kOtherTask, kNoTask, 18},
    {{kStart, kFork}, kSameTask, kSameTask, 16},
    {{kStart, kTruncate}, kSameTask, kOtherTask, 11},
    {{kStart, kMprotect}, kOtherTask, kSameTask, 8},
    {{kStart, kMmap}, kOtherTask, kSameTask, 4},
    {{kBegin, kFork}, kOtherTask, kOtherTask, 3},
    {{kBegin, kMprotect}, kSameTask, kSameTask, 2},
};

Shape ShapeOf(const Event& event) { return {event.kind, event.verb}; }

Neighbour NeighbourOf(const Event& event, const Event* beside) {
  if (beside == nullptr) return kNoTask;
  return beside->task == event.task ? kSameTask : kOtherTask;
}

// `up` if the second is larger, `down` if it is smaller.
Delta Step(uint32_t before, uint32_t after, Delta up, Delta down) {
  return after > before ? up : after < before ? down : Delta{0};
}

}  // namespace

Delta DeltaOf(const Event& before, const Event& after) {
  const bool was_begin = before.kind == kBegin, is_begin = after.kind == kBegin;
  return Step(was_begin, is_begin, kAndUp, kAndDown) |
         Step(before.addr, after.addr, kAddrUp, kAddrDown) |
         Step(before.len, after.len, kLenUp, kLenDown) |
         Step(before.new_addr, after.new_addr, kNewAddrUp, kNewAddrDown) |
         Step(before.new_len, after.new_len, kNewLenUp, kNewLenDown) |
         Step(before.pgoff, after.pgoff, kPgoffUp, kPgoffDown) |
         Step(before.fail_after, after.fail_after, kFailUp, kFailDown) |
         Step(before.count, after.count, kDropUp, kDropDown) |
         Step(before.is_private, after.is_private, kPrivateUp, kPrivateDown) |
         Step(before.write, after.write, kWriteUp, kWriteDown) |
         Step(before.populate, after.populate, kPopulateUp, kPopulateDown);
}

Delta DeltaOf(const Setup& before, const Setup& after) {
  return Step(before.sizes[0], after.sizes[0], kSizeUp, kSizeDown) |
         Step(before.block, after.block, kBlockUp, kBlockDown) |
         Step(before.count, after.count, kCountUp, kCountDown);
}

bool Pays(Delta one, Delta other) {
  return std::any_of(std::begin(kPairs), std::end(kPairs), [&](const Pair& it) {
    return (it.one == one && it.other == other) ||
           (it.one == other && it.other == one);
  });
}

bool PaysInstead(const Event& gone, const Event& other) {
  return std::any_of(
      std::begin(kInstead), std::end(kInstead), [&](const Instead& it) {
        return it.gone == ShapeOf(gone) && it.other == ShapeOf(other) &&
               it.other_task == (gone.task != other.task);
      });
}

bool PaysForTwo(const Event& one, const Event& two, const Event& other) {
  return std::any_of(
      std::begin(kForTwo), std::end(kForTwo), [&](const ForTwo& it) {
        return it.one == ShapeOf(one) && it.two == ShapeOf(two) &&
               it.other == ShapeOf(other);
      });
}

bool PaysInserted(const Event* before, const Event& event, const Event* after) {
  return std::any_of(std::begin(kInserted), std::end(kInserted),
                     [&](const Inserted& it) {
                       return it.event == ShapeOf(event) &&
                              it.before == NeighbourOf(event, before) &&
                              it.after == NeighbourOf(event, after);
                     });
}

}  // namespace vmtrunc::search
