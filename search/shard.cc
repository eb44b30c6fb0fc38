#include "search/shard.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/check.h"
#include "core/model/world.h"

namespace vmtrunc::search {
namespace {

// The starting states in a random order: distributed in their own order, each
// shard of 25 would always get the same second mapping.
std::vector<Script> Shuffled(const std::vector<Script>& starts) {
  std::vector<std::pair<uint64_t, size_t>> order;
  for (size_t i = 0; i < starts.size(); ++i) {
    const std::string text = ToText(starts[i]);
    order.emplace_back(HashBytes(text.data(), text.size()), i);
  }
  std::sort(order.begin(), order.end());
  std::vector<Script> shuffled;
  for (const auto& [hash, i] : order) shuffled.push_back(starts[i]);
  return shuffled;
}

}  // namespace

Problem PartOf(const Problem& problem, Shard shard) {
  VMT_CHECK(shard.number < shard.shards);
  VMT_CHECK(problem.first_shares == 1);
  const std::vector<Script> all = Shuffled(problem.starts);
  const size_t starts = all.size();
  Problem part = problem;
  part.starts.clear();
  for (size_t i = shard.number % starts; i < starts; i += shard.shards)
    part.starts.push_back(all[i]);
  if (!SplitsByFirstOperation(problem, shard.shards)) return part;
  const size_t start = shard.number % starts;
  part.first_share = static_cast<unsigned>(shard.number / starts);
  part.first_shares =
      static_cast<unsigned>((shard.shards - start + starts - 1) / starts);
  return part;
}

bool SplitsByFirstOperation(const Problem& problem, unsigned shards) {
  return shards > problem.starts.size();
}

}  // namespace vmtrunc::search
