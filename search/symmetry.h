// Tasks and mms that may change names: what they may do is the same.
#ifndef VMTRUNC_SEARCH_SYMMETRY_H_
#define VMTRUNC_SEARCH_SYMMETRY_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "core/model/names.h"
#include "core/model/world.h"
#include "search/bound.h"

namespace vmtrunc::search {

// All names under which the problem stays the same: tasks that may start the
// same operations change names, and with them their mms. Nothing that a kernel
// does depends on what a task or an mm is called; so a state under other names
// does what it did, under these names. Only at the end of a script is it
// otherwise: the tasks run to their ends in their order.
template <class C>
class Symmetry {
 public:
  // Of nothing: everything keeps its name.
  Symmetry() : all_(1) {}
  // `start` is any starting state. `planted`: a mistake, for tests; it takes
  // all tasks that may start something for alike.
  Symmetry(const Problem& problem, const World<C>& start, bool planted = false);

  // 1: everything keeps its name.
  size_t size() const { return all_.size(); }
  const Names<C>& operator[](size_t number) const { return all_[number]; }

  // Calls f(names) for those under which a digest of each task and mm, which
  // has no names in it, comes in the lowest order. These are the same for a
  // state and for what it is under other names.
  template <class F>
  void ForEachLeast(const World<C>& w, const F& f) const {
    if (size() == 1) return f(all_[0]);
    const Digests its = DigestsOf(w);
    Digests least = Under(all_[0], its);
    for (size_t i = 1; i < size(); ++i)
      least = std::min(least, Under(all_[i], its));
    for (const Names<C>& names : all_)
      if (Under(names, its) == least) f(names);
  }

 private:
  using Digests = std::array<uint64_t, C::kTasks + C::kMms>;

  static Digests DigestsOf(const World<C>& w);
  static Digests Under(const Names<C>& names, const Digests& its) {
    Digests named;
    for (unsigned i = 0; i < C::kTasks; ++i) named[i] = its[names.task_of[i]];
    for (unsigned i = 0; i < C::kMms; ++i)
      named[C::kTasks + i] = its[C::kTasks + names.mm_of[i]];
    return named;
  }

  // What tasks may start: two of one number the same, 0 nothing.
  using Classes = std::array<size_t, C::kTasks>;
  static Classes ClassesOf(const Problem& problem);
  void Extend(const Classes& classes, const World<C>& start, unsigned task,
              unsigned named, Names<C> names);

  std::vector<Names<C>> all_;
};

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SYMMETRY_H_
