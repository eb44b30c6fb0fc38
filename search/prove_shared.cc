#include "search/prove_shared.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <new>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "search/exchange.h"
#include "search/frontier.h"
#include "search/jobs.h"
#include "search/space.h"
#include "search/store.h"
#include "search/successor.h"
#include "search/trail.h"

namespace vmtrunc::search {
namespace {

constexpr size_t kChunkOfShared = 256;      // states that a job takes at once
constexpr size_t kBlockOfShared = 1 << 15;  // states between two messages
constexpr size_t kBuffered = size_t{1} << 20;  // words of a frontier's buffer

template <class C>
class SharedSearch {
 public:
  SharedSearch(const Problem& problem, const ProveOptions& options,
               const Sharing& sharing)
      : problem_(problem),
        options_(options),
        sharing_(sharing),
        space_(problem, options),
        packer_(problem.starts.empty() ? State<C>(options.rules)
                                       : space_.Start(0)),
        exchange_(sharing.directory, sharing.shard,
                  absl::StrCat(sharing.program, "\n",
                               absl::Hex(ProblemId(problem, options),
                                         absl::kZeroPad16))),
        sent_(kRemembered),
        jobs_(options.jobs) {
    VMT_CHECK(options.steps_only && !options.exact && !options.plain);
  }

  ProveResult Run() {
    try {
      Explore();
    } catch (const std::bad_alloc&) {
      frontier_ = next_ = {};
      seen_ = {};
      result_.refused = true;
      result_.ran_out = RanOut::kMemory;
    }
    result_.is_reduced = options_.reduce;
    result_.jobs = jobs_;
    result_.progress = progress_;
    result_.progress.bytes = Bytes();
    result_.own = done_.states;
    return std::move(result_);
  }

 private:
  // What one chunk of states leads to: records, by the shard that has them.
  struct Sent {
    std::vector<std::vector<uint64_t>> to;
    std::vector<std::vector<uint32_t>> at;  // where each begins, with its key
    uint64_t transitions = 0, beyond = 0;
    bool breaks = false;
    Node next;
  };

  void Explore() {
    if (!Resume()) return;
    for (;; ++level_) {
      if (!Sum(level_)) return;
      Report();
      if (level_ > 0) exchange_.Forget(level_ - 1);
      if (result_.levels.back() == 0 && level_ > 0) {
        result_.answer = Answer::kHolds;
        return;
      }
      if (!Level()) return;
    }
  }

  unsigned OwnerOf(uint64_t key) const {
    // Other bits than those by which the fingerprints are ordered.
    return static_cast<unsigned>((key >> 8) * 0x9e3779b97f4a7c15U >> 32) %
           sharing_.shard.shards;
  }
  bool IsOwn(uint64_t key) const {
    return OwnerOf(key) == sharing_.shard.number;
  }

  // ---- states that are new

  void Keep(const Arrival& how, const uint64_t* packed, size_t words) {
    found_.push_back(how);
    if (buffer_.size() + words > kBuffered) CloseBuffer();
    offsets_.push_back(static_cast<uint32_t>(buffer_.size()));
    buffer_.insert(buffer_.end(), packed, packed + words);
  }
  void CloseBuffer() {
    next_.Begin(std::move(buffer_));
    for (const uint32_t offset : offsets_) next_.Keep(place_++, offset);
    buffer_.clear();
    offsets_.clear();
  }

  // The level is whole: its states are expanded next.
  void EndLevel(const LevelDone& before) {
    CloseBuffer();
    frontier_ = std::exchange(next_, {});
    place_ = 0;
    done_.fresh = found_.size();
    done_.states = before.states + found_.size();
    found_.clear();
  }

  void AddStarts() {
    std::vector<uint64_t> packed;
    for (size_t i = 0; i < problem_.starts.size() && done_.breaks == 0; ++i) {
      const State<C> state = space_.Start(i);
      const uint64_t key = space_.Key(state) | 1;
      if (!IsOwn(key)) continue;
      if (space_.IsBeyond(state.world)) {
        ++done_.beyond;
        continue;
      }
      if (!seen_.Add(key)) continue;
      packed.clear();
      packer_.Pack(state, packed);
      Keep({key, Arrival::kNoShard, static_cast<uint32_t>(i), {}, 0},
           packed.data(), packed.size());
      if ((space_.Broken(state) | space_.BrokenAtEnd(state)) == 0) continue;
      done_.breaks = 1;
      done_.parent = static_cast<uint32_t>(i);
    }
  }

  // What all shards have sent to this one. `expected`: what it made of it
  // before it was killed, or nothing.
  void Receive(unsigned level, const std::vector<Arrival>* expected) {
    size_t next = 0;
    std::vector<uint64_t> packed;
    for (unsigned from = 0; from < sharing_.shard.shards; ++from) {
      Received words(exchange_.PathFrom(from, level));
      for (;;) {
        const uint64_t key = words.Take();
        if (key == 0) break;
        const uint64_t how = words.Take();
        packer_.Take(words, packed);
        if (expected == nullptr
                ? !seen_.Add(key)
                : next == expected->size() || (*expected)[next].key != key)
          continue;
        ++next;
        Keep({key, from, static_cast<uint32_t>(how >> 32),
              std::bit_cast<Edge>(static_cast<uint32_t>(how)), 0},
             packed.data(), packed.size());
      }
      words.ExpectEnd();
    }
  }

  // ---- levels

  // The levels that this shard has had before it was stopped. False if it must
  // end.
  bool Resume() {
    std::optional<LevelDone> last;
    while (const auto done = exchange_.Read(sharing_.shard.number, level_)) {
      last = done;
      ++level_;
    }
    if (!last) {
      exchange_.Cut(0);
      AddStarts();
      exchange_.Add(found_);
      EndLevel({});
      exchange_.Write(0, done_);
      return true;
    }
    --level_;
    done_ = *last;
    exchange_.Cut(done_.states);
    result_.resumed = done_.states;
    const std::vector<Arrival> states =
        exchange_.StatesOf(sharing_.shard.number, 0, done_.states);
    for (const Arrival& it : states) seen_.Add(it.key);
    for (unsigned level = 0; level < level_; ++level) {
      if (!Sum(level)) return false;
      // All have the level before this one's last.
      if (level + 1 < level_) exchange_.Forget(level);
    }
    if (level_ == 0) {
      seen_ = {};
      done_ = {};
      AddStarts();
      EndLevel({});
      return true;
    }
    const std::vector<Arrival> fresh(
        states.end() - static_cast<ptrdiff_t>(done_.fresh), states.end());
    const LevelDone had = done_;
    Receive(level_, &fresh);
    if (found_.size() != fresh.size())
      exchange_.FailStates(sharing_.shard.number);
    EndLevel({});
    done_ = had;
    return true;
  }

  // The sums of a level, when all shards have it. False if it must end.
  bool Sum(unsigned level) {
    uint64_t fresh = 0;
    LevelDone all{};
    unsigned breaks = sharing_.shard.shards;
    for (unsigned shard = 0; shard < sharing_.shard.shards; ++shard) {
      std::optional<LevelDone> done;
      const bool is_there = Await(shard, level, [&] {
        done = exchange_.Read(shard, level);
        return done.has_value();
      });
      if (!is_there) return false;
      if (level == 0) exchange_.ExpectSame(shard);
      fresh += done->fresh;
      all.states += done->states;
      all.transitions += done->transitions;
      all.beyond += done->beyond;
      if (done->breaks != 0 && breaks == sharing_.shard.shards) breaks = shard;
    }
    result_.levels.push_back(fresh);
    result_.beyond = all.beyond;
    progress_.states = all.states;
    progress_.expanded = all.states - fresh;
    progress_.left = fresh;
    progress_.transitions = all.transitions;
    progress_.depth = level;
    if (breaks == sharing_.shard.shards) return true;
    Breaks(breaks, *exchange_.Read(breaks, level));
    return false;
  }

  // Waits until a shard has what it is asked for. False if the search is over
  // before.
  template <class F>
  bool Await(unsigned shard, unsigned level, const F& is_there) {
    auto pause = std::chrono::milliseconds(1);
    while (!is_there()) {
      if (IsOver()) return StopNow();
      if (sharing_.on_wait) sharing_.on_wait(shard, level);
      std::this_thread::sleep_for(pause);
      pause = std::min(2 * pause, std::chrono::milliseconds(200));
    }
    return true;
  }

  // Expands the states of this level, and takes those of the next one. False if
  // it must end.
  bool Level() {
    done_.breaks = 0;
    if (done_.states > Node::kStartFlag)
      return Stop(RanOut::kNumbers, /*refused=*/false);
    const uint64_t first = done_.states - done_.fresh;
    for (uint64_t from = 0; from < done_.fresh && done_.breaks == 0;
         from += kBlockOfShared) {
      Block(first, from, std::min(done_.fresh, from + kBlockOfShared));
      if (IsOver()) return StopNow();
      if (no_memory_ || Bytes() > options_.most_bytes)
        return Stop(RanOut::kMemory, no_memory_);
      progress_.left = done_.fresh - from;
      Report();
    }
    exchange_.Close(level_ + 1);
    for (unsigned shard = 0; shard < sharing_.shard.shards; ++shard)
      if (!Await(shard, level_ + 1,
                 [&] { return exchange_.HasSent(shard, level_ + 1); }))
        return false;
    frontier_ = {};
    const LevelDone before = done_;
    Receive(level_ + 1, nullptr);
    if (Bytes() > options_.most_bytes) return Stop(RanOut::kMemory, false);
    exchange_.Add(found_);
    EndLevel(before);
    exchange_.Write(level_ + 1, done_);
    return true;
  }

  void Block(uint64_t first, uint64_t from, uint64_t to) {
    found_by_.clear();
    found_by_.resize((to - from + kChunkOfShared - 1) / kChunkOfShared);
    chunk_ = 0;
    InThreads(jobs_, found_by_.size(), [&](bool) { Work(first, from, to); });
    if (no_memory_ || IsOver()) return;  // some chunks are not there
    for (const Sent& sent : found_by_) {
      done_.transitions += sent.transitions;
      done_.beyond += sent.beyond;
      if (sent.breaks) {
        done_.breaks = 1;
        done_.parent = sent.next.parent;
        done_.edge = sent.next.edge;
        return;
      }
      for (unsigned shard = 0; shard < sharing_.shard.shards; ++shard)
        Post(sent, shard);
    }
  }

  // Not what was sent shortly before.
  void Post(const Sent& sent, unsigned shard) {
    const std::span<const uint64_t> all = sent.to[shard];
    const std::vector<uint32_t>& at = sent.at[shard];
    for (size_t i = 0; i < at.size(); ++i) {
      const size_t end = i + 1 < at.size() ? at[i + 1] : all.size();
      const uint64_t key = all[at[i]];
      uint64_t& slot = sent_[key >> 20 & (kRemembered - 1)];
      if (slot == key) continue;
      slot = key;
      exchange_.Send(shard, all.subspan(at[i], end - at[i]));
    }
  }

  void Work(uint64_t first, uint64_t from, uint64_t to) {
    try {
      Recent recent;
      for (size_t i = chunk_++; i < found_by_.size() && !IsOver();
           i = chunk_++) {
        const uint64_t begin = from + i * kChunkOfShared;
        recent.Clear();
        Expand(first, begin, std::min(to, begin + kChunkOfShared), recent,
               found_by_[i]);
      }
    } catch (const std::bad_alloc&) {
      no_memory_ = true;
    }
  }

  void Expand(uint64_t first, uint64_t from, uint64_t to, Recent& recent,
              Sent& sent) {
    sent.to.resize(sharing_.shard.shards);
    sent.at.resize(sharing_.shard.shards);
    State<C> state(options_.rules);
    std::vector<Edge> edges;
    TwoStates<C> two;
    for (uint64_t place = from; place < to && !IsOver(); ++place) {
      packer_.Unpack(frontier_.At(place), state);
      edges.clear();
      space_.Edges(state, edges);
      const auto parent = static_cast<uint32_t>(first + place);
      Successor<C> last;
      space_.ForEachNext(
          state, edges, two, [&](const Edge& edge, State<C>& next) {
            const auto now = Look(space_, seen_, edge, next);
            sent.breaks = Meet(parent, std::exchange(last, now), recent, sent);
            return !sent.breaks;
          });
      if (!sent.breaks) sent.breaks = Meet(parent, last, recent, sent);
      if (sent.breaks) return;
    }
  }

  // A state that an edge leads to. Returns whether it violates something: then
  // the edge is `sent.next`.
  bool Meet(uint32_t parent, const Successor<C>& it, Recent& recent,
            Sent& sent) {
    if (it.state == nullptr) return false;
    if (it.is_beyond) {
      ++sent.beyond;
      return false;
    }
    ++sent.transitions;
    const Node way{parent, it.edge};
    sent.next = way;
    if (it.breaks) return true;
    if (!recent.Add(it.key) || (IsOwn(it.key) && seen_.Has(it.key)))
      return false;
    if (space_.BrokenAtEnd(*it.state) != 0) return true;
    Put(sent, it.key, way, *it.state);
    return false;
  }

  void Put(Sent& sent, uint64_t key, const Node& way, const State<C>& next) {
    const unsigned owner = OwnerOf(key);
    std::vector<uint64_t>& words = sent.to[owner];
    sent.at[owner].push_back(static_cast<uint32_t>(words.size()));
    words.push_back(key);
    words.push_back(uint64_t{way.parent} << 32 |
                    std::bit_cast<uint32_t>(way.edge));
    packer_.Pack(next, words);
  }

  // ---- its end

  uint64_t Bytes() const {
    return seen_.bytes() + frontier_.bytes() + next_.bytes() +
           found_.capacity() * sizeof(Arrival) +
           sent_.size() * sizeof(uint64_t);
  }
  bool IsOver() const { return WhyToStop(options_) != RanOut::kNothing; }
  bool StopNow() {
    result_.stopped = options_.stop != nullptr && options_.stop->load();
    return Stop(WhyToStop(options_), false);
  }
  bool Stop(RanOut why, bool refused) {
    result_.answer = Answer::kRanOut;
    result_.ran_out = why;
    result_.refused = refused;
    // Those of the others are counted when all have the level.
    progress_.states = std::max(progress_.states, done_.states);
    return false;
  }
  void Report() {
    progress_.bytes = Bytes();
    if (options_.on_progress) options_.on_progress(progress_);
  }

  // The script of a shard's violation, from the states of all.
  void Breaks(unsigned shard, const LevelDone& done) {
    Trail trail;
    trail.start = done.parent;
    if (done.edge.kind != EventKind::kNone) {
      trail.edges.push_back(done.edge);
      uint32_t number = done.parent;
      for (;;) {
        const Arrival how = exchange_.StatesOf(shard, number, 1).front();
        number = how.parent;
        if (how.from == Arrival::kNoShard) break;
        // Each parent is of an earlier level.
        if (how.from >= sharing_.shard.shards ||
            trail.edges.size() > result_.levels.size())
          exchange_.FailStates(shard);
        trail.edges.push_back(how.edge);
        shard = how.from;
      }
      trail.start = number;
      std::reverse(trail.edges.begin(), trail.edges.end());
    }
    TellBroken(space_, problem_, options_, trail, result_);
  }

  static constexpr size_t kRemembered = size_t{1} << 20;

  const Problem& problem_;
  const ProveOptions& options_;
  const Sharing& sharing_;
  const Space<C> space_;
  const Packer<State<C>> packer_;
  Exchange exchange_;
  Fingerprints seen_;              // of this shard
  std::vector<uint64_t> sent_;     // keys, so that few are sent twice
  Frontier frontier_, next_;       // of the level that is expanded, of the next
  std::vector<uint64_t> buffer_;   // of `next_`, not closed yet
  std::vector<uint32_t> offsets_;  // of the states in it
  size_t place_ = 0;               // in `next_`, of the first of them
  std::vector<Arrival> found_;     // states of the next level
  std::vector<Sent> found_by_;     // of the block, for each chunk
  std::atomic<size_t> chunk_ = 0;
  std::atomic<bool> no_memory_ = false;
  unsigned jobs_;  // fewer than were asked for where threads are few
  unsigned level_ = 0;
  LevelDone done_{};  // of the last level that this shard has
  ProveProgress progress_;
  ProveResult result_;
};

}  // namespace

ProveResult ProveShared(const Problem& problem, const ProveOptions& options,
                        const Sharing& sharing) {
  ProveOptions its = options;
  its.properties &= PropertiesOf(problem);
  return Fits<SmallCaps>(problem)
             ? SharedSearch<SmallCaps>(problem, its, sharing).Run()
             : SharedSearch<LargeCaps>(problem, its, sharing).Run();
}

}  // namespace vmtrunc::search
