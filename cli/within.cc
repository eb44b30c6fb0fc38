// A bound in words: what a search covers, and what it leaves out.
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/bound.h"
#include "cli/input.h"
#include "search/asked_by.h"

namespace vmtrunc::cli {
namespace {

// "one pass", "2 passes".
std::string Count(unsigned number, const char* one, const char* more) {
  return number == 1 ? absl::StrCat("one ", one)
                     : absl::StrCat(number, " ", more);
}

// The option that covers more than that.
std::string More(const char* option, unsigned now, unsigned most) {
  return now < most ? absl::StrFormat("%s %d", option, now + 1)
                    : "no bound has more";
}

// Existing verbs only: kAllVerbs has spare bits. Not those of folios.
constexpr search::Verbs kNamed =
    ((search::Verbs{1} << (kVerbs + 1)) - 2) &
    ~(search::kExtraVerbs & ~search::Bit(Verb::kRevoke));

std::string Names(search::Verbs verbs) {
  std::vector<std::string> names;
  for (int i = 1; i <= kVerbs; ++i)
    if ((verbs >> i & 1) != 0)
      names.emplace_back(VerbName(static_cast<Verb>(i)));
  return absl::StrJoin(names, ", ");
}

// "a tmpfs file of 4 pages in folios of order 2".
std::string FileInWords(const search::Bound& b) {
  const FolioSetup& folios = b.folios;
  std::string words = absl::StrCat(folios.pfn     ? "a device's memory of "
                                   : folios.shmem ? "a tmpfs file of "
                                                  : "a file of ",
                                   Count(b.pages, "page", "pages"));
  if (folios.high != 0)
    absl::StrAppend(&words, " in folios of order ", folios.low);
  if (folios.low != folios.high)
    absl::StrAppend(&words, "..", folios.high,
                    ", which may change at any time");
  if (folios.min_order != 0)
    absl::StrAppend(&words, ", of order ", folios.min_order, " at least");
  if (b.pins != 0)
    absl::StrAppendFormat(&words, "; up to %s of a folio%s, at any time",
                          Count(b.pins, "pin", "pins"),
                          (b.verbs & search::Bit(Verb::kUnpin)) == 0
                              ? ", never given back"
                              : ", and unpin");
  return words;
}

// What --file and --pins would add.
void AddLeftOut(const search::Bound& b, std::vector<std::string>& out) {
  const FolioSetup& folios = b.folios;
  if (!b.tlb) out.push_back("translations that outlive their ptes: --tlb");
  if (folios.pfn) {
    out.push_back("files: no --file pfn");
    return;
  }
  const bool large = (folios.high | folios.min_order) != 0;
  if (!large)
    out.push_back(folios.shmem ? "large folios: --file"
                               : "large folios, tmpfs: --file");
  else if (!folios.shmem)
    out.push_back("tmpfs: --file");
  if (folios.high > folios.min_order && b.pins < 4)
    out.push_back(absl::StrFormat("more than %s: --pins %d",
                                  Count(b.pins, "pin", "pins"), b.pins + 1));
}

}  // namespace

Within WithinOf(const search::Bound& b) {
  Within within{.words = "", .left_out = {}, .passes = b.passes};
  const search::Verbs passes = b.verbs & search::kPassVerbs;
  const search::Verbs others = b.verbs & kNamed & ~search::kPassVerbs;
  if (passes == 0) within.passes = 0;
  within.truncations_alone = passes == search::Bit(Verb::kTruncate);
  within.closed = b.closed;
  const std::string number =
      b.closed ? "any number of passes" : Count(b.passes, "pass", "passes");
  const std::string more =
      b.closed ? "any number of other operations"
               : "up to " +
                     Count(b.operations, "other operation", "other operations");
  absl::StrAppendFormat(
      &within.words, "%s%s%s; %s%s; up to %d at once; ",
      passes == 0 ? "no pass" : number,
      passes == 0 ? "" : " of " + Names(passes),
      passes == 0 || !b.closed ? "" : absl::StrCat(", ", b.passes, " at once"),
      others == 0 ? "no other operation" : more,
      others == 0 ? "" : " of " + Names(others), b.in_flight);
  absl::StrAppendFormat(
      &within.words,
      "%s; %s%s, each with at most one mapping at the start, %s%s; "
      "addresses %d..%d; %s",
      FileInWords(b), Count(b.mms, "mm", "mms"),
      b.threads < 2 ? "" : absl::StrCat(" of ", b.threads, " tasks"),
      b.folios == FolioSetup{} ? "" : "populated or not, ",
      b.private_too ? "shared or private" : "shared", b.first_addr,
      b.end_addr - 1, Count(b.vmas, "vma struct", "vma structs"));
  if (b.offsets != 0)
    absl::StrAppendFormat(&within.words, "; mappings up to file offset %d",
                          b.offsets - 1);
  if (b.tlb) within.words += "; translations may outlive their ptes";
  auto& out = within.left_out;
  const search::Verbs missing =
      kNamed & ~b.verbs &
      ~(b.folios.pfn ? search::kPassVerbs & ~search::Bit(Verb::kRevoke)
                     : search::Bit(Verb::kRevoke));
  if (missing != 0) out.push_back(Names(missing) + ": --verbs");
  out.push_back(absl::StrFormat(
      "more than %s%s: %s", Count(b.passes, "pass", "passes"),
      b.closed ? " at once" : "", More("--passes", b.passes, kMostPasses)));
  if (b.closed) {
    out.emplace_back(
        "restart-progress, bounded-drops, as what a pass has done is not kept: "
        "a bound that is not closed");
    out.emplace_back("truncate_count where it wraps: a script with count");
  } else {
    out.push_back(absl::StrFormat(
        "more than %s: %sany number: --closed",
        Count(b.operations, "other operation", "other operations"),
        b.operations < kMostOperations
            ? More("--operations", b.operations, kMostOperations) + ", or "
            : ""));
  }
  out.push_back(
      absl::StrFormat("more than %d at once: %s", b.in_flight,
                      More("--in-flight", b.in_flight, kMostInFlight)));
  if (b.mms < 2) out.push_back("a second mm: --mms 2");
  if (b.threads < 2) out.push_back("a second task in an mm: --threads 2");
  out.push_back("a larger file: " + More("--pages", b.pages, kMostPages));
  out.push_back(absl::StrFormat("more than %s: %s",
                                Count(b.vmas, "vma struct", "vma structs"),
                                More("--vmas", b.vmas, kMostVmas)));
  if (b.offsets != 0)
    out.push_back("mappings further into the file: " +
                  More("--offsets", b.offsets, kMostOffsets));
  if (!b.private_too) out.push_back("private mappings: --private");
  AddLeftOut(b, out);
  return within;
}

Within WithinOf(const search::Problem& problem) {
  std::set<unsigned> tasks;
  Within within;
  for (const Event& event : problem.operations) {
    tasks.insert(event.task);
    within.passes += IsPass(event.verb);
    if (IsPass(event.verb) && event.verb != Verb::kTruncate)
      within.truncations_alone = false;
  }
  within.closed = problem.closed;
  within.words = absl::StrFormat(
      "%s of the script by %s, %s; every schedule and drop; up to %d at once",
      Count(static_cast<unsigned>(problem.operations.size()), "operation",
            "operations"),
      Count(static_cast<unsigned>(tasks.size()), "task", "tasks"),
      problem.closed ? "each as often as its task likes"
                     : "each task's in their order",
      problem.in_flight);
  if (problem.closed)
    absl::StrAppendFormat(&within.words, "; %s; mappings up to file offset %d",
                          Count(problem.vmas, "vma struct", "vma structs"),
                          problem.offsets - 1);
  within.left_out = {
      "operations, arguments and starts that the script does not have: "
      "--bound"};
  return within;
}

std::string InWords(const std::string& words,
                    const std::vector<std::string>& left_out) {
  return absl::StrCat("within: ", words,
                      "\nnot covered: ", absl::StrJoin(left_out, "; "), "\n");
}

std::string CannotBreak(Property property, const search::Problem& problem,
                        const Rules& rules) {
  const search::Verbs needed = search::AskedBy(property);
  if (needed != 0 && (search::VerbsOf(problem) & needed) == 0)
    return absl::StrCat("it takes one of ", Names(needed),
                        ", and none is within the bound");
  if (property == Property::kBoundedDrops && !rules.drop_lock)
    return "this kernel drops no lock";
  return "";
}

void ExpectOperations(const search::Problem& problem, const std::string& what) {
  if (problem.starts.empty())
    throw base::UsageError{what + ": expected a state to start from"};
  if (problem.operations.empty())
    throw base::UsageError{what +
                           ": expected an operation that may begin (--verbs)"};
}

void ExpectFirstEvent(search::FirstEvent first, const std::string& what,
                      bool of_bound) {
  if (first == search::FirstEvent::kNoStart)
    throw base::UsageError{what +
                           ": expected a start that fits: none does (--vmas)"};
  if (first == search::FirstEvent::kNone) FailWithoutEffect(what, of_bound);
}

void FailWithoutEffect(const std::string& what, bool of_bound) {
  throw base::UsageError{
      absl::StrCat(what, ": expected an operation that has an effect",
                   of_bound ? " (--verbs)" : "")};
}

}  // namespace vmtrunc::cli
