#include "properties/smaller.h"

#include <algorithm>

#include "core/script/verbs.h"

namespace vmtrunc::properties {
namespace {

void Half(uint8_t& value, unsigned least) {
  if (value > least) value = static_cast<uint8_t>(least + (value - least) / 2);
}
void Less(uint8_t& value, unsigned least) {
  if (value > least) --value;
}
// Of a mremap that keeps its length, both lengths.
void Shorten(Event& event, void (*shorten)(uint8_t&, unsigned)) {
  const bool keeps = event.new_len == event.len;
  if (event.len != 0) shorten(event.len, 1);
  if (keeps) event.new_len = event.len;
}

// How one event may be simpler. What does not concern it changes nothing.
constexpr void (*kEventChanges[])(Event&) = {
    [](Event& e) {
      if (e.kind == EventKind::kBegin) e.kind = EventKind::kStart;
    },
    [](Event& e) { e.count = 1; },
    [](Event& e) { Less(e.count, 1); },
    [](Event& e) { e.populate = false; },
    [](Event& e) { e.is_private = false; },
    [](Event& e) { e.write |= e.verb == Verb::kMmap; },
    [](Event& e) { e.fail_after = 0; },
    [](Event& e) { Less(e.fail_after, 0); },
    [](Event& e) { Shorten(e, Half); },
    [](Event& e) { Shorten(e, Less); },
    [](Event& e) {
      if (e.new_len != 0) Less(e.new_len, 1);
    },
    [](Event& e) { Half(e.pgoff, 0); },
    [](Event& e) { Less(e.pgoff, 0); },
    [](Event& e) {
      if (e.len == 0 || Has(e.verb, Arg::kFirst)) Less(e.addr, 0);
    },
    [](Event& e) { e.file = 0; },
};

// The addresses of an event, in pages of its task's mm.
template <class F>
void ForAddresses(Script& script, F visit) {
  for (Event& e : script.events) {
    if (e.addr != 0 && Has(e.verb, Arg::kAddr)) visit(e.addr);
    if (Has(e.verb, Arg::kNewAddr)) visit(e.new_addr);
  }
}

void LowerAddresses(Script& script, bool half) {
  unsigned least = 256;
  ForAddresses(script,
               [&](uint8_t& addr) { least = std::min<unsigned>(least, addr); });
  if (least <= 1 || least == 256) return;
  const unsigned by = half ? least / 2 : 1;
  ForAddresses(script,
               [&](uint8_t& addr) { addr = static_cast<uint8_t>(addr - by); });
}

// One task less: the events of `gone` go to `heir`, the last takes its number.
void DropTask(Script& script, uint8_t gone, uint8_t heir) {
  Setup& setup = script.setup;
  if (gone >= setup.tasks || heir >= gone) return;
  const auto last = static_cast<uint8_t>(setup.tasks - 1);
  if (setup.mm_of[gone] != gone && gone != last) return;  // its mm is shared
  for (uint8_t i = 0; i < setup.tasks; ++i)
    if (i != gone && setup.mm_of[i] == gone) return;
  if (gone != last && setup.mm_of[last] != last) return;
  for (uint8_t i = 0; i < last; ++i)
    if (setup.mm_of[i] == last) return;
  for (Event& e : script.events) {
    if (e.task == gone) {
      e.task = heir;
    } else if (e.task == last) {
      e.task = gone;
    } else if (e.task > last) {
      --e.task;
    }
    if (Has(e.verb, Arg::kChild) && e.new_addr > last) --e.new_addr;
  }
  setup.tasks = last;
  setup.mm_of[last] = last;
}

constexpr void (*kScriptChanges[])(Script&) = {
    [](Script& s) { DropTask(s, 3, 0); },
    [](Script& s) { DropTask(s, 3, 1); },
    [](Script& s) { DropTask(s, 3, 2); },
    [](Script& s) { DropTask(s, 2, 0); },
    [](Script& s) { DropTask(s, 2, 1); },
    [](Script& s) { DropTask(s, 1, 0); },
    [](Script& s) {
      s.setup.count_bits = 32;
      s.setup.count = 0;
    },
    [](Script& s) { s.setup.count = 0; },
    [](Script& s) { s.setup.block = 1; },
    [](Script& s) { Less(s.setup.block, 1); },
    [](Script& s) {
      s.setup.files = 1;
      s.setup.sizes[1] = 0;
      s.setup.folios[1] = {};
    },
    [](Script& s) { s.setup.tlb = false; },
    [](Script& s) { s.setup.folios[1] = {}; },
    [](Script& s) { s.setup.folios[0] = {}; },
    [](Script& s) { s.setup.folios[0].shmem = false; },
    [](Script& s) { s.setup.folios[0].low = s.setup.folios[0].high; },
    [](Script& s) { s.setup.folios[0].min_order = 0; },
    [](Script& s) { Half(s.setup.sizes[0], 0); },
    [](Script& s) { Less(s.setup.sizes[0], 0); },
    [](Script& s) { Less(s.setup.sizes[1], 0); },
    [](Script& s) { s.setup.mm_of[1] = 1; },
    [](Script& s) { s.setup.mm_of[2] = 2; },
    [](Script& s) { s.setup.mm_of[3] = 3; },
    [](Script& s) { LowerAddresses(s, true); },
    [](Script& s) { LowerAddresses(s, false); },
};

// The candidates, one after another.
class Smaller {
 public:
  explicit Smaller(const Script& script)
      : script_(script), run_(script.events.size()) {}

  rc::Maybe<Script> operator()() {
    while (run_ > 0) {
      const size_t from = index_++ * run_;
      if (from < script_.events.size()) return Without(from);
      index_ = 0;
      run_ /= 2;
    }
    constexpr size_t kEach = std::size(kEventChanges);
    while (event_ < script_.events.size() * kEach) {
      const size_t at = event_ / kEach;
      Event changed = script_.events[at];
      kEventChanges[event_++ % kEach](changed);
      if (changed == script_.events[at]) continue;
      Script candidate = script_;
      candidate.events[at] = changed;
      return candidate;
    }
    while (change_ < std::size(kScriptChanges)) {
      Script candidate = script_;
      kScriptChanges[change_++](candidate);
      if (!(candidate.setup == script_.setup) ||
          candidate.events != script_.events)
        return candidate;
    }
    return rc::Nothing;
  }

 private:
  // Without `run_` events from the one at `from` on.
  Script Without(size_t from) const {
    Script candidate = script_;
    const size_t size = std::min(run_, script_.events.size() - from);
    const auto at =
        candidate.events.begin() + static_cast<std::ptrdiff_t>(from);
    candidate.events.erase(at, at + static_cast<std::ptrdiff_t>(size));
    return candidate;
  }

  Script script_;
  size_t run_;         // how many events the next candidate is without
  size_t index_ = 0;   // which run of that size
  size_t event_ = 0;   // of all changes of all events
  size_t change_ = 0;  // of the whole script
};

}  // namespace

rc::Seq<Script> SmallerScripts(const Script& script) {
  return rc::makeSeq<Smaller>(script);
}

}  // namespace vmtrunc::properties
