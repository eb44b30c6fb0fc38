// Loops of a graph of states that a fair run may stay in for ever.
#ifndef VMTRUNC_SEARCH_FAIR_H_
#define VMTRUNC_SEARCH_FAIR_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "search/graph.h"

namespace vmtrunc::search {

// Which runs count: what is demanded of each task in flight.
enum class Fairness : uint8_t {
  kNone,    // nothing
  kWeak,    // that can move from some point on without a break: it moves again
  kStrong,  // that can move infinitely often: it moves infinitely often
};

// Edges that lead from a state back to it.
struct Loop {
  uint32_t at = 0;
  std::vector<Way> ways;
};

// Finds a fair loop: for kWeak each task in flight moves in it, or cannot move
// in one of its states; for kStrong it moves in it, or can in none.
class FairLoops {
 public:
  // `droppers`: tasks, a bit each; not 0: the loop contains a drop by one of
  // them, and begins with one. The search ends early where `is_over` returns
  // true.
  FairLoops(const Graph& graph, Fairness fairness, unsigned droppers,
            std::function<bool()> is_over);

  // A loop that stays in `states`, or none. Call it once.
  std::optional<Loop> Find(const std::vector<uint32_t>& states);

  bool ended_early() const { return ended_early_; }

 private:
  static constexpr uint32_t kNoState = ~0U;

  bool IsOver() { return ended_early_ = ended_early_ || is_over_(); }
  bool Components(const std::vector<uint32_t>& states);
  void Visit(uint32_t root);
  void Close(uint32_t at);
  void Retain(const std::vector<uint32_t>& states, unsigned unable);
  std::optional<Loop> LoopIn(const std::vector<uint32_t>& part);
  std::optional<Loop> Through(const Loop& first, unsigned moves, unsigned rest);
  template <class F>
  void MoveOn(Loop& loop, F wanted) const;

  const Graph& graph_;
  const Fairness fairness_;
  const unsigned droppers_;
  const std::function<bool()> is_over_;
  bool ended_early_ = false;
  std::vector<uint32_t> set_;  // which set of states each is in, or kNoState
  uint32_t sets_ = 0;
  // Of the search for strongly connected components; those with edges.
  std::vector<uint32_t> index_, low_, stack_;
  uint32_t next_ = 0;
  std::vector<std::vector<uint32_t>> parts_;
  std::vector<std::vector<uint32_t>> todo_;  // sets of states to be looked at
};

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_FAIR_H_
