#include "search/nodes.h"

#include <algorithm>

#include "core/check.h"

namespace vmtrunc::search {

void Nodes::Add(const Node& node) {
  VMT_CHECK(node.IsStart() || (last_ <= node.parent && node.parent < size_));
  const auto number = static_cast<uint32_t>(size_);
  if (!node.IsStart()) last_ = node.parent;
  if (size_ % kGroup == 0) first_.push_back(last_);
  const uint32_t after = std::min<uint32_t>(last_ - first_.back(), kFar);
  if (node.IsStart())
    starts_.emplace_back(number, node.start());
  else if (after == kFar)
    far_.emplace_back(number, last_);
  if (size_ % kPage == 0)
    pages_.push_back(std::make_unique_for_overwrite<Step[]>(kPage));
  const unsigned kind =
      node.IsStart() ? 0
                     : unsigned(node.edge.kind) | unsigned{node.edge.task} << 3;
  const auto low = [](unsigned value) {
    return static_cast<uint8_t>(value & 0xff);
  };
  pages_.back()[size_ % kPage] = {
      .after = {low(after), low(after >> 8)},
      .value = {low(node.edge.value), low(node.edge.value >> 8U)},
      .kind = low(kind)};
  ++size_;
}

uint32_t Nodes::ValueOf(const Numbers& numbers, uint32_t node) {
  return std::lower_bound(numbers.begin(), numbers.end(),
                          std::pair{node, uint32_t{0}})
      ->second;
}

uint64_t Nodes::BytesFor(uint64_t more) const {
  const uint64_t pages = (size_ + more + kPage - 1) / kPage;
  const uint64_t numbers = starts_.capacity() + far_.capacity();
  return pages * (kPage * sizeof(Step) + sizeof(pages_[0])) +
         (first_.capacity() + more / kGroup) * sizeof(first_[0]) +
         numbers * sizeof(starts_[0]);
}

}  // namespace vmtrunc::search
