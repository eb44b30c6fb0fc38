#include "search/make.h"

#include <algorithm>

#include "base/random.h"
#include "core/model/caps.h"

namespace vmtrunc::search {
namespace {

// What a task may do besides a pass.
enum Habit : unsigned {
  kUnmaps,
  kProtects,
  kMoves,
  kTouches,
  kMaps,
  kForks,
  kExits,
  kRemaps,
  kPasses,
  kHabits
};
constexpr unsigned kWeights[kHabits] = {12, 24, 18, 18, 12, 5, 1, 6, 6};

// A mapping of the script, as tracked by the generator.
struct Range {
  uint8_t task, file;
  unsigned addr, len, pgoff;
};

class Maker {
 public:
  Maker(uint64_t seed, unsigned events) : random_(seed), events_(events) {}

  Script Start() {
    Declare();
    Map();
    return std::move(script_);
  }

  Script Make() {
    Declare();
    ChooseHabits();
    Map();
    if (random_.OneOf(128)) GoRound();
    const size_t goal = script_.events.size() + events_ - mapped_;
    while (script_.events.size() < goal) {
      switch (random_.Below(6)) {
        case 0:
          Woven();
          break;
        case 1:
        case 2:
          Interrupted();
          break;
        case 3:
          Dropping();
          break;
        default:
          Add(Operation(AnyTask()));
          break;
      }
    }
    script_.events.resize(std::min<size_t>(goal, kMaxEvents));
    return std::move(script_);
  }

 private:
  static uint8_t Byte(unsigned value) { return static_cast<uint8_t>(value); }
  uint8_t AnyTask() { return Byte(random_.Below(script_.setup.tasks)); }
  uint8_t OtherTask(uint8_t task) {
    return Byte((task + 1U + random_.Below(script_.setup.tasks - 1U)) %
                script_.setup.tasks);
  }
  void Add(const Event& event) { script_.events.push_back(event); }

  static Event Of(EventKind kind, Verb verb, uint8_t task) {
    Event event;
    event.kind = kind;
    event.verb = verb;
    event.task = task;
    return event;
  }

  void Declare() {
    Setup& setup = script_.setup;
    setup.block = Byte(random_.OneOf(2) ? 1 : random_.Between(1, 4));
    setup.files = random_.OneOf(8) ? 2 : 1;
    setup.sizes[0] = Byte(random_.OneOf(16) ? random_.Between(17, 20)
                                            : random_.Between(3, 9));
    if (setup.files == 2) setup.sizes[1] = Byte(random_.Between(3, 9));
    setup.tasks = Byte(random_.Between(2, 4));
    if (random_.OneOf(4)) setup.mm_of[1] = 0;
    if (setup.tasks > 2 && random_.OneOf(4)) setup.mm_of[2] = setup.mm_of[1];
    if (random_.OneOf(3)) NearTheLeap();
    size_ = setup.sizes[0];
  }

  // A few passes below a page-aligned count, or below the wrap.
  void NearTheLeap() {
    Setup& setup = script_.setup;
    if (random_.OneOf(2)) {
      setup.count_bits = Byte(random_.Between(13, 14));
      setup.count = (1U << setup.count_bits) - random_.Between(1, 4);
    } else {
      setup.count =
          (1U << kPageShift) * random_.Between(1, 30) - random_.Between(1, 4);
    }
  }

  // Each script uses few kinds of operations, and repeats them: rare sequences
  // become frequent (swarm testing, Groce et al., 2012).
  void ChooseHabits() {
    for (unsigned& weight : weights_) weight = 0;
    for (unsigned i = 0; i < kHabits; ++i)
      if (!random_.OneOf(2)) weights_[i] = kWeights[i];
    weights_[random_.OneOf(2) ? kProtects : kMoves] += 6;
    for (const unsigned weight : weights_) all_weights_ += weight;
  }
  Habit AnyHabit() {
    unsigned at = random_.Below(all_weights_);
    unsigned i = 0;
    while (at >= weights_[i]) at -= weights_[i++];
    return static_cast<Habit>(i);
  }

  // The same mapping in several mms, shifted, or in adjacent pieces.
  void Map() {
    const bool large = script_.setup.sizes[0] > 9;
    Range range{0, 0, random_.Between(10, 14),
                large ? random_.Between(8, 20) : random_.Between(2, 8),
                random_.Below(3)};
    if (random_.OneOf(16)) {  // addresses that are smaller than the file pages
      range.addr = random_.Between(1, 4);
      range.pgoff = random_.Between(2, 6);
    }
    Mmap(range);
    const unsigned more = random_.Below(script_.setup.tasks + 1U);
    for (unsigned i = 0; i < more; ++i) {
      Range next = range;
      next.task = Byte((range.task + (random_.OneOf(4) ? 0U : 1U)) %
                       script_.setup.tasks);
      if (next.task == range.task) {
        next.addr += random_.OneOf(3) ? next.len + random_.Below(4) : next.len;
        next.pgoff =
            random_.OneOf(3) ? random_.Below(4) : next.pgoff + next.len;
        next.len = random_.Between(1, 6);
      } else if (random_.OneOf(2)) {
        next.addr += random_.Below(10);
        next.pgoff = random_.OneOf(2) ? next.pgoff : random_.Below(4);
      }
      if (script_.setup.files == 2 && random_.OneOf(4)) next.file = 1;
      next.pgoff = std::min(next.pgoff, 40U);
      Mmap(next);
      range = next;
    }
    mapped_ = script_.events.size();
  }

  void Mmap(const Range& range) {
    Event event = Of(EventKind::kStart, Verb::kMmap, range.task);
    event.file = range.file;
    event.addr = Byte(range.addr);
    event.len = Byte(range.len);
    event.pgoff = Byte(range.pgoff);
    event.is_private = random_.OneOf(8);
    event.write = !random_.OneOf(8);
    event.populate = !random_.OneOf(5);
    Add(event);
    ranges_.push_back(range);
  }

  // So many passes that a count of 8 bits returns to an earlier value.
  void GoRound() {
    Setup& setup = script_.setup;
    setup.count_bits = 8;
    setup.count = random_.Between(1, 4);
    Event pass = Of(EventKind::kStart, Verb::kTruncate, AnyTask());
    pass.addr = setup.sizes[0];
    for (unsigned passes = random_.Between(250, 255); passes > events_;
         --passes)
      Add(pass);
  }

  // A pass that is stopped where others can act; their operations; its end.
  void Interrupted() {
    const uint8_t task = AnyTask();
    Begin(Pass(task));
    const uint8_t other = OtherTask(task);
    for (unsigned stops = random_.OneOf(2) ? 1 : random_.Between(1, 3);
         stops > 0; --stops) {
      if (random_.OneOf(6)) {
        Steps(task, random_.Between(1, 5));
      } else {
        Drop(task, random_.OneOf(2) ? 1 : random_.Between(1, 4));
      }
      Inside(random_.OneOf(4) ? OtherTask(task) : other);
      if (random_.OneOf(3)) Inside(random_.OneOf(4) ? OtherTask(task) : other);
    }
    if (!random_.OneOf(6)) Add(Of(EventKind::kFinish, Verb::kNone, task));
  }

  // A pass that drops its lock at every chance, with few operations of others.
  void Dropping() {
    const uint8_t task = AnyTask();
    Begin(Pass(task));
    for (unsigned drops = random_.Between(3, 12); drops > 0; --drops) {
      Drop(task, 1);
      if (random_.OneOf(5)) Inside(OtherTask(task));
    }
  }

  // An operation and a pass, alternating steps.
  void Woven() {
    const uint8_t task = AnyTask();
    const uint8_t other = OtherTask(task);
    Event operation = random_.OneOf(2) ? Touch(task) : Operation(task);
    if (operation.verb == Verb::kMremap && random_.OneOf(2))
      operation.fail_after = Byte(random_.Between(1, 4));
    Begin(operation);
    Steps(task, random_.Between(1, 8));
    Begin(Pass(other));
    Steps(other,
          random_.OneOf(3) ? random_.Between(6, 16) : random_.Between(1, 6));
    const unsigned end = random_.Below(4);
    if (end == 0) Steps(task, random_.Between(1, 4));
    if (end <= 1) Steps(other, random_.Between(1, 4));
    if (end <= 2) Add(Of(EventKind::kFinish, Verb::kNone, task));
    Add(Of(EventKind::kFinish, Verb::kNone, other));
  }

  Event Touch(uint8_t task) {
    const Range near = Near(task);
    Event event = Of(EventKind::kStart,
                     random_.OneOf(2) ? Verb::kRead : Verb::kWrite, task);
    event.addr = Byte(near.addr + random_.Below(near.len));
    return event;
  }

  void Begin(Event event) {
    event.kind = EventKind::kBegin;
    Add(event);
  }
  void Steps(uint8_t task, unsigned steps) {
    for (; steps > 0; --steps) Add(Of(EventKind::kStep, Verb::kNone, task));
  }
  void Drop(uint8_t task, unsigned count) {
    Event drop = Of(EventKind::kDrop, Verb::kNone, task);
    drop.count = Byte(count);
    Add(drop);
  }
  void Inside(uint8_t task) {
    const Event event = random_.OneOf(8) ? Pass(task) : Operation(task);
    if (!random_.OneOf(6)) return Add(event);
    Begin(event);
    if (random_.OneOf(2)) Steps(task, random_.Between(1, 4));
  }

  // Sizes shrink and grow; a punch and an invalidation are passes too.
  Event Pass(uint8_t task) {
    const unsigned kind = random_.Below(8);
    Event event = Of(EventKind::kStart,
                     kind == 0   ? Verb::kPunch
                     : kind == 1 ? Verb::kInvalidate
                                 : Verb::kTruncate,
                     task);
    event.file = script_.setup.files == 2 && random_.OneOf(6) ? 1 : 0;
    const unsigned most = script_.setup.sizes[0];
    if (kind <= 1) {
      event.addr = Byte(random_.Below(std::max(most, 1U)));
      event.len = Byte(random_.Between(1, 6));
      return event;
    }
    size_ = random_.OneOf(4) ? random_.Between(1, std::max(most, 1U))
                             : random_.Below(std::max(size_, 1U));
    event.addr = Byte(size_);
    if (size_ == 0) size_ = 1;
    return event;
  }

  // A mapping of the task's mm, or any.
  const Range& Near(uint8_t task) {
    const unsigned start = random_.Below(static_cast<unsigned>(ranges_.size()));
    for (size_t i = 0; i < ranges_.size(); ++i) {
      const Range& range = ranges_[(start + i) % ranges_.size()];
      if (MmOf(range.task) == MmOf(task)) return range;
    }
    return ranges_[start];
  }
  unsigned MmOf(uint8_t task) const { return script_.setup.mm_of[task]; }

  Event Operation(uint8_t task) {
    Event event = Of(EventKind::kStart, Verb::kNone, task);
    const Range near = Near(task);
    const unsigned skip = random_.OneOf(2) ? 0 : random_.Below(near.len);
    event.addr = Byte(near.addr + skip);
    event.len = Byte(random_.OneOf(2) ? near.len - skip
                                      : random_.Between(1, near.len - skip));
    switch (AnyHabit()) {
      case kUnmaps:
        event.verb = Verb::kMunmap;
        break;
      case kProtects:
        event.verb = Verb::kMprotect;
        event.write = random_.OneOf(2);
        Protect(event);
        break;
      case kMoves:
        event.verb = Verb::kMremap;
        Move(event, near, skip);
        break;
      case kTouches:
        return Touch(task);
      case kMaps:
        event.verb = Verb::kMmap;
        Again(event, near);
        break;
      case kForks:
        event.verb = Verb::kFork;
        event.addr = event.len = 0;
        event.new_addr = Byte(script_.setup.tasks + random_.Below(2));
        break;
      case kExits:
        event.verb = Verb::kExit;
        event.addr = event.len = 0;
        break;
      case kRemaps:
        event.verb = Verb::kRemap;
        event.pgoff = Byte(random_.Below(6));
        break;
      default:
        return Pass(task);
    }
    return event;
  }

  // Half of the time a range that was protected before, or an adjacent one: to
  // the old protection, or the same. So vmas split, merge and move their
  // boundary.
  void Protect(Event& event) {
    if (!protects_.empty() && random_.OneOf(2)) {
      const Event& before =
          protects_[random_.Below(static_cast<unsigned>(protects_.size()))];
      event.addr = before.addr;
      event.len = before.len;
      const unsigned side = random_.Below(4);
      if (side == 0) {
        event.addr = Byte(before.addr + before.len);
        event.len = Byte(random_.Between(1, 3));
      } else if (side == 1 && before.addr > 3) {
        event.len = Byte(random_.Between(1, 3));
        event.addr = Byte(before.addr - event.len);
      }
      event.write = side <= 1 ? before.write : !before.write;
    }
    protects_.push_back(event);
  }

  // To a free place, onto another mapping, to where it continues one, or in
  // place with another length.
  void Move(Event& event, const Range& near, unsigned skip) {
    const Range other = Near(near.task);
    const unsigned pgoff = near.pgoff + skip;
    unsigned to = random_.Between(10, 34);
    switch (random_.Below(4)) {
      case 0:
        to = event.addr;
        break;
      case 1:
        to = random_.Between(other.addr, other.addr + other.len);
        break;
      case 2:
        if (other.addr + pgoff > other.pgoff)
          to = other.addr + pgoff - other.pgoff;
        break;
      default:
        break;
    }
    event.new_addr = Byte(std::min(to, 200U));
    event.new_len =
        Byte(random_.OneOf(4) ? random_.Between(1, event.len + 2U) : event.len);
    if (random_.OneOf(8)) event.fail_after = Byte(random_.Between(1, 4));
    ranges_.push_back(
        {near.task, near.file, event.new_addr, event.new_len, pgoff});
  }

  // A mapping adjacent to an existing one, with pages that continue it or not.
  void Again(Event& event, const Range& near) {
    Range next = near;
    next.task = event.task;
    next.len = random_.Between(1, 5);
    if (random_.OneOf(2)) {
      next.addr += near.len;
      next.pgoff += near.len;
    } else if (random_.OneOf(2) && near.pgoff >= next.len &&
               near.addr > next.len) {
      next.addr -= next.len;
      next.pgoff -= next.len;
    } else {
      next.pgoff = random_.Below(5);
    }
    next.addr = std::min(next.addr, 200U);
    next.pgoff = std::min(next.pgoff, 60U);
    event.file = next.file;
    event.addr = Byte(next.addr);
    event.len = Byte(next.len);
    event.pgoff = Byte(next.pgoff);
    event.is_private = random_.OneOf(8);
    event.write = !random_.OneOf(8);
    event.populate = !random_.OneOf(4);
    ranges_.push_back(next);
  }

  base::Random random_;
  unsigned events_;
  Script script_ = EmptyScript();
  size_t mapped_ = 0;  // events that map the first ranges
  std::vector<Range> ranges_;
  std::vector<Event> protects_;
  unsigned weights_[kHabits];
  unsigned all_weights_ = 0;
  unsigned size_ = 0;  // of file f, as tracked by the generator
};

}  // namespace

Script MakeScript(uint64_t seed, unsigned events) {
  return Maker(seed, std::max(events, 8U)).Make();
}

Script MakeStart(uint64_t seed) { return Maker(seed, 0).Start(); }

}  // namespace vmtrunc::search
