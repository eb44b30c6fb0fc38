#include "search/prove.h"

#include <algorithm>
#include <bit>
#include <mutex>
#include <new>
#include <span>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "search/checkpoint.h"
#include "search/found.h"
#include "search/frontier.h"
#include "search/jobs.h"
#include "search/nodes.h"
#include "search/reached.h"
#include "search/space.h"
#include "search/successor.h"
#include "search/store.h"
#include "search/trail.h"

namespace vmtrunc::search {
namespace {

constexpr size_t kChunk = 256;         // states that a job takes at once
constexpr size_t kBlock = 1 << 15;     // states between two merges
constexpr uint64_t kExactState = 300;  // bytes of one, for an estimate

template <class C>
class Search {
 public:
  Search(const Problem& problem, const ProveOptions& options)
      : problem_(problem),
        options_(options),
        space_(problem, options),
        packer_(problem.starts.empty() ? State<C>(options.rules)
                                       : space_.Start(0)),
        jobs_(options.jobs) {
    VMT_CHECK(!options.reduce || options.steps_only);
    VMT_CHECK(!options.reduce || !options.invariant);
    VMT_CHECK(!options.exact || options.checkpoint.empty());
  }

  ProveResult Run() {
    try {
      Explore();
    } catch (const std::bad_alloc&) {
      // Progress reports need some of the tables.
      Note();
      Release();
      nodes_ = {};
      Stop(RanOut::kMemory, true);
    }
    result_.progress = progress_;
    result_.is_reduced = options_.reduce;
    result_.held_events = HeldEvents();
    result_.jobs = jobs_;
    return std::move(result_);
  }

 private:
  void Explore() {
    if (!Resume()) return;
    for (;; ++depth_) {
      if (depth_ >= result_.levels.size()) {
        if (!AddStarts() || !Save()) break;
        result_.levels.push_back(nodes_.size() - begin_);
      }
      if (begin_ == nodes_.size() && depth_ > MostStartEvents()) {
        result_.answer = Answer::kHolds;
        break;
      }
      if (!Level()) break;
    }
    // What a violation has freed by now is not what the search took.
    if (result_.answer != Answer::kBreaks) Report();
  }

  // Reads the checkpoint, whose last level is not expanded. False if it cannot
  // be used or, with the levels that were read, if it is stopped.
  bool Resume() {
    if (options_.checkpoint.empty()) return true;
    const absl::Status opened =
        checkpoint_.OpenFor(problem_, options_, sizeof(World<C>));
    if (!opened.ok()) return Fail(opened);
    Checkpoint::Level level;
    absl::StatusOr<bool> has = false;
    while ((has = checkpoint_.Read(level)).ok() && *has) {
      begin_ = nodes_.size();
      for (size_t i = 0; i < level.keys.size(); ++i) {
        if (i % kBlock == 0 && IsOver()) return StopNow();
        Keep({level.keys[i], std::bit_cast<Node>(level.nodes[i])}, {});
      }
      depth_ = static_cast<unsigned>(result_.levels.size());
      result_.levels.push_back(level.keys.size());
      progress_.transitions = level.transitions;
      result_.beyond = level.beyond;
      Report();
    }
    if (!has.ok()) return Fail(has.status());
    keys_.clear();
    result_.resumed = nodes_.size();
    return true;
  }

  // Stores the states of the level that is now complete.
  bool Save() {
    if (options_.checkpoint.empty()) return true;
    std::vector<Node> nodes;
    nodes.reserve(keys_.size());
    for (size_t i = begin_; i < nodes_.size(); ++i)
      nodes.push_back(nodes_[static_cast<uint32_t>(i)]);
    const absl::Status saved = checkpoint_.Append(
        progress_.transitions, result_.beyond, keys_, nodes.data());
    keys_ = {};
    if (saved.ok()) return true;
    return Fail(absl::UnavailableError(absl::StrCat(
        saved.message(), ": it keeps the ", begin_, " states of ",
        result_.levels.size(), " levels, and resumes from there")));
  }

  bool Fail(const absl::Status& status) {
    result_.answer = Answer::kFailed;
    result_.why = std::string(status.message());
    return false;
  }

  size_t MostStartEvents() const {
    size_t most = 0;
    for (const Script& start : problem_.starts)
      most = std::max(most, start.events.size());
    return most;
  }

  // The starting states of as many events. False if one violates a property.
  bool AddStarts() {
    for (size_t i = 0; i < problem_.starts.size(); ++i) {
      if (problem_.starts[i].events.size() != depth_) continue;
      if (IsOver()) return StopNow();
      const State<C> state = space_.Start(i);
      if (space_.IsBeyond(state.world)) {
        ++result_.beyond;
        continue;
      }
      const Node node = Node::OfStart(i);
      if (Keep({space_.Key(state) | 1, node}, Packed(state))) KeepStart(state);
      if ((space_.Broken(state) | space_.BrokenAtEnd(state)) == 0) continue;
      Breaks(node);
      return false;
    }
    return true;
  }

  // Returns whether it is new.
  bool Keep(const Candidate& candidate, const std::string& state) {
    if (!(options_.exact ? AddExact(state) : seen_.Add(candidate.key)))
      return false;
    Store(candidate);
    return true;
  }

  bool AddExact(const std::string& state) {
    if (!exact_.insert(state).second) return false;
    exact_bytes_ += BytesOfPacked(state);
    return true;
  }

  void MarkExact() {
    for (Found& found : found_)
      for (const std::string& state : found.states)
        found.is_new.push_back(AddExact(state));
  }

  // Of a state that is new.
  void Store(const Candidate& candidate) {
    if (options_.on_state) options_.on_state(candidate.key);
    nodes_.Add(candidate.node);
    if (!options_.checkpoint.empty()) keys_.push_back(candidate.key);
  }

  // Of a state that is new: its place in the next level.
  size_t NextPlace() const { return nodes_.size() - 1 - next_begin_; }

  void KeepStart(const State<C>& state) {
    if (RoomForWorlds() == 0) return;
    std::vector<uint64_t> packed;
    packer_.Pack(state, packed);
    next_.Begin(std::move(packed));
    next_.Keep(NextPlace(), 0);
  }

  // The states of the level that is being expanded were checked when they were
  // found. If edges are not events, their number proves nothing about these;
  // and a reduced search of a shard leaves to other shards scripts that start
  // differently and reach the same states.
  unsigned HeldEvents() const {
    if (result_.answer == Answer::kHolds && !options_.reduce)
      return options_.most_events;
    if (result_.answer == Answer::kHolds && problem_.first_shares == 1)
      return kAnyEvents;
    if (options_.steps_only) return 0;
    if (result_.answer != Answer::kBreaks) return depth_;
    return static_cast<unsigned>(result_.script.events.size()) - 1;
  }

  // Expands the states of this level. False if the search must end.
  bool Level() {
    const size_t end = nodes_.size();
    if (depth_ == options_.most_events) {
      result_.answer = Answer::kHolds;
      return false;
    }
    level_end_ = next_begin_ = end;
    frontier_ = std::exchange(next_, {});
    for (size_t from = begin_; from < end; from += kBlock) {
      const size_t to = std::min(end, from + kBlock);
      progress_.left = end - from;
      if (!Block(from, to)) return false;
      progress_.expanded = to;
      progress_.left = end - to;
      Report();
      if (!Merge()) return false;
    }
    begin_ = end;
    return true;
  }

  // Expands some states. False if the search must end.
  bool Block(size_t from, size_t to) {
    do {
      found_.clear();
      found_.resize((to - from + kChunk - 1) / kChunk);
      chunk_ = candidates_ = 0;
      is_full_ = no_memory_ = false;
      room_ = static_cast<int64_t>(RoomForWorlds());
      InThreads(jobs_, found_.size(),
                [&](bool is_own) { Work(from, to, is_own); });
    } while ((is_full_ || no_memory_) && !IsOver() && DropFrontier());
    if (nodes_.size() >= options_.most_states && !no_memory_ && !IsOver()) {
      CountUp();
      return Stop(RanOut::kStates);
    }
    // A violation has one event more than everything that holds, whether or not
    // the block is complete.
    for (const Found& found : found_) {
      if (!found.breaks) continue;
      const Node way = found.next;
      CountUp();
      Breaks(way);
      return false;
    }
    if (no_memory_) return Stop(RanOut::kMemory, true);
    if (IsOver()) return StopNow();
    const auto is_full = [this] {
      return is_full_ || BytesWith(candidates_) > options_.most_bytes;
    };
    if (is_full() && !(DropFrontier() && !is_full()))
      return Stop(RanOut::kMemory);
    CountUp();
    return nodes_.size() + candidates_ < Node::kStartFlag ||
           Stop(RanOut::kNumbers);
  }

  // Bytes of worlds of new states. Without `reduce` an edge is made again in
  // less time than a world is packed.
  uint64_t RoomForWorlds() const {
    const uint64_t used = BytesWith(0);
    if (!options_.reduce || drops_worlds_ || used >= options_.most_bytes)
      return 0;
    return (options_.most_bytes - used) / 2;
  }
  // States come before what saves time. Returns whether there was any.
  bool DropFrontier() {
    if (frontier_.bytes() + next_.bytes() == 0) return false;
    frontier_ = {};
    next_ = {};
    return drops_worlds_ = true;
  }

  void CountUp() {
    for (const Found& found : found_) {
      progress_.transitions += found.transitions;
      result_.beyond += found.beyond;
    }
  }

  // Each job takes a chunk at a time.
  void Work(size_t from, size_t to, bool reports) {
    try {
      Guide<C> guide(space_, options_.rules, nodes_);
      Recent recent;
      std::vector<uint8_t> features(
          options_.features == nullptr ? 0 : Checker<C>::kFeatures);
      PhaseSet phases;
      for (size_t i = chunk_++; i < found_.size() && !IsBlockOver();
           i = chunk_++) {
        const size_t first = from + i * kChunk;
        Expand(guide, first, std::min(to, first + kChunk), recent, features,
               phases, found_[i]);
        candidates_ += found_[i].candidates.size();
        room_ -= static_cast<int64_t>(found_[i].worlds.capacity() *
                                      sizeof(uint64_t));
        if (BytesWith(candidates_) > options_.most_bytes) is_full_ = true;
        if (!reports) continue;
        progress_.expanded = first;
        progress_.left = level_end_ - first;
        Report();
      }
      const std::lock_guard<std::mutex> lock(features_mutex_);
      if (options_.phases != nullptr) *options_.phases |= phases;
      AddSeen({options_.features, features.size()}, features);
    } catch (const std::bad_alloc&) {
      no_memory_ = true;
    }
  }

  bool IsOver() const { return WhyToStop(options_) != RanOut::kNothing; }
  // A block may take a minute, and a preempted job has less.
  bool IsBlockOver() const { return is_full_ || no_memory_ || IsOver(); }

  // The memory to merge so many candidates.
  uint64_t BytesWith(uint64_t more) const {
    // Of a checkpoint; to save a level, its nodes are there twice.
    const uint64_t saved =
        keys_.capacity() * sizeof(uint64_t) + keys_.size() * sizeof(Node);
    return seen_.BytesFor(more) + nodes_.BytesFor(more) + frontier_.bytes() +
           next_.bytes() + saved + more * sizeof(Candidate) + exact_bytes_ +
           (options_.exact ? more * kExactState : 0);
  }

  bool StopNow() {
    result_.stopped = options_.stop != nullptr && options_.stop->load();
    return Stop(WhyToStop(options_));
  }

  bool Stop(RanOut why, bool refused = false) {
    result_.answer = Answer::kRanOut;
    result_.ran_out = why;
    result_.refused = refused;
    return false;
  }

  void Expand(Guide<C>& guide, size_t first, size_t end, Recent& recent,
              std::span<uint8_t> features, PhaseSet& phases, Found& found) {
    std::vector<Edge> edges;
    recent.Clear();
    State<C> kept(options_.rules), noting(options_.rules);
    TwoStates<C> two;
    for (size_t node = first; node < end && !IsBlockOver(); ++node) {
      const bool has = frontier_.Has(node - begin_);
      if (has) packer_.Unpack(frontier_.At(node - begin_), kept);
      const State<C>& state =
          has ? kept : guide.At(static_cast<uint32_t>(node));
      edges.clear();
      space_.Edges(state, edges);
      if (nodes_.IsStart(static_cast<uint32_t>(node)))
        space_.KeepShare(state, edges);
      if (!features.empty()) {
        noting = state;
        noting.checker.NoteFeatures(features.data());
      }
      Successor<C> last;  // waits for the next one
      const auto meet = [&](const Edge& edge, State<C>& next) {
        next.checker.NoteFeatures(nullptr);
        const auto now = Look(space_, seen_, edge, next);
        Take(node, state, std::exchange(last, now), recent, phases, found);
        return !found.breaks;
      };
      space_.ForEachNext(features.empty() ? state : noting, edges, two, meet);
      if (!found.breaks) Take(node, state, last, recent, phases, found);
      if (found.breaks) return;
    }
  }

  // Keeps it if it is new, or that it violates something.
  void Take(size_t node, const State<C>& from, const Successor<C>& it,
            Recent& recent, PhaseSet& phases, Found& found) {
    if (it.is_beyond) ++found.beyond;
    if (it.state == nullptr || it.is_beyond) return;
    ++found.transitions;
    if (options_.phases != nullptr)
      NotePath(space_, options_, from, it.edge, phases);
    const Node way{static_cast<uint32_t>(node), it.edge};
    found.breaks = it.breaks || Meet(way, *it.state, it.key, recent, found);
    if (found.breaks) found.next = way;
  }

  // Returns whether the state violates something when the script ends there.
  bool Meet(const Node& way, const State<C>& next, uint64_t key, Recent& recent,
            Found& found) {
    std::string packed = Packed(next);
    const bool known = options_.exact ? exact_.contains(packed)
                                      : seen_.Has(key) || !recent.Add(key);
    if (known) return false;
    found.candidates.push_back({key, way});
    if (static_cast<int64_t>(found.worlds.size() * sizeof(uint64_t)) < room_) {
      found.offsets.push_back(static_cast<uint32_t>(found.worlds.size()));
      packer_.Pack(next, found.worlds);
    }
    if (options_.exact) found.states.push_back(std::move(packed));
    return space_.BrokenAtEnd(next) != 0;
  }

  std::string Packed(const State<C>& state) const {
    return options_.exact ? space_.Packed(state) : "";
  }

  // False if it was stopped.
  bool Merge() {
    if (options_.exact) {
      MarkExact();
    } else {
      MarkNew(found_, seen_, jobs_);
    }
    for (Found& found : found_) {
      if (IsOver()) return StopNow();
      if (!found.worlds.empty()) next_.Begin(std::move(found.worlds));
      for (size_t i = 0; i < found.candidates.size(); ++i) {
        if (found.is_new[i] == 0) continue;
        Store(found.candidates[i]);
        if (i < found.offsets.size()) next_.Keep(NextPlace(), found.offsets[i]);
      }
      found = {};
    }
    return true;
  }

  void Note() {
    progress_.states = nodes_.size();
    progress_.depth = depth_;
    progress_.bytes = seen_.bytes() + exact_bytes_ + nodes_.bytes() +
                      frontier_.bytes() + next_.bytes();
  }
  void Report() {
    Note();
    if (options_.on_progress) options_.on_progress(progress_);
  }

  // Frees all but the trails.
  void Release() {
    found_ = {};
    seen_ = {};
    exact_ = {};
    keys_ = {};
    DropFrontier();
  }

  // The script to a state plus one event, or to a starting state.
  void Breaks(const Node& way) {
    Report();
    Release();  // for memory to report it
    TellBroken(space_, problem_, options_, TrailTo(nodes_, way), result_);
  }

  const Problem& problem_;
  const ProveOptions& options_;
  Space<C> space_;
  const Packer<State<C>> packer_;
  Fingerprints seen_;
  absl::flat_hash_set<std::string> exact_;  // instead, packed
  uint64_t exact_bytes_ = 0;
  Nodes nodes_;
  std::vector<uint64_t> keys_;  // of the states that are not on disk yet
  bool drops_worlds_ = false;   // there is no room for them any more
  Frontier frontier_, next_;    // worlds of this level's states, the next's
  std::mutex features_mutex_;   // for options_.features, options_.phases
  Checkpoint checkpoint_;
  std::vector<Found> found_;  // of the block, for each chunk
  // Of the block: next chunk, candidates so far, are they too many, no memory.
  std::atomic<size_t> chunk_ = 0, candidates_ = 0;
  std::atomic<int64_t> room_ = 0;  // bytes left for worlds of candidates
  std::atomic<bool> is_full_ = false, no_memory_ = false;
  unsigned jobs_;          // fewer than were asked for where threads are few
  size_t level_end_ = 0;   // of the states that are being expanded
  size_t begin_ = 0;       // of this level's states
  size_t next_begin_ = 0;  // of the next level's
  unsigned depth_ = 0;
  ProveProgress progress_;
  ProveResult result_;
};

}  // namespace

template <class C>
ProveResult Prove(const Problem& problem, const ProveOptions& options) {
  ProveOptions its = options;
  its.properties &= PropertiesOf(problem);
  return Search<C>(problem, its).Run();
}

template ProveResult Prove<SmallCaps>(const Problem&, const ProveOptions&);
template ProveResult Prove<LargeCaps>(const Problem&, const ProveOptions&);

ProveResult Prove(const Problem& problem, const ProveOptions& options) {
  return Fits<SmallCaps>(problem) ? Prove<SmallCaps>(problem, options)
                                  : Prove<LargeCaps>(problem, options);
}

}  // namespace vmtrunc::search
