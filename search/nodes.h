// How the states of a search were reached: each is one step from another, so
// only that step is stored and the state is rebuilt when needed.
#ifndef VMTRUNC_SEARCH_NODES_H_
#define VMTRUNC_SEARCH_NODES_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "search/space.h"

namespace vmtrunc::search {

// How a state was first reached.
struct Node {
  static constexpr uint32_t kStartFlag = 0x80000000;

  uint32_t parent;  // a state, or kStartFlag plus the index of a starting state
  Edge edge;        // kNone for a starting state

  static Node OfStart(size_t number) {
    return {static_cast<uint32_t>(number) | kStartFlag, {}};
  }
  bool IsStart() const { return (parent & kStartFlag) != 0; }
  // Requires: IsStart().
  uint32_t start() const { return parent & ~kStartFlag; }
};

// The nodes of a search, breadth first: parents are in their order too, so the
// distance from the one of a node shortly before is stored. 5.1 bytes a node.
class Nodes {
 public:
  // Requires: its parent is there, and not before that of any node.
  void Add(const Node& node);
  Node operator[](uint32_t number) const {
    const Step& step = StepOf(number);
    if (step.IsStart()) return Node::OfStart(ValueOf(starts_, number));
    return {ParentOf(number),
            {static_cast<EventKind>(step.kind & 7),
             static_cast<uint8_t>(step.kind >> 3), Word(step.value)}};
  }
  bool IsStart(uint32_t number) const { return StepOf(number).IsStart(); }
  // Requires: it is no start.
  uint32_t ParentOf(uint32_t number) const {
    const Step& step = StepOf(number);
    const uint16_t after = Word(step.after);
    return after == kFar ? ValueOf(far_, number)
                         : first_[number / kGroup] + after;
  }

  size_t size() const { return size_; }
  uint64_t bytes() const { return BytesFor(0); }
  // Bytes that hold `more` in addition.
  uint64_t BytesFor(uint64_t more) const;

 private:
  static constexpr size_t kPage = 1 << 12;
  static constexpr size_t kGroup = 64;
  static constexpr unsigned kFar = 0xffff;

  // Bytes, so that none are lost between two.
  struct Step {
    uint8_t after[2];  // its parent, after the group's first
    uint8_t value[2];  // of the edge
    uint8_t kind;      // of the edge, and its task times 8; 0: a start

    bool IsStart() const { return kind == 0; }
  };
  static_assert(sizeof(Step) == 5);
  using Numbers = std::vector<std::pair<uint32_t, uint32_t>>;

  static uint16_t Word(const uint8_t (&bytes)[2]) {
    return static_cast<uint16_t>(unsigned{bytes[0]} | unsigned{bytes[1]} << 8);
  }
  const Step& StepOf(uint32_t number) const {
    return pages_[number / kPage][number % kPage];
  }
  static uint32_t ValueOf(const Numbers& numbers, uint32_t node);

  std::vector<std::unique_ptr<Step[]>> pages_;
  size_t size_ = 0;
  std::vector<uint32_t> first_;  // parents, of each group
  uint32_t last_ = 0;            // parent
  // By node: numbers of starts, and parents that are far from the first.
  Numbers starts_, far_;
};

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_NODES_H_
