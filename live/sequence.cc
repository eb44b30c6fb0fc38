#include "live/sequence.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/shown.h"
#include "core/model/machine-inl.h"
#include "live/process.h"

namespace vmtrunc::live {
namespace {

using World_ = World<LargeCaps>;

bool InArena(unsigned addr, unsigned len) {
  return addr >= 1 && len >= 1 && addr + len <= kArenaPages;
}

bool HasFile(Verb verb) {
  return verb == Verb::kMmap || verb == Verb::kTruncate ||
         verb == Verb::kPunch || verb == Verb::kInvalidate ||
         verb == Verb::kRevoke || verb == Verb::kCollapse ||
         verb == Verb::kPin || verb == Verb::kUnpin || verb == Verb::kOrder;
}

bool HasLargeFolios(const FolioSetup& folios) {
  return folios.high != 0 || folios.min_order != 0;
}

bool IsStart(const Event& e) {
  return e.kind == EventKind::kStart || e.kind == EventKind::kBegin;
}

class Sequencer {
 public:
  Sequencer(const Script& script, const Rules& rules, bool on_disk)
      : script_(script),
        rules_(rules),
        on_disk_(on_disk),
        world_(MakeWorld<LargeCaps>(script.setup, rules)),
        machine_(world_, rules, probe_) {}

  Sequence Make() {
    made_.refused = NoSuchFile(script_);
    if (made_.refused.empty()) made_.refused = RefusedFiles();
    for (size_t i = 0; i < script_.events.size() && made_.refused.empty();) {
      const std::string idle = Idle(script_.events[i]);
      if (idle.empty()) {
        i = Take(i);
        continue;
      }
      made_.turns.push_back({.first = i, .end = i + 1, .idle = idle});
      ++made_.idle;
      ++i;
    }
    return made_;
  }

 private:
  // Why the files cannot be as the script has them, or "".
  std::string RefusedFiles() const {
    for (unsigned i = 0; i < script_.setup.files; ++i) {
      const FolioSetup& folios = script_.setup.folios[i];
      if (!HasLargeFolios(folios)) continue;
      const std::string& name = script_.file_names[i];
      if (!folios.shmem && !on_disk_)
        return absl::StrCat("file ", name,
                            ": expected --dir, for a file with large folios "
                            "that is not of tmpfs; `vmtrunc run` plays it");
      if (folios.min_order != 0)
        return absl::StrCat("file ", name,
                            ": there is no smallest folio here; `vmtrunc run` "
                            "plays it");
      if (!rules_.faults_map_folios)
        return absl::StrCat("file ", name,
                            ": tmpfs has small folios before 6.14");
    }
    return "";
  }

  // tmpfs gives a fault a small folio, in files as small as these.
  std::string RefusedOrder(const Event& e) const {
    if (e.verb == Verb::kOrder)
      return e.addr == 0 ? ""
                         : "a fault gets a small folio here; `vmtrunc run` "
                           "plays it";
    for (const File& file : world_.files)
      if (file.folios.order != 0)
        return "a fault gets a small folio here: expected `order FILE 0` "
               "before it, for each file with large ones";
    return "";
  }

  // Requires: the event has an effect.
  std::string RefusedPin(const Event& e) const {
    if (e.verb != Verb::kPin || CanSplice(world_.files[e.file], e.addr))
      return "";
    return "a page past the end cannot be spliced into a pipe, and one of a "
           "disk that is not cached is read in; `vmtrunc run` plays it";
  }

  // Requires: nothing is in flight.
  std::string Idle(const Event& e) const {
    if (e.task >= kTasks || world_.tasks[e.task].live == 0)
      return "there is no such task";
    if (e.kind == EventKind::kNone) return "it is an empty event";
    if (!IsStart(e)) return "nothing is in flight";
    if (e.verb == Verb::kFork && e.new_addr < kTasks &&
        world_.tasks[e.new_addr].live != 0)
      return "the new task already exists";
    return NothingToDo(e, script_.setup);
  }

  // Returns the event after the operation that begins at `first`.
  size_t Take(size_t first) {
    const Event& e = script_.events[first];
    std::string none = NoSystemCall(e);
    if (none.empty()) none = RefusedOrder(e);
    if (none.empty()) none = RefusedPin(e);
    if (none.empty()) none = OnDiskElse(world_, e);
    if (!none.empty()) return Refuse(first, none);
    machine_.Apply(e);
    size_t end = first + 1;
    for (; InFlight(e.task) && end < script_.events.size(); ++end) {
      const Event& next = script_.events[end];
      if (next.task == e.task && next.kind == EventKind::kDrop)
        return Refuse(end,
                      "a user process cannot make the kernel drop its lock; "
                      "`vmtrunc run` plays it, `live --threads` races it");
      if (next.task != e.task || IsStart(next))
        return Refuse(
            first,
            absl::StrCat("it stays in flight over ", NameEvent(script_, end),
                         ", and a user process cannot stop it there; "
                         "`vmtrunc run` plays it, `live --threads` races it"));
      machine_.Apply(next);
    }
    if (InFlight(e.task)) machine_.Finish();
    if (probe_.ran_out())
      return Refuse(first,
                    absl::StrCat("the model has room for ", LargeCaps::kVmas,
                                 " vmas, the running kernel for more; "
                                 "`vmtrunc run` plays it"));
    made_.turns.push_back({.first = first, .end = end});
    made_.played += end - first;
    return end;
  }

  bool InFlight(unsigned task) const {
    return world_.tasks[task].live != 0 &&
           world_.tasks[task].op.verb != Verb::kNone;
  }

  size_t Refuse(size_t event, const std::string& why) {
    made_.refused =
        absl::StrCat(NameEvent(script_, event), ": cannot be played: ", why);
    return event;
  }

  const Script& script_;
  const Rules& rules_;
  const bool on_disk_;
  World_ world_;
  VmasProbe probe_;
  Machine<LargeCaps, VmasProbe> machine_;
  Sequence made_;
};

}  // namespace

std::string NothingToDo(const Event& e, const Setup& setup) {
  if (HasFile(e.verb) && e.file >= setup.files) return "there is no such file";
  switch (e.verb) {
    case Verb::kNone:
      return "it is an empty event";
    case Verb::kMremap:
      if (!InArena(e.new_addr, e.new_len)) return "outside pages 1..255";
      [[fallthrough]];
    case Verb::kMmap:
    case Verb::kMunmap:
    case Verb::kMprotect:
    case Verb::kRemap:
      return InArena(e.addr, e.len) ? "" : "outside pages 1..255";
    case Verb::kPunch:
    case Verb::kInvalidate:
      return e.len == 0 ? "its range is empty" : "";
    case Verb::kTruncate:
      return e.addr > LargeCaps::kFilePages ? "no file has so many pages" : "";
    case Verb::kFork:
      return e.new_addr >= kTasks ? "there is no such task" : "";
    case Verb::kRevoke:
      return e.len != 0 && setup.folios[e.file].pfn
                 ? ""
                 : "it takes back no memory of a device";
    case Verb::kPin:
    case Verb::kUnpin:
    case Verb::kOrder:
      return HasLargeFolios(setup.folios[e.file])
                 ? ""
                 : "the folios of the file are small";
    default:
      return "";
  }
}

std::string NoSystemCall(const Event& e) {
  if (e.verb == Verb::kInvalidate)
    return "no system call removes clean pages from the page cache of a memfd; "
           "`vmtrunc run` plays it";
  if (e.verb == Verb::kMremap && e.fail_after != 0)
    return "a user process cannot make an allocation of the kernel fail there; "
           "`vmtrunc run` plays it";
  if (e.verb == Verb::kRevoke)
    return "no system call takes memory of a device back; `vmtrunc run` plays "
           "it";
  if (e.verb == Verb::kCollapse)
    return "no file here is large enough for a huge page; `vmtrunc run` plays "
           "it";
  return "";
}

std::string NoSuchFile(const Script& script) {
  for (unsigned i = 0; i < script.setup.files; ++i)
    if (const FolioSetup& it = script.setup.folios[i]; it.pfn || it.hugetlb)
      return absl::StrCat("file ", script.file_names[i], ": no file here ",
                          it.pfn ? "is memory of a device" : "has huge pages",
                          "; `vmtrunc run` plays it");
  return "";
}

std::string NoSuchSmallFile(const Script& script) {
  std::string none = NoSuchFile(script);
  for (unsigned i = 0; none.empty() && i < script.setup.files; ++i)
    if (HasLargeFolios(script.setup.folios[i]))
      none = absl::StrCat("file ", script.file_names[i],
                          ": its folios are small here, as without `order` and "
                          "`min-order`; `vmtrunc run` plays it");
  return none;
}

std::string OfTheModel(const Setup& setup) {
  std::vector<std::string> lines;
  if (setup.block != 1) lines.push_back(absl::StrCat("block ", setup.block));
  if (setup.count != 0) lines.push_back(absl::StrCat("count ", setup.count));
  if (setup.count_bits != 32)
    lines.push_back(absl::StrCat("count-bits ", setup.count_bits));
  return absl::StrJoin(lines, "; ");
}

std::string NotOfThisKernel(const Script& script) {
  std::vector<std::string> lines;
  if (script.kernel)
    lines.push_back(absl::StrCat("kernel ", script.kernel->ToString()));
  if (!script.unknown_kernel.empty())
    lines.push_back(
        absl::StrCat("kernel ", base::Shown(script.unknown_kernel)));
  if (std::string own = OfTheModel(script.setup); !own.empty())
    lines.push_back(std::move(own));
  if (!script.expects.empty())
    lines.push_back(absl::StrCat("expect, ", script.expects.size(), " lines"));
  return absl::StrJoin(lines, "; ");
}

std::string NameEvent(const Script& script, size_t event) {
  return absl::StrCat("event ", event + 1, ", `",
                      ToText(script.events[event], script), "`");
}

bool CanSplice(const File& file, unsigned page) {
  const bool cached = (file.cached >> page & 1) != 0;
  if (page >= file.size) return !cached;
  return cached || file.folios.shmem != 0;
}

std::string OnDiskElse(const World_& world, const Event& event) {
  if (event.verb != Verb::kPunch) return "";
  const File& file = world.files[event.file & 1];
  if (file.folios.high == 0 || file.folios.shmem != 0) return "";
  return unsigned{event.addr} + event.len <= file.size
             ? ""
             : "a file of a disk is not punched past its end";
}

Sequence MakeSequence(const Script& script, const Rules& rules, bool on_disk) {
  return Sequencer(script, rules, on_disk).Make();
}

}  // namespace vmtrunc::live
