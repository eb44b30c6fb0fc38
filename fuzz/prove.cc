#include "fuzz/prove.h"

#include <algorithm>
#include <bit>
#include <mutex>
#include <span>
#include <thread>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "fuzz/checkpoint.h"
#include "fuzz/shrink.h"
#include "fuzz/space.h"
#include "fuzz/store.h"

namespace vmtrunc {
namespace {

constexpr size_t kChunk = 256;      // states that a job takes at once
constexpr size_t kBlock = 1 << 15;  // states between two merges
constexpr uint32_t kStartFlag = 0x80000000;
constexpr uint64_t kExactState = 300;  // bytes of one, for an estimate

// How a state was first reached.
struct Node {
  uint32_t parent;  // a state, or kStartFlag and the number of a start
  Edge edge;        // kNone for a start
};

struct Candidate {
  uint64_t key;
  Node node;
  std::string state;  // packed, where fingerprints are not enough
};

// What one chunk of states leads to.
struct Found {
  std::vector<Candidate> candidates;
  uint64_t transitions = 0, beyond = 0;
  bool breaks = false;  // behind an edge, there or where the script ends there
  Node next;            // the first such edge
};

// Some of the candidates of a chunk, so that few are looked at twice.
class Recent {
 public:
  void Clear() { keys_.assign(kSlots, 0); }
  // Returns whether it is none of them.
  bool Add(uint64_t key) {
    uint64_t& slot = keys_[key >> 1 & (kSlots - 1)];
    if (slot == key) return false;
    slot = key;
    return true;
  }

 private:
  static constexpr size_t kSlots = 1 << 12;
  std::vector<uint64_t> keys_;
};

template <class C>
class Search {
 public:
  Search(const Problem& problem, const ProveOptions& options)
      : problem_(problem), options_(options), space_(problem, options) {
    VMT_CHECK(!options.reduce || options.steps_only);
    VMT_CHECK(!options.exact || options.checkpoint.empty());
  }

  ProveResult Run() {
    if (!Resume()) return std::move(result_);
    for (;; ++depth_) {
      if (depth_ >= result_.levels.size()) {
        if (!AddStarts()) break;
        if (!Save()) return std::move(result_);
        result_.levels.push_back(nodes_.size() - begin_);
      }
      if (begin_ == nodes_.size() && depth_ > MostStartEvents()) {
        result_.answer = Answer::kHolds;
        break;
      }
      if (!Level()) break;
    }
    Report();
    result_.progress = progress_;
    result_.is_reduced = options_.reduce;
    result_.held_events = HeldEvents();
    return std::move(result_);
  }

 private:
  // Makes the world of a state again. Neighbours share most of their trail.
  class Guide {
   public:
    explicit Guide(const Search& search) : search_(search) {}

    const State<C>& At(uint32_t node) {
      trail_.clear();
      for (uint32_t at = node;; at = search_.nodes_[at].parent) {
        trail_.push_back(at);
        if ((search_.nodes_[at].parent & kStartFlag) != 0) break;
      }
      size_t same = 0;
      while (same < stack_.size() && same < trail_.size() &&
             stack_[same].first == trail_[trail_.size() - 1 - same])
        ++same;
      stack_.resize(same, {0, State<C>(search_.options_.rules)});
      for (size_t i = same; i < trail_.size(); ++i) {
        const uint32_t at = trail_[trail_.size() - 1 - i];
        const Node& step = search_.nodes_[at];
        if (i == 0) {
          stack_.emplace_back(at,
                              search_.space_.Start(step.parent & ~kStartFlag));
          continue;
        }
        stack_.push_back(stack_.back());
        stack_.back().first = at;
        search_.space_.Apply(stack_.back().second, step.edge);
      }
      return stack_.back().second;
    }

   private:
    const Search& search_;
    std::vector<uint32_t> trail_;  // from the state to its start
    std::vector<std::pair<uint32_t, State<C>>> stack_;
  };

  // Reads what the checkpoint has: the state of the search with the states of
  // its last level not expanded. False when it cannot be used.
  bool Resume() {
    if (options_.checkpoint.empty()) return true;
    const absl::Status opened = checkpoint_.Open(
        options_.checkpoint, options_.reduce ? "prove-reduced" : "prove", Id());
    if (!opened.ok()) return Fail(opened);
    for (Checkpoint::Level level; checkpoint_.Read(level);) {
      begin_ = nodes_.size();
      depth_ = static_cast<unsigned>(result_.levels.size());
      result_.levels.push_back(level.keys.size());
      progress_.transitions = level.transitions;
      result_.beyond = level.beyond;
      for (size_t i = 0; i < level.keys.size(); ++i) {
        const Node node = std::bit_cast<Node>(level.nodes[i]);
        Keep({level.keys[i], node, {}});
      }
    }
    keys_.clear();
    result_.resumed = nodes_.size();
    return true;
  }

  // Keeps the states of the level that is complete now.
  bool Save() {
    if (options_.checkpoint.empty()) return true;
    Checkpoint::Level level{progress_.transitions, result_.beyond, {}, {}};
    level.keys.swap(keys_);
    for (size_t i = begin_; i < nodes_.size(); ++i)
      level.nodes.push_back(std::bit_cast<uint64_t>(nodes_[i]));
    const absl::Status saved = checkpoint_.Append(level);
    return saved.ok() || Fail(saved);
  }

  bool Fail(const absl::Status& status) {
    result_.answer = Answer::kFailed;
    result_.why = std::string(status.message());
    return false;
  }

  // Of all that the states and their order depend on.
  uint64_t Id() const {
    const uint64_t parts[] = {ProblemId(problem_, options_), sizeof(World<C>)};
    return HashBytes(parts, sizeof(parts));
  }

  size_t MostStartEvents() const {
    size_t most = 0;
    for (const Script& start : problem_.starts)
      most = std::max(most, start.events.size());
    return most;
  }

  // The starts that take as many events as this level has. False when one of
  // them is broken.
  bool AddStarts() {
    for (size_t i = 0; i < problem_.starts.size(); ++i) {
      if (problem_.starts[i].events.size() != depth_) continue;
      const State<C> state = space_.Start(i);
      if (state.world.ran_out != 0) {
        ++result_.beyond;
        continue;
      }
      const Node node{static_cast<uint32_t>(i) | kStartFlag, {}};
      Keep({space_.Key(state) | 1, node, Packed(state)});
      if ((space_.Broken(state) | space_.BrokenAtEnd(state)) == 0) continue;
      Breaks(node);
      return false;
    }
    return true;
  }

  void Keep(const Candidate& candidate) {
    if (!options_.exact) {
      if (!seen_.Add(candidate.key)) return;
    } else {
      if (!exact_.insert(candidate.state).second) return;
      exact_bytes_ += BytesOf(candidate.state);
    }
    if (options_.on_state) options_.on_state(candidate.key);
    nodes_.push_back(candidate.node);
    if (!options_.checkpoint.empty()) keys_.push_back(candidate.key);
  }

  // The states of the level that is being expanded were looked at when they
  // were found. Where edges are no events, their number says nothing of these;
  // and a reduced search of a share leaves to other shares what begins
  // differently and comes to the same.
  unsigned HeldEvents() const {
    if (result_.answer == Answer::kHolds && !options_.reduce)
      return options_.most_events;
    if (result_.answer == Answer::kHolds && problem_.first_shares == 1)
      return kAnyEvents;
    if (options_.steps_only) return 0;
    if (result_.answer != Answer::kBreaks) return depth_;
    return static_cast<unsigned>(result_.script.events.size()) - 1;
  }

  // Expands the states of this level. False when the search is over.
  bool Level() {
    const size_t end = nodes_.size();
    if (depth_ == options_.most_events) {
      result_.answer = Answer::kHolds;
      return false;
    }
    for (size_t from = begin_; from < end; from += kBlock) {
      const size_t to = std::min(end, from + kBlock);
      progress_.left = end - from;
      if (!Block(from, to)) return false;
      for (const Found& found : found_) {
        if (!found.breaks) continue;
        Breaks(found.next);
        return false;
      }
      progress_.expanded = to;
      progress_.left = end - to;
      Report();
      Merge();
    }
    begin_ = end;
    return true;
  }

  // Expands some states, each job a chunk at a time.
  bool Block(size_t from, size_t to) {
    found_.assign((to - from + kChunk - 1) / kChunk, {});
    std::atomic<size_t> chunk = 0;
    const auto work = [&] {
      Guide guide(*this);
      Recent recent;
      std::vector<uint8_t> features(
          options_.features == nullptr ? 0 : Checker<C>::kFeatures);
      for (;;) {
        const size_t i = chunk++;
        // A block may take a minute, and who is to be preempted has less.
        if (i >= found_.size() || Stopped()) break;
        const size_t first = from + i * kChunk;
        Expand(guide, first, std::min(to, first + kChunk), recent, features,
               found_[i]);
      }
      const std::lock_guard<std::mutex> lock(features_mutex_);
      AddSeen({options_.features, features.size()}, features);
    };
    std::vector<std::thread> others;
    for (unsigned i = 1; i < options_.jobs; ++i) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
    uint64_t more = 0;
    for (const Found& found : found_) {
      progress_.transitions += found.transitions;
      result_.beyond += found.beyond;
      more += found.candidates.size();
    }
    if (Stopped()) {
      result_.stopped = true;
      return Stop("it was stopped");
    }
    if (nodes_.size() + more >= kStartFlag) return Stop("of state numbers");
    if (nodes_.size() >= options_.most_states) return Stop("of states");
    const uint64_t bytes = seen_.BytesFor(more) +
                           (nodes_.size() + more) * sizeof(Node) * 2 +
                           more * sizeof(Candidate) + exact_bytes_ +
                           (options_.exact ? more * kExactState : 0);
    return bytes <= options_.most_bytes || Stop("of memory");
  }

  bool Stopped() const {
    return options_.stop != nullptr && options_.stop->load();
  }

  bool Stop(const char* why) {
    result_.answer = Answer::kRanOut;
    result_.why = why;
    return false;
  }

  void Expand(Guide& guide, size_t first, size_t end, Recent& recent,
              std::span<uint8_t> features, Found& found) {
    std::vector<Edge> edges;
    recent.Clear();
    for (size_t node = first; node < end; ++node) {
      const State<C>& state = guide.At(static_cast<uint32_t>(node));
      edges.clear();
      space_.Edges(state, edges);
      if ((nodes_[node].parent & kStartFlag) != 0)
        space_.KeepShare(state, edges);
      unsigned undropped = C::kTasks;  // a task with no more break tests
      for (const Edge& edge : edges) {
        const bool drop = edge.kind == EventKind::kDrop;
        if (drop && edge.task == undropped) continue;
        State<C> next = state;
        next.checker.NoteFeatures(features.empty() ? nullptr : features.data());
        if (!space_.Apply(next, edge)) continue;
        next.checker.NoteFeatures(nullptr);
        if (drop && next.world.tasks[edge.task].op.pass.dropped == 0)
          undropped = edge.task;
        if (next.world.ran_out != 0) {
          ++found.beyond;
          continue;
        }
        ++found.transitions;
        const Node way{static_cast<uint32_t>(node), edge};
        bool breaks = space_.Broken(next) != 0;
        if (!breaks) {
          const uint64_t key = space_.Key(next) | 1;  // 0 is a free slot
          std::string packed = Packed(next);
          const bool known = options_.exact
                                 ? exact_.contains(packed)
                                 : seen_.Has(key) || !recent.Add(key);
          if (known) continue;
          found.candidates.push_back({key, way, std::move(packed)});
          breaks = space_.BrokenAtEnd(next) != 0;
        }
        if (!breaks) continue;
        found.breaks = true;
        found.next = way;
        return;
      }
    }
  }

  std::string Packed(const State<C>& state) const {
    std::string packed;
    if (!options_.exact) return packed;
    std::vector<uint8_t> bytes;
    space_.Canonical(state, bytes);
    Pack(bytes, packed);
    packed.shrink_to_fit();
    return packed;
  }
  // On the heap, and in the table.
  static uint64_t BytesOf(const std::string& packed) {
    return packed.capacity() + 1 + 2 * sizeof(packed);
  }

  void Merge() {
    for (const Found& found : found_)
      for (const Candidate& candidate : found.candidates) Keep(candidate);
  }

  void Report() {
    progress_.states = nodes_.size();
    progress_.depth = depth_;
    progress_.bytes =
        seen_.bytes() + exact_bytes_ + nodes_.capacity() * sizeof(Node);
    if (options_.on_progress) options_.on_progress(progress_);
  }

  // The script to a state and one event more, or to a start.
  void Breaks(const Node& way) {
    std::vector<Edge> trail;
    Node at = way;
    for (; (at.parent & kStartFlag) == 0; at = nodes_[at.parent])
      trail.push_back(at.edge);
    const uint32_t start = at.parent & ~kStartFlag;
    Script script = problem_.starts[start];
    // Here, in the world that was searched; and in the world of scripts, by the
    // same code as all engines.
    State<C> state = space_.Start(start);
    for (auto edge = trail.rbegin(); edge != trail.rend(); ++edge)
      space_.Apply(state, *edge, &script.events);
    const uint32_t broken = space_.Broken(state) | space_.BrokenAtEnd(state);
    VMT_CHECK(broken != 0);
    const RunResult run =
        vmtrunc::Run<LargeCaps>(script.setup, script.events, options_.rules,
                                {.report = options_.properties});
    result_.replays = (run.broken & options_.properties) != 0;
    VMT_CHECK(result_.replays || !options_.rules.slab_lifo);
    result_.answer = Answer::kBreaks;
    result_.property = result_.replays
                           ? run.first.property
                           : static_cast<Property>(std::countr_zero(broken));
    result_.script = std::move(script);
  }

  const Problem& problem_;
  const ProveOptions& options_;
  Space<C> space_;
  Fingerprints seen_;
  absl::flat_hash_set<std::string> exact_;  // instead, packed
  uint64_t exact_bytes_ = 0;
  std::vector<Node> nodes_;
  std::vector<uint64_t> keys_;  // of the states that are not kept on disk yet
  std::mutex features_mutex_;   // for options_.features
  Checkpoint checkpoint_;
  std::vector<Found> found_;  // of the block, a chunk each
  size_t begin_ = 0;          // of this level's states
  unsigned depth_ = 0;
  ProveProgress progress_;
  ProveResult result_;
};

template <class C>
std::vector<uint64_t> States(const Problem& problem, const Script& script,
                             const ProveOptions& options) {
  const Space<C> space(problem, options);
  for (size_t i = 0; i < problem.starts.size(); ++i) {
    const Script& start = problem.starts[i];
    if (!(start.setup == script.setup) ||
        start.events.size() > script.events.size() ||
        !std::equal(start.events.begin(), start.events.end(),
                    script.events.begin()))
      continue;
    State<C> state = space.Start(i);
    std::vector<uint64_t> keys = {space.Key(state) | 1};
    bool inside = true;
    for (size_t k = start.events.size(); inside && k < script.events.size();
         ++k) {
      const Edge edge = space.EdgeOf(state, script.events[k]);
      State<C> next = state;
      inside = edge.kind != EventKind::kNone;
      if (!inside || !space.Apply(next, edge)) continue;
      if (space.Broken(next) != 0) return keys;
      state = next;
      keys.push_back(space.Key(state) | 1);
    }
    if (inside) return keys;
  }
  return {};
}

}  // namespace

uint64_t ProblemId(const Problem& problem, const ProveOptions& options) {
  std::string all =
      absl::StrCat("model 1 ", options.properties, " ", options.steps_only, " ",
                   options.reduce, " ", options.plain, " ", problem.max_passes,
                   " ", problem.max_operations, " ", problem.in_flight, " ",
                   problem.vmas, " ", problem.in_order, " ",
                   problem.first_share, "/", problem.first_shares, " ");
  for (const RuleInfo& rule : AllRules())
    all += options.rules.*rule.flag ? '1' : '0';
  for (const Script& start : problem.starts)
    absl::StrAppend(&all, ToText(start));
  for (const Event& event : problem.operations)
    absl::StrAppend(&all, ToText(event, problem.starts.front()), "\n");
  return HashBytes(all.data(), all.size());
}

template <class C>
ProveResult Prove(const Problem& problem, const ProveOptions& options) {
  return Search<C>(problem, options).Run();
}

template ProveResult Prove<SmallCaps>(const Problem&, const ProveOptions&);
template ProveResult Prove<LargeCaps>(const Problem&, const ProveOptions&);

ProveResult Prove(const Problem& problem, const ProveOptions& options) {
  return Fits<SmallCaps>(problem) ? Prove<SmallCaps>(problem, options)
                                  : Prove<LargeCaps>(problem, options);
}

// What breaks is known: whether there is less.
static ProveResult FewestAfter(const Problem& problem,
                               const ProveOptions& options,
                               ProveResult verdict) {
  verdict.fewest = false;
  ProveOptions whole = options;
  if (verdict.replays) {
    verdict.script =
        ShrinkEvents(verdict.script, options.rules, verdict.property);
    // Out of the bound it is no measure for what is within.
    const Problem& bound = options.part_of ? *options.part_of : problem;
    if (!StatesOf(bound, verdict.script, whole).empty())
      whole.most_events =
          static_cast<unsigned>(verdict.script.events.size()) - 1;
  }
  ProveResult result = Prove(problem, whole);
  result.reduced = verdict.progress;
  if (result.answer == Answer::kBreaks || result.answer == Answer::kFailed)
    return result;
  // A violation stands, whether or not there was time to look for another.
  result.fewest = result.answer == Answer::kHolds;
  VMT_CHECK(!result.fewest || whole.most_events != kAnyEvents);
  result.answer = Answer::kBreaks;
  result.replays = verdict.replays;
  result.script = std::move(verdict.script);
  result.property = verdict.property;
  return result;
}

ProveResult ProveFewest(const Problem& problem, const ProveOptions& options,
                        uint64_t first_states) {
  unsigned held = 0;
  if (options.checkpoint.empty()) {
    ProveOptions first = options;
    first.most_states = first_states;
    ProveResult soon = Prove(problem, first);
    if (soon.answer != Answer::kRanOut || soon.stopped) return soon;
    held = soon.held_events;
  }
  ProveOptions reduced = options;
  reduced.steps_only = reduced.reduce = true;
  ProveResult verdict = Prove(problem, reduced);
  if (verdict.answer != Answer::kBreaks) {
    verdict.held_events = std::max(verdict.held_events, held);
    return verdict;
  }
  ProveResult result = FewestAfter(problem, options, std::move(verdict));
  result.held_events = std::max(result.held_events, held);
  return result;
}

std::vector<uint64_t> StatesOf(const Problem& problem, const Script& script,
                               const ProveOptions& options) {
  return Fits<SmallCaps>(problem) ? States<SmallCaps>(problem, script, options)
                                  : States<LargeCaps>(problem, script, options);
}

}  // namespace vmtrunc
