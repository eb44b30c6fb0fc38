#include "live/seam.h"

namespace vmtrunc::live {
namespace {

// Where mremap brings the middle from: past all other mappings.
constexpr uint8_t kElsewhere = 60;

struct Part {
  uint8_t start, len;

  uint8_t end() const { return static_cast<uint8_t>(start + len); }
};

class Seam {
 public:
  Seam(const Setup& setup, uint8_t task, base::Random& random)
      : random_(random), task_(task) {
    const auto length = [&] { return static_cast<uint8_t>(1 + Below(3)); };
    low_ = {.start = static_cast<uint8_t>(10 + Below(16)), .len = length()};
    middle_ = {.start = low_.end(), .len = length()};
    high_ = {.start = middle_.end(), .len = length()};
    like_.file = static_cast<uint8_t>(Below(setup.files));
    like_.is_private = Below(4) != 0;
    like_.write = Below(4) != 0;
    pgoff_ = static_cast<uint8_t>(Below(4));
  }

  std::vector<Event> Make() {
    if (Below(2) == 0) {
      Apart();
    } else {
      Split();
    }
    return made_;
  }

 private:
  unsigned Below(unsigned limit) { return random_.Below(limit); }

  Event& Add(Verb verb, const Part& part) {
    Event event;
    event.kind = EventKind::kStart;
    event.verb = verb;
    event.task = task_;
    event.addr = part.start;
    event.len = part.len;
    made_.push_back(event);
    return made_.back();
  }

  // At `at`, what belongs at the part's place.
  void Map(const Part& part, uint8_t at) {
    Event& event = Add(Verb::kMmap, {.start = at, .len = part.len});
    event.file = like_.file;
    event.is_private = like_.is_private;
    event.write = like_.write;
    event.pgoff = static_cast<uint8_t>(pgoff_ + part.start - low_.start);
    event.populate = Below(4) == 0;
  }
  void Protect(const Part& part, bool write) {
    Add(Verb::kMprotect, part).write = write;
  }
  void Touch(const Part& part) {
    const Part page = {
        .start = static_cast<uint8_t>(part.start + Below(part.len)), .len = 0};
    Add(Below(4) != 0 ? Verb::kWrite : Verb::kRead, page);
  }
  void TouchOrNot(const Part& part) {
    if (Below(4) != 0) Touch(part);
  }
  // Clones the anon_vmas of both tasks.
  void ForkOrNot() {
    if (Below(4) != 0) return;
    const Part none = {.start = 0, .len = 0};
    Add(Verb::kFork, none).new_addr = static_cast<uint8_t>(Below(8));
  }

  // Two mappings apart, then one between them.
  void Apart() {
    const bool low_first = Below(2) == 0;
    Map(low_first ? low_ : high_, (low_first ? low_ : high_).start);
    Map(low_first ? high_ : low_, (low_first ? high_ : low_).start);
    TouchOrNot(low_);
    TouchOrNot(high_);
    ForkOrNot();
    if (Below(3) != 0) return Map(middle_, middle_.start);
    Map(middle_, kElsewhere);
    TouchOrNot({.start = kElsewhere, .len = middle_.len});
    Event& move = Add(Verb::kMremap, {.start = kElsewhere, .len = middle_.len});
    move.new_addr = middle_.start;
    move.new_len = middle_.len;
  }

  // One mapping whose middle has another protection for a while, or is gone.
  void Split() {
    const Part whole = {.start = low_.start,
                        .len = static_cast<uint8_t>(high_.end() - low_.start)};
    like_.write = true;
    Map(whole, whole.start);
    const bool protects = Below(2) == 0;
    if (protects) {
      Protect(middle_, false);
    } else {
      Add(Verb::kMunmap, middle_);
    }
    TouchOrNot(low_);
    TouchOrNot(high_);
    ForkOrNot();
    if (protects) {
      Protect(middle_, true);
    } else {
      Map(middle_, middle_.start);
    }
  }

  base::Random& random_;
  uint8_t task_;
  Part low_, middle_, high_;
  Event like_;
  uint8_t pgoff_ = 0;
  std::vector<Event> made_;
};

}  // namespace

std::vector<Event> RandomSeam(const Setup& setup, uint8_t task,
                              base::Random& random) {
  return Seam(setup, task, random).Make();
}

}  // namespace vmtrunc::live
