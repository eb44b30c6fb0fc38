// How often each kind of change made a script smaller, so that the default
// effort tries only those that pay.
//
// Measured by shrinking 30 random starts of each known bug with all changes:
// docs/minimize.md. A kind that is not in the tables paid less than once in
// 5,000 tries.
#ifndef VMTRUNC_SEARCH_YIELD_H_
#define VMTRUNC_SEARCH_YIELD_H_

#include <cstdint>

#include "core/model/event.h"

namespace vmtrunc::search {

// Which changes of one kind to try.
enum class Which : uint8_t {
  kPaying,
  kAll,
};

// Which fields of an event or of the declarations a small change raises or
// lowers, a bit each.
using Delta = uint32_t;
namespace delta {
enum : Delta {
  kAndUp = 1U << 0,  // `&`
  kAndDown = 1U << 1,
  kAddrUp = 1U << 2,
  kAddrDown = 1U << 3,
  kLenUp = 1U << 4,
  kLenDown = 1U << 5,
  kNewAddrUp = 1U << 6,
  kNewAddrDown = 1U << 7,
  kNewLenUp = 1U << 8,
  kNewLenDown = 1U << 9,
  kPgoffUp = 1U << 10,
  kPgoffDown = 1U << 11,
  kFailUp = 1U << 12,
  kFailDown = 1U << 13,
  kDropUp = 1U << 14,  // which break test answers yes
  kDropDown = 1U << 15,
  kPrivateUp = 1U << 16,
  kPrivateDown = 1U << 17,
  kWriteUp = 1U << 18,
  kWriteDown = 1U << 19,
  kPopulateUp = 1U << 20,
  kPopulateDown = 1U << 21,
  kSizeUp = 1U << 22,
  kSizeDown = 1U << 23,
  kBlockUp = 1U << 24,
  kBlockDown = 1U << 25,
  kCountUp = 1U << 26,
  kCountDown = 1U << 27,
  kOperationGone = 1U << 28,
  kStepGone = 1U << 29,  // or a drop, or a finish
};
}  // namespace delta

Delta DeltaOf(const Event& before, const Event& after);
Delta DeltaOf(const Setup& before, const Setup& after);

// Two small changes at once.
bool Pays(Delta one, Delta other);
// An event in the place of another.
bool PaysInstead(const Event& gone, const Event& other);
// An event in the place of two, in their order.
bool PaysForTwo(const Event& one, const Event& two, const Event& other);
// An event more, between these two (the first or the last has one neighbour;
// then nullptr), and any other event less.
bool PaysInserted(const Event* before, const Event& event, const Event* after);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_YIELD_H_
