#include "fuzz/shrink.h"

#include "core/check.h"

namespace vmtrunc {
namespace {

class Shrinker {
 public:
  Shrinker(Script script, const Rules& rules, Property property,
           const Rules* unlike)
      : best_(std::move(script)),
        rules_(rules),
        property_(property),
        unlike_(unlike) {
    VMT_CHECK(Breaks(best_));
  }

  Script Run() {
    bool changed = true;
    while (changed) {
      changed = DropEvents();
      changed |= JoinSteps();
      changed |= SimplifyEvents();
      changed |= SimplifySetup();
    }
    return best_;
  }

  // Events alone, with the arguments that they have.
  Script RunOnEvents() {
    while (DropEvents() || JoinSteps()) {
    }
    return best_;
  }

 private:
  bool Breaks(const Script& script) const {
    return vmtrunc::Run(script, rules_).breaks(property_) &&
           (unlike_ == nullptr || vmtrunc::Run(script, *unlike_).holds());
  }

  bool Try(Script candidate) {
    if (!Breaks(candidate)) return false;
    best_ = std::move(candidate);
    return true;
  }

  // Runs of events, halving, from the end: what comes last matters least.
  bool DropEvents() {
    bool changed = false;
    for (size_t size = best_.events.size(); size >= 1; size /= 2) {
      for (size_t end = best_.events.size(); end >= size; --end) {
        if (end > best_.events.size()) continue;
        Script candidate = best_;
        const auto from =
            candidate.events.begin() + static_cast<std::ptrdiff_t>(end - size);
        candidate.events.erase(from, from + static_cast<std::ptrdiff_t>(size));
        changed |= Try(std::move(candidate));
      }
    }
    return changed;
  }

  // A step and what its task does next, as one event.
  bool JoinSteps() {
    bool changed = false;
    for (size_t i = 0; i < best_.events.size(); ++i) {
      const EventKind kind = best_.events[i].kind;
      if (kind != EventKind::kStep && kind != EventKind::kBegin) continue;
      size_t next = i + 1;
      while (next < best_.events.size() &&
             best_.events[next].task != best_.events[i].task)
        ++next;
      if (next == best_.events.size()) continue;
      const auto with = [&](size_t gone, auto change) {
        Script candidate = best_;
        change(candidate.events[i], candidate.events[next]);
        candidate.events.erase(candidate.events.begin() +
                               static_cast<std::ptrdiff_t>(gone));
        return Try(std::move(candidate));
      };
      if (kind == EventKind::kBegin) {
        changed |= with(
            next, [](Event& begin, Event&) { begin.kind = EventKind::kStart; });
        continue;
      }
      const bool joined =
          with(next, [](Event& e, Event&) { e.kind = EventKind::kFinish; }) ||
          with(i, [](Event&, Event& e) { e.kind = EventKind::kFinish; }) ||
          (best_.events[next].kind == EventKind::kDrop &&
           best_.events[next].count != 255 &&
           with(i, [](Event&, Event& e) { ++e.count; }));
      changed |= joined;
      if (joined) --i;
    }
    return changed;
  }

  bool SimplifyEvents() {
    bool changed = false;
    for (size_t i = 0; i < best_.events.size(); ++i) {
      const auto with = [&](auto change) {
        Script candidate = best_;
        change(candidate.events[i]);
        if (candidate.events[i] == best_.events[i]) return;
        changed |= Try(std::move(candidate));
      };
      with([](Event& e) {
        if (e.kind == EventKind::kBegin) e.kind = EventKind::kStart;
      });
      with([](Event& e) { e.count = 1; });
      with([](Event& e) { e.is_private = false; });
      with([](Event& e) { e.populate = false; });
      with([](Event& e) { e.fail_after = 0; });
      with([](Event& e) { e.write |= e.verb == Verb::kMmap; });
    }
    return changed;
  }

  bool SimplifySetup() {
    const Setup before = best_.setup;
    const auto with = [&](auto change) {
      Script candidate = best_;
      change(candidate.setup);
      if (!(candidate.setup == best_.setup)) Try(std::move(candidate));
    };
    with([](Setup& s) { s.block = 1; });
    with([](Setup& s) { s.count = 0; });
    with([](Setup& s) { s.count_bits = 32; });
    with([](Setup& s) { s.mm_of[1] = 1; });
    with([](Setup& s) {
      s.tasks = s.tasks == 0 ? uint8_t{0} : uint8_t(s.tasks - 1);
    });
    return !(best_.setup == before);
  }

  Script best_;
  const Rules& rules_;
  Property property_;
  const Rules* unlike_;  // or nullptr
};

}  // namespace

Script Shrink(Script script, const Rules& rules, Property property,
              const Rules* unlike) {
  return Shrinker(std::move(script), rules, property, unlike).Run();
}

Script ShrinkEvents(Script script, const Rules& rules, Property property) {
  return Shrinker(std::move(script), rules, property, nullptr).RunOnEvents();
}

}  // namespace vmtrunc
