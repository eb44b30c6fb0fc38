// A graph of states, as a search for loops walks it.
#ifndef VMTRUNC_SEARCH_GRAPH_H_
#define VMTRUNC_SEARCH_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "search/space.h"

namespace vmtrunc::search {

struct Way {
  uint32_t to;
  Edge edge;
};

// Numbered states, and the edges between them: those of each state together,
// in the order of the states. So a state takes 10 bytes and an edge 8.
class Graph {
 public:
  void AddState(unsigned busy) {
    busy_.push_back(static_cast<uint8_t>(busy));
    able_.push_back(0);
  }
  // The edges that are added from now on are those of the next state.
  void BeginWays() { first_.push_back(ways_.size()); }
  void AddWay(const Way& way) { ways_.push_back(way); }
  // The task can move: also where the bound has no struct for it.
  void NoteAble(size_t at, unsigned task) {
    able_[at] = static_cast<uint8_t>(able_[at] | 1U << task);
  }

  uint32_t size() const { return static_cast<uint32_t>(busy_.size()); }
  uint64_t edges() const { return ways_.size(); }
  std::span<const Way> WaysFrom(uint32_t at) const {
    const uint64_t end = at + 1 < first_.size() ? first_[at + 1] : ways_.size();
    return {ways_.data() + first_[at], ways_.data() + end};
  }
  // Tasks in flight, a bit each; and those that can move.
  unsigned busy(uint32_t at) const { return busy_[at]; }
  unsigned able(uint32_t at) const { return able_[at]; }

  uint64_t bytes() const {
    return ways_.capacity() * sizeof(Way) +
           first_.capacity() * sizeof(first_[0]) + busy_.capacity() +
           able_.capacity();
  }

 private:
  std::vector<uint64_t> first_;  // of each state's edges
  std::vector<Way> ways_;
  std::vector<uint8_t> busy_, able_;
};

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_GRAPH_H_
