// The nodes of a search, as they were added.
#include "search/nodes.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace vmtrunc::search {
namespace {

void ExpectSame(const Node& node, const Node& other) {
  EXPECT_EQ(node.parent, other.parent);
  EXPECT_EQ(node.edge.kind, other.edge.kind);
  EXPECT_EQ(node.edge.task, other.edge.task);
  EXPECT_EQ(node.edge.value, other.edge.value);
}

// Parents with no child, with one, and with many; and starts in between.
TEST(Nodes, AreAsTheyWereAdded) {
  for (const unsigned most : {1U, 2U, 5U, 300U}) {
    base::Random random(most);
    Nodes nodes;
    std::vector<Node> model;
    const auto add = [&](const Node& node) {
      nodes.Add(node);
      model.push_back(node);
    };
    for (unsigned i = 0; i < 70; ++i) add(Node::OfStart(3 * i));
    for (uint32_t parent = 0; parent < model.size() && model.size() < 50'000;
         ++parent) {
      if (random.Below(1000) == 0) add(Node::OfStart(model.size()));
      const unsigned children = parent < 60            ? 0
                                : random.Below(4) == 0 ? 0
                                                       : 1 + random.Below(most);
      for (unsigned i = 0; i < children; ++i)
        add({parent,
             {static_cast<EventKind>(1 + random.Below(5)),
              static_cast<uint8_t>(random.Below(8)),
              static_cast<uint16_t>(random.Below(0x10000))}});
    }
    ASSERT_EQ(nodes.size(), model.size());
    for (uint32_t i = 0; i < model.size(); ++i) {
      ExpectSame(nodes[i], model[i]);
      EXPECT_EQ(nodes.IsStart(i), model[i].IsStart());
    }
    if (model.size() > 10'000) EXPECT_LT(nodes.bytes(), 6 * model.size());
  }
}

TEST(Nodes, ParentsAreFarApart) {
  constexpr uint32_t kStarts = 400'000, kOthers = 200;
  Nodes nodes;
  for (uint32_t i = 0; i < kStarts; ++i) nodes.Add(Node::OfStart(i));
  const auto parent = [](uint32_t i) { return i / 2 * 4'000; };
  for (uint32_t i = 0; i < kOthers; ++i)
    nodes.Add({parent(i), {EventKind::kStep, 1, 7}});
  for (uint32_t i = 0; i < kOthers; ++i)
    EXPECT_EQ(nodes[kStarts + i].parent, parent(i));
  EXPECT_EQ(nodes[kStarts - 1].start(), kStarts - 1);
}

TEST(Nodes, OneHasManyChildren) {
  Nodes nodes;
  for (unsigned i = 0; i < 1000; ++i) nodes.Add(Node::OfStart(i));
  for (uint16_t i = 0; i < 5000; ++i)
    nodes.Add({i < 2000 ? 0U : 999U, {EventKind::kStep, 1, i}});
  for (uint32_t i = 0; i < 5000; ++i) {
    EXPECT_EQ(nodes[1000 + i].parent, i < 2000 ? 0U : 999U);
    EXPECT_EQ(nodes[1000 + i].edge.value, i);
  }
}

}  // namespace
}  // namespace vmtrunc::search
