#include "live/compare.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/machine-inl.h"
#include "fuzz/mutate.h"

namespace vmtrunc {
namespace {

using World_ = World<LargeCaps>;

View LookAtModel(const World_& w, unsigned task) {
  View view;
  const unsigned mm = w.tasks[task].mm;
  for (Slot slot = w.mms[mm].mmap; slot != kNone; slot = w.vmas[slot].mm_next) {
    const Vma& vma = w.vmas[slot];
    view.vmas +=
        VmaLine(vma.start, vma.end, vma.shared != 0, vma.write != 0, vma.pgoff);
  }
  for (size_t i = 0; i < view.present.size(); ++i)
    view.present[i] = w.mms[mm].ptes[i].present();
  return view;
}

// What a touch that has just been made must have come to.
Touch TouchOfModel(const World_& w, const Event& event) {
  const unsigned mm = w.tasks[event.task].mm;
  for (Slot slot = w.mms[mm].mmap; slot != kNone; slot = w.vmas[slot].mm_next) {
    const Vma& vma = w.vmas[slot];
    if (event.addr < vma.start || event.addr >= vma.end) continue;
    if (event.verb == Verb::kWrite && vma.write == 0) return Touch::kSigsegv;
    return w.mms[mm].ptes[event.addr].present() ? Touch::kServed
                                                : Touch::kSigbus;
  }
  return Touch::kSigsegv;
}

std::string Present(const View& view) {
  std::string text;
  for (size_t i = 0; i < view.present.size(); ++i)
    if (view.present[i]) absl::StrAppend(&text, text.empty() ? "" : " ", i);
  return text.empty() ? "none" : text;
}

}  // namespace

Script RandomLive(Random& random, size_t events, const Rules& rules) {
  constexpr Verbs kVerbsHere = kAllVerbs & ~(1U << 12);  // no invalidate
  Script script = EmptyScript();
  script.setup.tasks = 2;
  script.setup.sizes[0] = static_cast<uint8_t>(4 + random.Below(16));
  World_ world = MakeWorld<LargeCaps>(script.setup, rules);
  NoProbe<LargeCaps> probe;
  Machine<LargeCaps, NoProbe<LargeCaps>> machine(world, rules, probe);
  while (script.events.size() < events) {
    Event event = RandomEvent(script, random, kVerbsHere);
    if (event.verb == Verb::kNone) continue;
    if (event.verb == Verb::kExit && random.Below(4) != 0) continue;
    event.kind = EventKind::kStart;
    event.fail_after = 0;
    const unsigned first = random.Below(kTasks);
    for (unsigned i = 0; i < kTasks; ++i) {
      event.task = static_cast<uint8_t>((first + i) % kTasks);
      if (world.tasks[event.task].live != 0) break;
    }
    // An event without effect is kept now and then.
    World_ after = world;
    Machine<LargeCaps, NoProbe<LargeCaps>> trial(after, rules, probe);
    const bool effect = trial.Apply(event);
    if (world.tasks[event.task].live == 0) break;
    if (!effect && random.Below(4) != 0) continue;
    world = after;
    script.events.push_back(event);
  }
  return script;
}

std::string Comparison::Compare(const Script& script, size_t& at) {
  World_ world = MakeWorld<LargeCaps>(script.setup, rules_);
  Machine<LargeCaps, MergeProbe> machine(world, rules_, probe_);
  live_.Begin(script.setup);
  values_.fill(0);
  for (unsigned i = 0; i < script.setup.sizes[0]; ++i)
    values_[i] = static_cast<uint8_t>(i + 1);
  std::string differs;
  ++totals_.scripts;
  for (at = 0; at < script.events.size() && differs.empty(); ++at) {
    const Event& event = script.events[at];
    if (world.tasks[event.task].live == 0 || event.kind != EventKind::kStart ||
        event.verb == Verb::kInvalidate)
      continue;
    differs = CompareEvent(world, machine, event);
  }
  live_.End();
  return differs;
}

std::string Comparison::CompareEvent(World_& world,
                                     Machine<LargeCaps, MergeProbe>& machine,
                                     const Event& event) {
  const bool was_live = world.tasks[event.new_addr % kTasks].live != 0;
  const auto size = static_cast<uint8_t>(world.files[0].size);
  const bool effect = machine.Apply(event);
  ++totals_.events;
  totals_.effects += effect ? 1 : 0;
  ++totals_.verbs[event.verb];
  // The model refuses some operations before the kernel sees them.
  if (event.verb == Verb::kFork && (was_live || !effect)) return "";
  if (!HasCall(event)) return "";
  const Reply reply =
      live_.Do({.event = event, .size = size, .value = ++value_});
  const std::string differs = CompareViews(world);
  return differs.empty() ? CompareTouch(world, event, reply) : differs;
}

std::string Comparison::CompareViews(const World_& world) {
  for (unsigned task = 0; task < kTasks; ++task) {
    if (world.tasks[task].live == 0) continue;
    const View model = LookAtModel(world, task);
    const View kernel = live_.Look(task);
    if (model.vmas == kernel.vmas && model.present == kernel.present) continue;
    return absl::StrFormat(
        "of task %c the model has\n%s  present: %s\nthe kernel has\n%s"
        "  present: %s\n",
        'a' + task, model.vmas, Present(model), kernel.vmas, Present(kernel));
  }
  return "";
}

std::string Comparison::CompareTouch(const World_& world, const Event& event,
                                     const Reply& reply) {
  for (unsigned i = 0; i < values_.size(); ++i)
    if ((world.files[0].cached >> i & 1) == 0) values_[i] = 0;
  if (event.verb != Verb::kRead && event.verb != Verb::kWrite) return "";
  const Touch touch = TouchOfModel(world, event);
  if (touch != reply.touch)
    return absl::StrFormat("the model's touch: %s, the kernel's: %s\n",
                           TouchName(touch), TouchName(reply.touch));
  const Pte pte = world.mms[world.tasks[event.task].mm].ptes[event.addr];
  if (touch != Touch::kServed || pte.kind() != PteKind::kPage) return "";
  uint8_t& value = values_[pte.index()];
  if (event.verb == Verb::kWrite) value = value_;
  if (value == reply.value) return "";
  return absl::StrFormat("page %d has %d in the model, the kernel read %d\n",
                         pte.index(), value, reply.value);
}

}  // namespace vmtrunc
