#include "live/compare.h"

#include <cstring>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/model/machine-inl.h"
#include "live/held.h"
#include "live/maps.h"
#include "live/seam.h"
#include "search/mutate.h"

namespace vmtrunc::live {
namespace {

using World_ = World<LargeCaps>;

View LookAtModel(const World_& w, unsigned task) {
  View view;
  const unsigned mm = w.tasks[task].mm;
  for (Slot slot = w.mms[mm].mmap; slot != kNone; slot = w.vmas[slot].mm_next) {
    const Vma& vma = w.vmas[slot];
    view.vmas += VmaLine(vma.start, vma.end, vma.shared != 0, vma.write != 0,
                         vma.file, vma.pgoff);
  }
  for (size_t i = 0; i < view.present.size(); ++i)
    view.present[i] = w.mms[mm].ptes[i].present();
  return view;
}

// The vma at the address, or null.
const Vma* VmaAt(const World_& w, unsigned mm, unsigned addr) {
  for (Slot slot = w.mms[mm].mmap; slot != kNone; slot = w.vmas[slot].mm_next) {
    const Vma& vma = w.vmas[slot];
    if (addr >= vma.start && addr < vma.end) return &vma;
  }
  return nullptr;
}

bool IsTouch(const Event& event) {
  return event.verb == Verb::kRead || event.verb == Verb::kWrite;
}

// The expected result of the touch that was just made.
Touch TouchOfModel(const World_& w, const Event& event) {
  const unsigned mm = w.tasks[event.task].mm;
  const Vma* vma = VmaAt(w, mm, event.addr);
  if (vma == nullptr || (event.verb == Verb::kWrite && vma->write == 0))
    return Touch::kSigsegv;
  return w.mms[mm].ptes[event.addr].present() ? Touch::kServed : Touch::kSigbus;
}

// Whether the page has no content after the event: it has left the cache, or is
// zeroed, as its folio lies over the end of the range and could not be split.
bool IsCutOff(const Event& event, unsigned file, unsigned page,
              unsigned size_before) {
  if (event.file != file) return false;
  if (event.verb == Verb::kTruncate)
    return event.addr <= size_before && page >= event.addr;
  return event.verb == Verb::kPunch && page >= event.addr &&
         page < unsigned{event.addr} + event.len;
}

std::string Present(const View& view) {
  std::string text;
  for (size_t i = 0; i < view.present.size(); ++i)
    if (view.present[i]) absl::StrAppend(&text, text.empty() ? "" : " ", i);
  return text.empty() ? "none" : text;
}

// A task that exists, if there is one.
std::optional<uint8_t> AnyTask(const World_& world, base::Random& random) {
  const unsigned first = random.Below(kTasks);
  for (unsigned i = 0; i < kTasks; ++i) {
    const unsigned task = (first + i) % kTasks;
    if (world.tasks[task].live != 0) return static_cast<uint8_t>(task);
  }
  return std::nullopt;
}

// A page of the file below its end, of a large folio if a few draws meet one.
std::optional<uint8_t> AnyPage(const File& file, base::Random& random) {
  if (file.size == 0) return std::nullopt;
  unsigned page = 0;
  for (int tries = 0; tries < 4; ++tries) {
    page = random.Below(file.size);
    if (OrderOf(file, page) != 0) break;
  }
  return static_cast<uint8_t>(page);
}

// A pin or an unpin of a page that can be spliced into a pipe, or nothing.
std::vector<Event> RandomPin(const World_& world, const Setup& setup,
                             uint8_t task, base::Random& random) {
  Event event;
  event.kind = EventKind::kStart;
  event.verb = random.Below(3) == 0 ? Verb::kUnpin : Verb::kPin;
  event.task = task;
  event.file = static_cast<uint8_t>(random.Below(setup.files));
  const std::optional<uint8_t> page = AnyPage(world.files[event.file], random);
  if (!page ||
      (event.verb == Verb::kPin && !CanSplice(world.files[event.file], *page)))
    return {};
  event.addr = *page;
  return {event};
}

// Files that begin with large folios. A fault adds small ones.
void GiveFolios(Script& script, Files files, base::Random& random) {
  for (uint8_t file = 0; file < script.setup.files; ++file) {
    FolioSetup& folios = script.setup.folios[file];
    folios.shmem = files == Files::kTmpfs;
    folios.high = static_cast<uint8_t>(1 + random.Below(2));
    Event order;
    order.kind = EventKind::kStart;
    order.verb = Verb::kOrder;
    order.file = file;
    script.events.push_back(order);
  }
}

// Adds the event if the kernel can play it; keeps some events without effect.
void TakeEvent(Script& script, World_& world, const Event& event,
               base::Random& random, const Rules& rules) {
  const bool forks = event.verb == Verb::kFork;
  if (!NothingToDo(event, script.setup).empty()) return;
  if (!OnDiskElse(world, event).empty()) return;
  if (forks && world.tasks[event.new_addr].live != 0) return;
  World_ after = world;
  VmasProbe probe;
  Machine<LargeCaps, VmasProbe> trial(after, rules, probe);
  const bool effect = trial.Apply(event);
  if (probe.ran_out() || (!effect && random.Below(4) != 0)) return;
  world = after;
  script.events.push_back(event);
}

}  // namespace

Script RandomLive(base::Random& random, size_t events, const Rules& rules,
                  Files files) {
  const bool folios = files != Files::kSmall;
  constexpr search::Verbs kVerbsHere =
      search::kAllVerbs & ~search::Bit(Verb::kInvalidate);
  Script script = EmptyScript();
  script.setup.tasks = 2;
  script.setup.files = static_cast<uint8_t>(1 + random.Below(2));
  for (unsigned i = 0; i < script.setup.files; ++i)
    script.setup.sizes[i] = static_cast<uint8_t>(4 + random.Below(16));
  if (random.Below(4) == 0) {
    script.setup.tasks = 3;
    script.setup.mm_of[2] = 0;
  }
  if (folios) GiveFolios(script, files, random);
  World_ world = MakeWorld<LargeCaps>(script.setup, rules);
  NoProbe<LargeCaps> probe;
  Machine<LargeCaps, NoProbe<LargeCaps>> before(world, rules, probe);
  for (const Event& event : script.events) before.Apply(event);
  for (;;) {
    const std::optional<uint8_t> task = AnyTask(world, random);
    if (script.events.size() >= events || !task) return script;
    std::vector<Event> next;
    if (folios && random.OneOf(8)) {
      next = RandomPin(world, script.setup, *task, random);
    } else if (random.OneOf(16)) {
      next = RandomSeam(script.setup, *task, random);
    } else {
      Event event = search::RandomEvent(script, random, kVerbsHere);
      if (event.verb == Verb::kNone) continue;
      if (event.verb == Verb::kExit && random.Below(4) != 0) continue;
      event.kind = EventKind::kStart;
      event.fail_after = 0;
      event.file = static_cast<uint8_t>(random.Below(script.setup.files));
      event.task = *task;
      next.push_back(event);
    }
    for (const Event& event : next)
      if (script.events.size() < events)
        TakeEvent(script, world, event, random, rules);
  }
}

std::string Comparison::Compare(const Script& script, const Sequence& sequence,
                                size_t& at) {
  constexpr unsigned kTries = 5;
  for (unsigned tries = 1;; ++tries) {
    held_ = false;
    const std::string differs = Play(script, sequence, at);
    if (!held_ || tries == kTries) return differs;
    ++totals_.again;
  }
}

std::string Comparison::Play(const Script& script, const Sequence& sequence,
                             size_t& at) {
  World_ world = MakeWorld<LargeCaps>(script.setup, rules_);
  Machine<LargeCaps, MergeProbe> machine(world, rules_, probe_);
  live_.Begin(script.setup);
  values_ = {};
  for (unsigned file = 0; file < script.setup.files; ++file)
    for (unsigned i = 0; i < script.setup.sizes[file]; ++i)
      values_[file][i] = FirstValue(file, i);
  std::string differs;
  at = 0;
  for (const Turn& turn : sequence.turns) {
    if (stop_) throw LiveStopped{};
    at = turn.end;
    if (turn.idle.empty())
      differs = CompareTurn(world, machine, script, sequence, turn);
    if (!differs.empty()) break;
  }
  live_.End();
  if (held_) return differs;
  ++totals_.scripts;
  totals_.idle += sequence.idle;
  return differs;
}

std::string Comparison::CompareTurn(World_& world,
                                    Machine<LargeCaps, MergeProbe>& machine,
                                    const Script& script,
                                    const Sequence& sequence,
                                    const Turn& turn) {
  const Event& event = script.events[turn.first];
  Request request{.event = event, .value = ++value_};
  request.size = static_cast<uint8_t>(world.files[event.file & 1].size);
  request.last = world.mms[world.tasks[event.task].mm].users == 1;
  const bool effect = PlayTurn(machine, world, script, turn);
  const Reply reply = live_.Do(request);
  if (reply.refused)
    throw LiveError{absl::StrCat("live: the machine refused ",
                                 NameEvent(script, turn.first), ": ",
                                 std::strerror(reply.error))};
  totals_.events += turn.end - turn.first;
  totals_.effects += effect ? turn.end - turn.first : 0;
  ++totals_.verbs[event.verb];
  std::string differs = CompareViews(world);
  if (differs.empty()) differs = CompareTouch(world, request, reply);
  const auto agrees = [&](const World_& other) {
    return CompareViews(other).empty() &&
           (!IsTouch(event) || TouchOfModel(other, event) == reply.touch);
  };
  held_ = !differs.empty() && !agrees(world) &&
          ElseHeld(script, sequence, turn, rules_, agrees);
  return differs;
}

std::string Comparison::CompareViews(const World_& world) {
  for (unsigned task = 0; task < kTasks; ++task) {
    if (world.tasks[task].live == 0) continue;
    const View model = LookAtModel(world, task);
    const View kernel = live_.Look(task);
    if (model.vmas == kernel.vmas && model.present == kernel.present) continue;
    return absl::StrFormat(
        "task %c has in the model\n%s  present: %s\nin the kernel\n%s"
        "  present: %s\n",
        'a' + task, model.vmas, Present(model), kernel.vmas, Present(kernel));
  }
  return "";
}

std::string Comparison::CompareTouch(const World_& world,
                                     const Request& request,
                                     const Reply& reply) {
  const Event& event = request.event;
  for (unsigned file = 0; file < values_.size(); ++file)
    for (unsigned i = 0; i < values_[file].size(); ++i)
      if (IsCutOff(event, file, i, request.size)) values_[file][i] = 0;
  if (!IsTouch(event)) return "";
  const Touch touch = TouchOfModel(world, event);
  if (touch != reply.touch)
    return absl::StrFormat(
        "the access gives %s in the model, %s in the kernel\n",
        TouchName(touch), TouchName(reply.touch));
  const unsigned mm = world.tasks[event.task].mm;
  const Pte pte = world.mms[mm].ptes[event.addr];
  if (touch != Touch::kServed || pte.kind() != PteKind::kPage) return "";
  const unsigned file = VmaAt(world, mm, event.addr)->file;
  uint8_t& value = values_[file][pte.index()];
  if (event.verb == Verb::kWrite) value = value_;
  if (value == reply.value) return "";
  return absl::StrFormat(
      "page %d of the %s file has %d in the model, %d in the kernel\n",
      pte.index(), file == 0 ? "first" : "second", value, reply.value);
}

}  // namespace vmtrunc::live
