#include "search/found.h"

#include <atomic>
#include <new>

#include "search/jobs.h"

namespace vmtrunc::search {
namespace {

constexpr size_t kFew = 1 << 14;  // candidates: starting a thread takes longer
constexpr size_t kAhead = 8;      // candidates that are loaded meanwhile

void MarkShare(std::span<Found> all, Fingerprints& seen, unsigned share,
               unsigned shares) {
  for (Found& found : all) {
    for (size_t i = 0; i < found.candidates.size(); ++i) {
      if (i + kAhead < found.candidates.size())
        seen.Prefetch(found.candidates[i + kAhead].key);
      const uint64_t key = found.candidates[i].key;
      if (seen.PartNumber(key) % shares == share)
        found.is_new[i] = seen.Add(key);
    }
  }
}

}  // namespace

void MarkNew(std::span<Found> all, Fingerprints& seen, unsigned& jobs) {
  size_t candidates = 0;
  for (Found& found : all) {
    found.is_new.resize(found.candidates.size());
    candidates += found.candidates.size();
  }
  const unsigned shares = candidates < kFew ? 1 : jobs;
  std::atomic<unsigned> next = 0;
  std::atomic<bool> no_memory = false;
  InThreads(jobs, shares, [&](bool) {
    try {
      for (unsigned i = next++; i < shares; i = next++)
        MarkShare(all, seen, i, shares);
    } catch (const std::bad_alloc&) {
      no_memory = true;
    }
  });
  if (no_memory) throw std::bad_alloc();
}

}  // namespace vmtrunc::search
