// The search that trusts no table: states as they are, each step of each task.
#include <algorithm>
#include <deque>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "search/self_check.h"
#include "search/space.h"
#include "search/store.h"

namespace vmtrunc::search {
namespace {

template <class C>
class PlainSearch {
 public:
  PlainSearch(const Problem& problem, const ProveOptions& options,
              SelfCheckWay& way, SelfCheck& found)
      : problem_(problem),
        plain_options_(With(options, true, false)),
        normal_options_(With(options, false, false)),
        reduced_options_(With(options, false, true)),
        plain_(problem, plain_options_),
        normal_(problem, normal_options_),
        reduced_(problem, reduced_options_),
        way_(way),
        found_(found) {}

  // Whether it was cut off at a violation of a property that depends on the
  // past of passes. After that the states would be endless.
  bool IsCut() const { return cut_; }

  void Run() {
    for (size_t i = 0; i < problem_.starts.size(); ++i) {
      const State<C> state = plain_.Start(i);
      if (state.world.ran_out == 0)
        Meet(state, {static_cast<uint32_t>(i), {}}, 0);
    }
    for (uint32_t at = 0; at < nodes_.size(); ++at) {
      const State<C> state = std::move(frontier_.front());
      frontier_.pop_front();
      way_.states = nodes_.size();
      if (const RanOut why = WhyToStop(plain_options_); why != RanOut::kNothing)
        return Stop(why);
      if (Bytes() > plain_options_.most_bytes) return Stop(RanOut::kMemory);
      if (at % 1024 == 0 && plain_options_.on_progress)
        plain_options_.on_progress({.states = nodes_.size(),
                                    .expanded = at,
                                    .left = nodes_.size() - at,
                                    .bytes = Bytes()});
      edges_.clear();
      plain_.Edges(state, edges_);
      Merged& form = FormOf(state, at);
      const bool goes_on = ++form.states <= kMostOfOne;
      if (!goes_on) ++found_.one_step;
      CheckMerge(state, at, form, Expand(state, at, goes_on));
      CheckOrders(state, at);
    }
    way_.states = nodes_.size();
    way_.is_through = true;
  }

 private:
  struct Node {
    uint32_t from;  // a state, or the number of a start
    Edge edge;      // kNone for a start
  };
  struct Merged {
    uint64_t future;  // a hash of possible continuations
    uint32_t node;    // the first
    uint32_t states;  // so far
  };
  // Counts and births grow for ever if a pass can start again for ever. So of
  // the states with the same normal form some are expanded; the others must
  // have the successors of the first, and no more.
  static constexpr uint32_t kMostOfOne = 4;

  static ProveOptions With(ProveOptions options, bool plain, bool reduce) {
    options.steps_only = true;
    options.reduce = reduce;
    options.plain = plain;
    return options;
  }

  void Stop(RanOut why) { way_.ran_out = why; }

  uint64_t Bytes() const {
    return seen_.bytes() + nodes_.capacity() * sizeof(Node) +
           frontier_.size() * sizeof(State<C>) +
           merged_.capacity() * (sizeof(Merged) + 2 * sizeof(uint64_t));
  }

  // Records a state that was reached, if it is new.
  void Meet(const State<C>& state, const Node& way, uint32_t broken_before) {
    const uint32_t breaks = plain_.Broken(state) & ~broken_before;
    Break(breaks, way);
    if ((plain_.Broken(state) & kHistoryProperties) != 0) {
      cut_ = true;
      return;
    }
    if (!seen_.Add(plain_.Key(state) | 1)) return;
    nodes_.push_back(way);
    frontier_.push_back(state);
    Break(plain_.BrokenAtEnd(state), way);
  }

  void Break(uint32_t properties, const Node& way) {
    for (unsigned i = 0; i < kProperties; ++i) {
      if (((properties & ~way_.broken) >> i & 1) == 0) continue;
      way_.broken |= 1U << i;
      way_.scripts[i] = ScriptOf(way);
    }
  }

  // A hash of the successors, by the normal form, in any order: under other
  // names they come in another one.
  uint64_t Expand(const State<C>& state, uint32_t at, bool goes_on) {
    uint64_t future = 0;
    for (const Edge& edge : edges_) {
      State<C> next = state;
      const bool effect = plain_.Apply(next, edge);
      future += Future(state, edge, next, effect);
      if (goes_on && effect && next.world.ran_out == 0)
        Meet(next, {at, edge}, plain_.Broken(state));
    }
    return future;
  }
  uint64_t Future(const State<C>& state, const Edge& edge, const State<C>& next,
                  bool effect) const {
    if (!effect) return 0;
    const uint64_t parts[] = {uint64_t(edge.kind),
                              next.world.ran_out != 0 ? 0 : normal_.Key(next),
                              plain_.Broken(next) & ~plain_.Broken(state)};
    return HashBytes(parts, sizeof(parts));
  }

  // Its normal form, with the properties violated on the way.
  Merged& FormOf(const State<C>& state, uint32_t at) {
    const uint64_t parts[] = {normal_.Key(state), plain_.Broken(state)};
    return merged_
        .try_emplace(HashBytes(parts, sizeof(parts)), Merged{0, at, 0})
        .first->second;
  }

  // Two states that the normal form equates must continue alike.
  void CheckMerge(const State<C>& state, uint32_t at, Merged& form,
                  uint64_t future) {
    if (told_merge_) return;
    if (form.node == at) form.future = future;
    if (form.node == at) return;
    ++found_.merged;
    if (form.future == future) return;
    told_merge_ = true;
    SelfCheckDifference difference{
        "the normal form takes two states for one, and they continue "
        "differently",
        {ScriptOf(nodes_[form.node]), ScriptOf(nodes_[at])}};
    const State<C> states[] = {StateOf(form.node), state};
    for (const unsigned one : {1U, 0U}) {
      const Event event = OwnEvent(states[one], states[1 - one]);
      if (event.kind == EventKind::kNone) continue;
      Script& script = difference.scripts[one];
      absl::StrAppend(&difference.what, " at `", ToText(event, script), "`");
      script.events.push_back(event);
      break;
    }
    Tell(std::move(difference));
  }

  // An event of one state that leads where none of the other's does; kNone if
  // there is none.
  Event OwnEvent(const State<C>& one, const State<C>& other) const {
    const auto futures = [&](const State<C>& state, const auto& f) {
      std::vector<Edge> edges;
      plain_.Edges(state, edges);
      for (const Edge& edge : edges) {
        State<C> next = state;
        const bool effect = plain_.Apply(next, edge);
        f(edge, Future(state, edge, next, effect));
      }
    };
    std::vector<uint64_t> others;
    futures(other, [&](const Edge&, uint64_t it) { others.push_back(it); });
    Event own;
    futures(one, [&](const Edge& edge, uint64_t it) {
      const auto at = std::find(others.begin(), others.end(), it);
      if (at != others.end())
        others.erase(at);
      else if (own.kind == EventKind::kNone)
        own = plain_.EventOf(edge);
    });
    return own;
  }

  // A step that is taken early must lead to the same state after any step that
  // another task may take first.
  void CheckOrders(const State<C>& state, uint32_t at) {
    for (uint8_t task = 0; task < C::kTasks && !told_order_; ++task) {
      State<C> early = state;
      if (state.world.tasks[task].op.verb == Verb::kNone ||
          !reduced_.StepEarly(early, task, nullptr))
        continue;
      for (const Edge& edge : edges_)
        if (edge.task != task) CheckOrder(state, at, early, task, edge);
    }
  }
  void CheckOrder(const State<C>& state, uint32_t at, const State<C>& early,
                  uint8_t task, const Edge& edge) {
    State<C> first = state, second = early;
    // A drop may be many steps: only those of one hold are checked.
    if (edge.kind == EventKind::kDrop &&
        state.world.files[0].i_mmap_lock != edge.task)
      return;
    // The other may have taken page_table_lock, and releases it without
    // anything that the task holds: a delay.
    const Edge step{EventKind::kStep, task, 0};
    if (!plain_.Apply(first, edge) || !plain_.Apply(first, step)) return;
    const bool effect = plain_.Apply(second, edge);
    if (first.world.ran_out != 0 && second.world.ran_out != 0) return;
    ++found_.orders;
    if (effect && plain_.Broken(first) == plain_.Broken(second) &&
        normal_.Key(first) == normal_.Key(second))
      return;
    if (told_order_) return;
    told_order_ = true;
    Script script = ScriptOf(nodes_[at]);
    const Event other = plain_.EventOf(edge), own = plain_.EventOf(step);
    script.events.push_back(other);
    script.events.push_back(own);
    Tell({absl::StrCat("`", ToText(own, script),
                       "` comes first, whatever others "
                       "may do, and `",
                       ToText(other, script), "` before it leads elsewhere"),
          {std::move(script)}});
  }

  // Once, if it is searched again.
  void Tell(SelfCheckDifference difference) {
    for (const SelfCheckDifference& told : found_.differences)
      if (told.what == difference.what) return;
    found_.differences.push_back(std::move(difference));
  }

  std::vector<Node> TrailOf(const Node& way) const {
    std::vector<Node> trail = {way};
    while (trail.back().edge.kind != EventKind::kNone)
      trail.push_back(nodes_[trail.back().from]);
    return {trail.rbegin(), trail.rend()};
  }
  Script ScriptOf(const Node& way) const {
    const std::vector<Node> trail = TrailOf(way);
    Script script = problem_.starts[trail.front().from];
    for (size_t i = 1; i < trail.size(); ++i)
      script.events.push_back(plain_.EventOf(trail[i].edge));
    return script;
  }
  State<C> StateOf(uint32_t node) const {
    const std::vector<Node> trail = TrailOf(nodes_[node]);
    State<C> state = plain_.Start(trail.front().from);
    for (size_t i = 1; i < trail.size(); ++i)
      plain_.Apply(state, trail[i].edge);
    return state;
  }

  const Problem& problem_;
  const ProveOptions plain_options_, normal_options_, reduced_options_;
  const Space<C> plain_, normal_, reduced_;
  SelfCheckWay& way_;
  SelfCheck& found_;
  Fingerprints seen_;
  std::vector<Node> nodes_;
  std::deque<State<C>> frontier_;                 // not expanded yet
  absl::flat_hash_map<uint64_t, Merged> merged_;  // by normal form
  std::vector<Edge> edges_;
  bool cut_ = false;
  bool told_merge_ = false, told_order_ = false;
};

// Searches again without the properties that cut it off, as the other searches
// do.
template <class C>
void SearchAllPlainly(const Problem& problem, ProveOptions options,
                      SelfCheckWay& way, SelfCheck& found) {
  for (;;) {
    way.is_through = false;
    PlainSearch<C> search(problem, options, way, found);
    search.Run();
    if (!way.is_through || !search.IsCut()) return;
    options.properties &= ~(way.broken & kHistoryProperties);
  }
}

}  // namespace

void SearchPlainly(const Problem& problem, const ProveOptions& options,
                   SelfCheckWay& way, SelfCheck& found) {
  if (Fits<SmallCaps>(problem))
    SearchAllPlainly<SmallCaps>(problem, options, way, found);
  else
    SearchAllPlainly<LargeCaps>(problem, options, way, found);
}

}  // namespace vmtrunc::search
