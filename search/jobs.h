// Threads that do one work.
#ifndef VMTRUNC_SEARCH_JOBS_H_
#define VMTRUNC_SEARCH_JOBS_H_

#include <system_error>
#include <thread>
#include <vector>

namespace vmtrunc::search {

// Calls work(is_own) in so many threads at once, in this one with true, and
// returns when all have returned. Returns how many there were: fewer where no
// more could be made.
template <class Work>
unsigned InThreads(unsigned jobs, const Work& work) {
  std::vector<std::jthread> others;
  others.reserve(jobs);
  for (unsigned i = 1; i < jobs; ++i) {
    try {
      others.emplace_back([&] { work(false); });
    } catch (const std::system_error&) {
      jobs = i;
    }
  }
  work(true);
  return jobs;
}

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_JOBS_H_
