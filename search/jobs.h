// Threads that do one work.
#ifndef VMTRUNC_SEARCH_JOBS_H_
#define VMTRUNC_SEARCH_JOBS_H_

#include <algorithm>
#include <cstddef>
#include <system_error>
#include <thread>
#include <vector>

namespace vmtrunc::search {

// Calls work(is_own) in so many threads at once, in this one with true, and
// returns when all have returned. No more than there are parts of the work.
// Lowers `jobs` where no more threads could be made.
template <class Work>
void InThreads(unsigned& jobs, size_t parts, const Work& work) {
  const size_t wanted = std::min<size_t>(jobs, parts);
  std::vector<std::jthread> others;
  others.reserve(wanted);
  for (unsigned i = 1; i < std::min<size_t>(jobs, wanted); ++i) {
    try {
      others.emplace_back([&] { work(false); });
    } catch (const std::system_error&) {
      jobs = i;
    }
  }
  work(true);
}

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_JOBS_H_
