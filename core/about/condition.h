// Conditions on a state: named predicates of the world, combined.
//
//   ! & | -> ( )   in this order, the strongest first; -> groups to the right
#ifndef VMTRUNC_CORE_ABOUT_CONDITION_H_
#define VMTRUNC_CORE_ABOUT_CONDITION_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/model/event.h"
#include "core/model/rules.h"

namespace vmtrunc {

// X(name in the code, name, when it is true). Each is the same for two states
// that the searches take for one (search/canonical.h).
// clang-format off
#define VMTRUNC_PREDICATES(X)                                                 \
  X(kPastSize, "past-size",                                                   \
    "a pte of a vma maps a page at or past i_size, or a private copy of one") \
  X(kRemoved, "removed",                                                      \
    "a pte of a vma maps a page that has left the page cache")                \
  X(kMapped, "mapped", "a pte of a vma maps something")                       \
  X(kCopy, "copy", "a pte of a vma maps a private copy")                      \
  X(kEmpty, "empty", "no vma is in an mm's list")                             \
  X(kRestart, "restart", "a vma in an mm's list carries a restart address")   \
  X(kShrunk, "shrunk", "i_size of a file is below what the script declares")  \
  X(kTruncating, "truncating",                                                \
    "a truncation has set i_size and has not ended")                          \
  X(kPass, "pass", "a pass is in flight, from before its first lock on")      \
  X(kDropped, "dropped", "a pass has dropped its lock and not retaken it")    \
  X(kLocked, "locked", "a task holds i_mmap_lock, alone or shared")           \
  X(kFault, "fault", "a fault is in flight, also one that populates")         \
  X(kQuiet, "quiet", "no operation is in flight")
// clang-format on

#define VMTRUNC_PREDICATE(code, name, means) code,
enum class Predicate : uint8_t { VMTRUNC_PREDICATES(VMTRUNC_PREDICATE) };
#undef VMTRUNC_PREDICATE

struct PredicateInfo {
  const char* name;
  const char* means;
};
std::span<const PredicateInfo> AllPredicates();

// What the predicates need besides the world.
struct ConditionOf {
  Rules rules;
  uint8_t sizes[2];  // of the files, as the script declares them
};

template <class C>
bool IsTrue(Predicate predicate, const World<C>& world, const ConditionOf& of);

// One expression. To ask it allocates nothing.
class Condition {
 public:
  // The most predicates and operators of one.
  static constexpr size_t kMost = 64;

  // The error names the word that was not expected.
  static absl::StatusOr<Condition> Parse(std::string_view text);

  template <class C>
  bool Holds(const World<C>& world, const ConditionOf& of) const;

 private:
  friend class ConditionParser;

  // A predicate, or one of these for what is on the stack.
  enum : uint8_t { kNot = 0x80, kAnd, kOr, kImplies };

  // In the order in which a stack of bits evaluates them.
  std::array<uint8_t, kMost> code_{};
  uint8_t size_ = 0;
};

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_ABOUT_CONDITION_H_
