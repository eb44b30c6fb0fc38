#include "cli/bound.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <new>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/limits.h"
#include "base/shown.h"
#include "base/stop.h"
#include "cli/input.h"

namespace vmtrunc::cli {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;

// The kind of file, in the words of a script.
FolioSetup FileOf(const std::string& words) {
  const bool is_line = words.find_first_of("\n#") == std::string::npos;
  const auto script =
      ParseText(absl::StrCat("vmtrunc 1\nfile f 1 ", words, "\n"));
  if (!is_line || !script.ok())
    throw base::UsageError{
        "--file: expected pfn, or [shmem] [order N | order N..M] "
        "[min-order N], orders 0 to 2, not " +
        base::Shown(words)};
  if (script->setup.folios[0].hugetlb)
    throw base::UsageError{
        "--file hugetlb: expected pages of which no bound has 16, a page table "
        "to share; --from FILE takes the operations of a script"};
  return script->setup.folios[0];
}

// Adds the file, the pins, and the verbs that come with them.
void AddFile(const BoundArguments& o, search::Bound& bound, std::string& what) {
  using search::Bit;
  if (!o.file.empty()) bound.folios = FileOf(o.file);
  const FolioSetup& folios = bound.folios;
  if (folios != FolioSetup{}) absl::StrAppend(&what, ", file", ToText(folios));
  constexpr search::Verbs kPins = Bit(Verb::kPin) | Bit(Verb::kUnpin);
  if (o.pins == 0 && (bound.verbs & kPins) != 0)
    throw base::UsageError{"--verbs: pin and unpin: expected --pins"};
  if ((bound.verbs & Bit(Verb::kCollapse)) != 0)
    throw base::UsageError{
        "--verbs: collapse: expected --from, with a script that has it"};
  if (folios.low == folios.high && (bound.verbs & Bit(Verb::kOrder)) != 0)
    throw base::UsageError{
        "--verbs: order: expected --file with a range, as in 'order 0..2'"};
  if (folios.low != folios.high) bound.verbs |= Bit(Verb::kOrder);
  if (folios.pfn) {
    // Nothing is removed from a device; what may be left are translations.
    bound.tlb = true;
    if (o.privates)
      throw base::UsageError{
          "--private: expected no --file pfn, which the model maps shared "
          "alone"};
    bound.private_too = false;
    if (!o.verbs.empty() &&
        (bound.verbs & search::kPassVerbs & ~Bit(Verb::kRevoke)) != 0)
      throw base::UsageError{
          "--verbs: truncate, punch, invalidate: expected revoke, as nothing "
          "is removed from --file pfn"};
    if ((bound.verbs & search::kPassVerbs) != 0)
      bound.verbs = (bound.verbs & ~search::kPassVerbs) | Bit(Verb::kRevoke);
  } else if ((bound.verbs & Bit(Verb::kRevoke)) != 0) {
    throw base::UsageError{"--verbs: revoke: expected --file pfn"};
  }
  if (o.pins == 0) return;
  if (folios.high <= folios.min_order)
    throw base::UsageError{
        "--pins: expected --file with folios that can be split: with an order "
        "above 0 and above min-order"};
  bound.pins = o.pins;
  absl::StrAppend(&what, ", pins ", o.pins);
  const bool alone = (bound.verbs & kPins) == Bit(Verb::kPin);
  bound.verbs |= alone ? Bit(Verb::kPin) : kPins;
}

// Lets operations begin any number of times.
void Close(const BoundArguments& o, search::Bound& bound, std::string& what) {
  if (o.closed && !bound.closed) absl::StrAppend(&what, ", closed");
  bound.closed |= o.closed;
  if (bound.closed && o.operations != 0)
    throw base::UsageError{
        "--operations: expected no number of them with --bound closed"};
  if (bound.closed) bound.offsets = search::ClosedOffsets(bound.pages);
  if (o.offsets == 0) return;
  bound.offsets = o.offsets;
  absl::StrAppend(&what, ", offsets ", o.offsets);
}

}  // namespace

void AddBoundOptions(CLI::App& sub, BoundArguments& arguments) {
  BoundArguments* const o = &arguments;  // lives as long as the command
  sub.add_option("--bound", o->name,
                 "tiny (the default), small, medium, large or closed");
  sub.add_option("--pages", o->pages, "of the file, 1..4")
      ->check(CLI::Range(1U, kMostPages));
  sub.add_option("--mms", o->mms, "1 or 2")->check(CLI::Range(1, 2));
  sub.add_option("--threads", o->threads, "tasks of each mm, 1 or 2")
      ->check(CLI::Range(1, 2));
  sub.add_option("--vmas", o->vmas, "structs in the slab, 1..7")
      ->check(CLI::Range(1U, kMostVmas));
  sub.add_option("--passes", o->passes, "that may begin, 1 or 2")
      ->check(CLI::Range(1U, kMostPasses));
  sub.add_option("--operations", o->operations, "others that may begin")
      ->check(CLI::Range(1U, kMostOperations));
  sub.add_option("--in-flight", o->in_flight, "at once")
      ->check(CLI::Range(1U, kMostInFlight));
  sub.add_option("--verbs", o->verbs, "mmap,mremap,...: no others")
      ->delimiter(',');
  sub.add_option("--file", o->file,
                 "its kind, as in a script: 'pfn' or '[shmem] [order N | order "
                 "N..M] [min-order N]'; small folios, not of tmpfs")
      ->type_name("KIND");
  sub.add_option("--pins", o->pins,
                 "of large folios, that may begin, 1 to 4; each may be given "
                 "back (--verbs pin: not)")
      ->check(CLI::Range(1, 4));
  sub.add_flag("--private", o->privates, "mappings may also be private");
  sub.add_flag("--tlb", o->tlb,
               "translations may stay in the TLB when their pte has gone");
  sub.add_flag("--closed", o->closed,
               "any number of passes and operations; --bound closed if no "
               "other is given")
      ->excludes("--operations");
  sub.add_option("--offsets", o->offsets,
                 "of the file, that mappings may reach, 1..8; any, and with "
                 "--closed one more than --pages")
      ->check(CLI::Range(1U, kMostOffsets));
  sub.add_option("--jobs", o->jobs, "threads; as many as processors")
      ->check(CLI::Range(1, 64));
  sub.add_option(
         "--memory", o->memory,
         "GiB that states may take, or with a unit: 512M; 4, or half of what "
         "the machine, its control groups and ulimit leave")
      ->transform(MemoryIn("GiB", 0.001, 1024));
  sub.add_option("--seconds", o->seconds,
                 "then it ran out, and says how far it came")
      ->check(kPositive);
}

search::Bound BoundOf(const BoundArguments& o, std::string& what) {
  const search::Bound* named = search::FindBound(!o.name.empty() ? o.name
                                                 : o.closed      ? "closed"
                                                                 : "tiny");
  if (named == nullptr)
    throw base::UsageError{
        absl::StrCat("--bound: expected tiny, small, medium, large or "
                     "closed, not ",
                     o.name)};
  search::Bound bound = *named;
  what = absl::StrCat("bound ", bound.name);
  const auto set = [&](const char* name, unsigned given, unsigned& value) {
    if (given == 0) return;
    value = given;
    absl::StrAppend(&what, ", ", name, " ", given);
  };
  set("pages", o.pages, bound.pages);
  set("mms", o.mms, bound.mms);
  set("threads", o.threads, bound.threads);
  set("vmas", o.vmas, bound.vmas);
  set("passes", o.passes, bound.passes);
  set("operations", o.operations, bound.operations);
  set("in flight", o.in_flight, bound.in_flight);
  if (!o.verbs.empty()) {
    bound.verbs = ParseVerbs(o.verbs);
    absl::StrAppend(&what, ", verbs");
    for (const std::string& verb : o.verbs) absl::StrAppend(&what, " ", verb);
  }
  bound.tlb = o.tlb;
  if (o.privates && !bound.private_too) absl::StrAppend(&what, ", private");
  bound.private_too |= o.privates;
  Close(o, bound, what);
  AddFile(o, bound, what);
  if (bound.tlb) absl::StrAppend(&what, ", tlb");
  return bound;
}

void ExpectFolios(const search::Bound& bound, const KernelSpec& kernel) {
  const FolioSetup& folios = bound.folios;
  if (kernel.rules().large_folios || (folios.high | folios.min_order) == 0)
    return;
  throw base::UsageError{absl::StrCat(
      "--file", ToText(folios), ": expected a kernel with large-folios, not ",
      kernel.Name())};
}

search::ProveOptions OptionsOf(const BoundArguments& o) {
  using Clock = search::ProveOptions::Clock;
  search::ProveOptions options;
  options.jobs =
      o.jobs != 0 ? o.jobs : std::max(1U, std::thread::hardware_concurrency());
  options.most_bytes = o.memory != 0
                           ? static_cast<uint64_t>(o.memory * double(kGiB))
                           : std::min(4 * kGiB, base::MemoryLimit());
  options.stop = &base::StopOnSignals();
  constexpr double kMostSeconds = 1e9;  // the range of a clock
  if (o.seconds != 0)
    options.until =
        Clock::now() +
        std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(std::min(o.seconds, kMostSeconds)));
  return options;
}

std::string RanOutInWords(search::RanOut ran_out) {
  const bool of = ran_out != search::RanOut::kNothing &&
                  ran_out != search::RanOut::kStopped;
  return absl::StrCat(of ? "ran out " : "", search::Words(ran_out));
}

std::string MemoryInWords(const BoundArguments& o,
                          const search::ProveOptions& options) {
  return absl::StrFormat(
      "--memory is %.3g GiB%s", double(options.most_bytes) / double(kGiB),
      o.memory != 0 || options.most_bytes == 4 * kGiB
          ? ""
          : ", half of what " + base::FindMemoryRoom().whose + " left");
}

int SearchWith(const char* command, const std::function<int()>& run) {
  base::EndOnSignals(absl::StrCat("vmtrunc ", command, ": stopped"));
  try {
    return run();
  } catch (const std::bad_alloc&) {
    std::cerr << "vmtrunc " << command
              << ": ran out of memory outside of the search (more --memory "
                 "does not help; a smaller bound, or a higher ulimit -v)\n";
    return base::kExitRanOut;
  }
}

std::string Size(uint64_t number) {
  if (number >= 10'000'000) return absl::StrFormat("%d M", number / 1'000'000);
  if (number >= 10'000) return absl::StrFormat("%d k", number / 1000);
  return absl::StrCat(number);
}

void ShowProgress::operator()(const search::ProveProgress& p) {
  if (!line_.IsDue()) return;
  const double now = seconds();
  if (p.states < last_states_) last_states_ = 0;  // another search
  const double rate = double(p.states - last_states_) / (now - last_seconds_);
  last_states_ = p.states;
  last_seconds_ = now;
  line_.Show(absl::StrFormat(
      "%sdepth %d: %s states, %s left to expand, %s states/s, %s bytes", what_,
      p.depth, Size(p.states), Size(p.left), Size(static_cast<uint64_t>(rate)),
      Size(p.bytes)));
}

void ShowProgress::Waits(const std::string& what) {
  if (line_.IsDue()) line_.Show(what_ + what);
}

}  // namespace vmtrunc::cli
