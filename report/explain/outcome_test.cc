// Every row of every script of corpus/, and of some thousand random ones: what
// is printed of it against the outcome that the run had. The outcome is
// computed here from the worlds around each step and from the event that began
// the operation, without what explain/ keeps. The sentences are recognised here
// alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/run/tracer.h"
#include "report/explain/outcome_tables_test.h"
#include "report/explain/outcome_watcher_test.h"
#include "report/explain/page.h"
#include "report/explain/story_json.h"
#include "report/explain/text.h"
#include "report/explain/words.h"
#include "search/search_test.h"

namespace vmtrunc::report {
namespace {

namespace fs = std::filesystem;

// "100..103, 7": each number.
std::vector<unsigned> NumbersOf(absl::string_view text) {
  std::vector<unsigned> numbers;
  for (const auto part : absl::StrSplit(text, ", ")) {
    unsigned first = 0, last = 0;
    const std::string range(part);
    const int got = std::sscanf(range.c_str(), "%u..%u", &first, &last);
    if (got < 1) break;
    for (unsigned n = first; n <= (got == 2 ? last : first); ++n)
      numbers.push_back(n);
  }
  return numbers;
}

// The outcomes that the deeds of a row claim.
class Reader {
 public:
  Reader(const Story& story, size_t row) : story_(story), row_(row) {}

  Outcomes Read(const std::vector<std::string>& deeds) {
    for (const std::string& deed : deeds) ReadDeed(deed);
    return outcomes_;
  }

 private:
  static bool Has(const std::string& deed, const char* words) {
    return deed.find(words) != std::string::npos;
  }

  void ReadDeed(const std::string& deed) {
    if (deed.starts_with("waits")) outcomes_.insert("blocked");
    if (Has(deed, "SIGBUS")) outcomes_.insert("SIGBUS");
    if (Has(deed, "SIGSEGV"))
      outcomes_.insert(Has(deed, "read-only") ? "SIGSEGV: a vma"
                                              : "SIGSEGV: no vma");
    if (Has(deed, "is served by")) outcomes_.insert("served");
    if (Has(deed, "would fault again")) outcomes_.insert("again");
    if (Has(deed, "through the TLB")) outcomes_.insert("translated");
    if (deed.starts_with("leaves ") && Has(deed, " in the TLB at "))
      Pages("keeps ", deed.substr(deed.find(" in the TLB at ") + 15));
    unsigned freed = 0;
    if (std::sscanf(deed.c_str(), "frees the frame of page %u", &freed) == 1)
      outcomes_.insert(absl::StrCat("frees ", freed));
    if (deed.starts_with("revokes page"))
      for (const unsigned page : NumbersOf(deed.substr(deed.find(' ', 8) + 1)))
        outcomes_.insert(absl::StrCat("removes ", page));
    if (deed.starts_with("retries")) outcomes_.insert("retried");
    if (deed.starts_with("fails: ENOMEM")) outcomes_.insert("ENOMEM");
    if (deed.starts_with("zaps ")) Pages("goes ", deed.substr(5));
    if (deed.starts_with("clears ")) Pages("goes ", deed.substr(7));
    if (deed.starts_with("maps ")) Pages("comes ", deed.substr(5));
    if (deed.starts_with("moves ") && !IsOfTable(deed)) Moves(deed.substr(6));
    if (deed.starts_with("sets i_size of ")) outcomes_.insert(deed.substr(5));
    if (deed.starts_with("removes page"))
      for (const unsigned page : NumbersOf(deed.substr(deed.find(' ', 8) + 1)))
        outcomes_.insert(absl::StrCat("removes ", page));
    unsigned folio = 0;
    if (std::sscanf(deed.c_str(), "splits the folio of pages %u", &folio) == 1)
      outcomes_.insert(absl::StrCat("splits ", folio));
    ReadTable(deed, outcomes_);
    Pass(deed);
  }

  unsigned MmOf(const std::string& name) const {
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm)
      if (story_.MmName(row_, mm) == name &&
          (story_.Before(row_).mms[mm].live != 0 ||
           story_.rows[row_].world.mms[mm].live != 0))
        return mm;
    return LargeCaps::kMms;
  }

  // "100..103, 7 of b".
  void Pages(const char* what, const std::string& text) {
    const size_t of = text.find(" of ");
    const std::string name = text.substr(of + 4);
    for (const unsigned addr : NumbersOf(text.substr(0, of)))
      outcomes_.insert(
          absl::StrCat(what, MmOf(name.substr(0, name.find(' '))), " ", addr));
  }

  // "100..103 to 20..23": in the task's own mm.
  void Moves(const std::string& text) {
    const size_t to = text.find(" to ");
    const unsigned mm = story_.Before(row_).tasks[story_.rows[row_].task].mm;
    const auto from = NumbersOf(text.substr(0, to));
    const auto into = NumbersOf(text.substr(to + 4));
    EXPECT_EQ(from.size(), into.size()) << text;
    for (const unsigned addr : from)
      outcomes_.insert(absl::StrCat("goes ", mm, " ", addr));
    for (const unsigned addr : into)
      outcomes_.insert(absl::StrCat("comes ", mm, " ", addr));
  }

  void Pass(const std::string& deed) {
    unsigned first = 0, count = 0;
    const size_t page = deed.find(" page");
    if (!Has(deed, "begin") || page == std::string::npos) return;
    std::sscanf(deed.c_str() + deed.find_first_of("0123456789", page), "%u",
                &first);
    const size_t pass = deed.find("pass ");
    if (pass == std::string::npos ||
        std::sscanf(deed.c_str() + pass, "pass %u", &count) != 1)
      count = 0;  // of a kernel that counts none
    outcomes_.insert(absl::StrCat("pass ", count, " from ", first));
  }

  const Story& story_;
  const size_t row_;
  Outcomes outcomes_;
};

// What several steps came to together: what came and went again is no change.
Outcomes Together(const std::vector<Seen>& steps, const Story& story,
                  size_t row) {
  Outcomes all;
  const StoryRow& it = story.rows[row];
  for (unsigned i = it.first_step; i <= it.last_step; ++i)
    for (const std::string& outcome : steps[i - 1].outcomes)
      if (!outcome.starts_with("comes") && !outcome.starts_with("goes") &&
          !outcome.starts_with("keeps"))
        all.insert(outcome);
  const LargeWorld& before = story.Before(row);
  for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm)
    for (unsigned addr = 0; addr < LargeCaps::kAddrs; ++addr) {
      const Pte a = before.mms[mm].ptes[addr];
      const Pte b = it.world.mms[mm].ptes[addr];
      if (b.present() &&
          (!a.present() || a.index() != b.index() ||
           (a.kind() != b.kind() && b.kind() != PteKind::kOrphan)))
        all.insert(absl::StrCat("comes ", mm, " ", addr));
      else if (a.present() && !b.present())
        all.insert(absl::StrCat("goes ", mm, " ", addr));
      if (it.world.mms[mm].tlb[addr] != 0 &&
          (before.mms[mm].tlb[addr] == 0 || (a.present() && !b.present())))
        all.insert(absl::StrCat("keeps ", mm, " ", addr));
    }
  return all;
}

// A pass's count is printed where vmas are stamped; who counts passes for
// faults alone tells none.
Outcomes WithoutCounts(const Outcomes& outcomes) {
  Outcomes all;
  for (const std::string& outcome : outcomes)
    all.insert(outcome.starts_with("pass ")
                   ? "pass " + outcome.substr(outcome.find("from"))
                   : outcome);
  return all;
}

// A deed is said of a task, as in "b begins pass 2": it begins with a verb.
bool IsOfTheTask(const std::string& deed) {
  static const std::set<std::string> kVerbs = {
      "allocates", "begins",  "changes",  "clears", "comes",   "does",
      "drops",     "ends",    "fails:",   "frees",  "gets",    "goes",
      "is",        "makes",   "maps",     "moves",  "passes",  "puts",
      "removes",   "resumes", "retries:", "scans",  "sets",    "splits",
      "stops",     "takes",   "waits:",   "zaps",   "ends,",   "reads",
      "finds",     "holds",   "cuts",     "writes", "cannot",  "pins",
      "unpins",    "leaves",  "flushes",  "frees",  "reaches", "releases",
      "revokes",   "walks",   "gives"};
  return kVerbs.count(deed.substr(0, deed.find(' '))) != 0 || deed == "ends";
}

unsigned rows_checked = 0;
std::map<std::string, unsigned> kinds_seen;

// The text, the JSON and the page say what the deeds say, and which events had
// no effect.
void CheckForms(const Story& story) {
  const std::string text = ToText(story, nullptr, {.columns = kMostColumns});
  const nlohmann::json json = ToJson(story, nullptr);
  const std::string page = PageOf(story, nullptr);
  const char kData[] = "id=\"data\">";
  const size_t data = page.find(kData) + sizeof(kData) - 1;
  const auto carried = nlohmann::json::parse(
      page.substr(data, page.find("</script>", data) - data));
  size_t at = 0;
  for (size_t row = 0; row < story.rows.size(); ++row) {
    const auto deeds = Deeds(story, row);
    EXPECT_EQ(json["rows"][row]["deeds"], deeds);
    EXPECT_EQ(carried["runs"][0]["rows"][row]["deeds"], deeds);
    at = text.find(absl::StrJoin(deeds, "; "), at);
    ASSERT_NE(at, std::string::npos) << absl::StrJoin(deeds, "; ");
  }
  std::set<unsigned> none = json["no_effect"];
  EXPECT_EQ(story.script.events.size() - none.size(), story.result.effects);
  EXPECT_EQ(carried["runs"][0]["no_effect"], json["no_effect"]);
  // Dumb: an event in which a pte comes or goes had one.
  for (size_t row = 0; row < story.rows.size(); ++row)
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm) {
      const bool differs = std::memcmp(story.Before(row).mms[mm].ptes,
                                       story.rows[row].world.mms[mm].ptes,
                                       sizeof(story.start.mms[mm].ptes)) != 0;
      EXPECT_FALSE(story.rows[row].event != 0 && differs &&
                   none.count(story.rows[row].event) != 0);
    }
  for (unsigned event = 1; event <= story.script.events.size(); ++event)
    EXPECT_EQ(text.find(absl::StrCat("event ", event, ": ",
                                     EventInWords(story, event),
                                     "   (no effect)")) != std::string::npos,
              none.count(event) != 0)
        << event;
}

void CheckStory(const std::string& path, const Script& script,
                const KernelSpec& kernel, Folding folding,
                const std::vector<Seen>& steps, bool forms) {
  const Story story = Tell(path, script, kernel, folding);
  for (size_t row = 0; row < story.rows.size(); ++row) {
    const auto deeds = Deeds(story, row);
    Outcomes told = Reader(story, row).Read(deeds);
    Outcomes had = Together(steps, story, row);
    if (!story.rules.stamp_vmas) {
      told = WithoutCounts(told);
      had = WithoutCounts(had);
    }
    if (had.erase("ENOMEM?") != 0) told.erase("ENOMEM");
    ++rows_checked;
    for (const std::string& outcome : had)
      ++kinds_seen[outcome.substr(0, outcome.find(' '))];
    EXPECT_EQ(absl::StrJoin(told, "; "), absl::StrJoin(had, "; "))
        << path << " on " << kernel.ToString() << ", "
        << StepsInWords(story.rows[row]) << ", "
        << EventInWords(story, story.rows[row].event)
        << "\ntold: " << absl::StrJoin(deeds, "; ") << "\n"
        << ToText(script);
    EXPECT_FALSE(deeds.empty());
    for (const std::string& deed : deeds)
      EXPECT_TRUE(IsOfTheTask(deed)) << deed;
    if (::testing::Test::HasFailure()) return;
  }
  if (folding == Folding::kQuiet && forms) CheckForms(story);
}

// `forms`: its text, JSON and page too.
void Check(const std::string& path, const Script& script,
           const KernelSpec& kernel, bool forms = true) {
  const Watcher watcher(script, kernel.rules());
  CheckStory(path, script, kernel, Folding::kNone, watcher.steps(), forms);
  if (::testing::Test::HasFailure()) return;
  CheckStory(path, script, kernel, Folding::kQuiet, watcher.steps(), forms);
}

std::vector<KernelSpec> KernelsOf(const Script& script) {
  std::vector<KernelSpec> kernels;
  if (script.kernel) kernels.push_back(*script.kernel);
  for (const Expect& expect : script.expects)
    if (expect.spec) kernels.push_back(*expect.spec);
  for (const char* const name : {"2.6.11", "3.0", "6.18"})
    kernels.push_back(*ParseKernelSpec(name));
  return kernels;
}

std::vector<fs::path> CorpusScripts() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(
           fs::path(VMTRUNC_SOURCE_DIR) / "corpus"))
    if (entry.path().extension() == ".vmt") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

// What was printed wrong: accesses in one event each, printed with the
// arguments of the one before; a pass that begins and ends in one step, with
// the range of the pass before; and a remap whose fault ends in SIGBUS, as if
// it had ended.
TEST(Outcomes, ReportedOutcomesOfTheReportedCaseAreCorrect) {
  const auto deeds = [](const char* text, const char* kernel) {
    std::string all;
    const Story story =
        Tell("", *ParseText(text), *ParseKernelSpec(kernel), Folding::kQuiet);
    for (size_t row = 0; row < story.rows.size(); ++row)
      absl::StrAppend(&all, absl::StrJoin(Deeds(story, row), "; "), "\n");
    return all;
  };
  for (const char* const kernel : {"2.6.11", "6.18"}) {
    const std::string told = deeds(
        R"(vmtrunc 1
file f 4
task a
a mmap 20 8 f 0
a read 26
a read 20
a read 20
a read 100
a mmap 30 8 f 0 r
a write 30
)",
        kernel);
    for (const char* const deed :
         {"ends in SIGBUS at 26: page 6 is past i_size, 4\n",
          "\nis served by the page that is there\nends in SIGSEGV: no vma is "
          "at "
          "100\n",
          "\nends in SIGSEGV: the vma at 30 is read-only\n"})
      EXPECT_NE(told.find(deed), std::string::npos) << kernel << "\n" << told;
  }
  const std::string passes = deeds(
      R"(vmtrunc 1
file f 4
file g 4
task t
t truncate g 3
t truncate f 1
)",
      "2.6.23");
  for (const char* const deed :
       {"begins pass 1: to unmap page 3 and all after it; ends the pass",
        "begins pass 2: to unmap page 3 and all after it; ends the pass",
        "begins pass 1: to unmap page 1 and all after it; ends the pass"})
    EXPECT_NE(passes.find(deed), std::string::npos) << passes;
  EXPECT_NE(deeds(R"(vmtrunc 1
file f 4
task a
a mmap 20 4 f 0
a remap 20 2 3
)",
                  "2.6.23")
                .find("stops populating, for SIGBUS at 21: page 4"),
            std::string::npos);
}

TEST(Outcomes, ReportedOutcomesOfTheCorpusAreCorrect) {
  rows_checked = 0;
  for (const fs::path& path : CorpusScripts()) {
    const Script script = search::ReadScript(path);
    std::set<std::string> seen;
    for (const KernelSpec& kernel : KernelsOf(script)) {
      if (!seen.insert(kernel.ToString()).second) continue;
      Check(path.filename(), script, kernel);
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(rows_checked, 10000U);
}

// Scripts in a small place, where operations meet.
Script RandomScript(std::mt19937_64& random) {
  const auto under = [&](unsigned n) {
    return static_cast<uint8_t>(random() % n);
  };
  Script script = EmptyScript();
  script.setup.files = static_cast<uint8_t>(1 + under(2));
  for (uint8_t& size : script.setup.sizes) size = under(12);
  script.setup.tasks = 3;
  if (under(2) == 0) script.setup.mm_of[1] = 0;
  script.setup.block = static_cast<uint8_t>(1 + under(3));
  script.setup.tlb = under(2) == 0;
  script.setup.folios[0].pfn = under(6) == 0;
  const auto place = [&] { return static_cast<uint8_t>(10 + 8 * under(4)); };
  constexpr Verb kOften[] = {Verb::kMmap,    Verb::kMmap,  Verb::kRead,
                             Verb::kRead,    Verb::kWrite, Verb::kWrite,
                             Verb::kTruncate};
  for (unsigned i = 0; i < 30; ++i) {
    Event event;
    event.task = under(4);
    event.kind = static_cast<EventKind>(1 + under(5));
    if (under(3) == 0) event.kind = EventKind::kStep;
    if (event.kind == EventKind::kStart || event.kind == EventKind::kBegin) {
      event.verb = under(2) == 0 ? kOften[under(std::size(kOften))]
                                 : static_cast<Verb>(1 + under(kVerbs));
      event.file = under(script.setup.files);
      const bool pages = IsPass(event.verb);
      const bool access =
          event.verb == Verb::kRead || event.verb == Verb::kWrite;
      // Of a collapse the first of 16 pages; else it does nothing.
      event.addr = static_cast<uint8_t>(event.verb == Verb::kCollapse ? 0
                                        : pages  ? under(12)
                                        : access ? place() + under(2)
                                                 : place());
      event.len = static_cast<uint8_t>(2 * (1 + under(4)));
      event.new_len = event.len;
      event.pgoff = under(12);
      event.new_addr = static_cast<uint8_t>(
          event.verb == Verb::kFork ? 3 + under(2) : place());
      event.fail_after = under(2) == 0 ? under(4) : uint8_t{0};
      event.is_private = under(3) == 0;
      event.write = under(2) == 0;
      event.populate = under(2) == 0;
    }
    script.events.push_back(event);
  }
  return script;
}

// Of the first task what leaves translations, of the second what uses them.
template <class Under>
void Leaves(Event& event, const Under& under) {
  if (under(3) != 0) return;
  event.addr = 10 + under(2);
  event.kind = EventKind::kStart;
  event.verb = under(2) == 0 ? Verb::kRead : Verb::kWrite;
  if (event.task != 0) return;
  event.kind = EventKind::kBegin;
  event.verb = under(2) == 0 ? Verb::kMremap : Verb::kMunmap;
  event.addr = 10;
  event.len = event.new_len = 4;
  event.new_addr = 30;
}

// Two accesses of one mm and a truncation, step by step among each other.
Script RandomRace(std::mt19937_64& random) {
  const auto under = [&](unsigned n) {
    return static_cast<uint8_t>(random() % n);
  };
  Script script = EmptyScript();
  script.setup.sizes[0] = 4;
  script.setup.tasks = 3;
  script.setup.mm_of[1] = 0;
  script.setup.tlb = under(2) == 0;
  script.events.push_back({.kind = EventKind::kStart,
                           .verb = Verb::kMmap,
                           .addr = 10,
                           .len = 4,
                           .is_private = under(2) == 0,
                           .write = true,
                           .populate = script.setup.tlb || under(3) == 0});
  if (under(3) == 0 && !script.setup.tlb)
    script.events.push_back({.kind = EventKind::kStart,
                             .verb = Verb::kMremap,
                             .addr = 10,
                             .len = 4,
                             .new_addr = 30,
                             .new_len = 4,
                             .fail_after = under(4)});
  for (unsigned i = 0; i < 30; ++i) {
    Event event{.kind = EventKind::kStep, .task = under(3)};
    if (under(5) == 0) {
      event.kind = EventKind::kBegin;
      event.verb = event.task == 2 ? Verb::kTruncate
                   : under(2) == 0 ? Verb::kRead
                                   : Verb::kWrite;
      event.addr = event.task == 2 ? 1 + under(4) : 10 + under(2);
    }
    if (script.setup.tlb && event.task != 2) Leaves(event, under);
    script.events.push_back(event);
  }
  return script;
}

TEST(Outcomes, ReportedOutcomesOfRandomScriptsAreCorrect) {
  std::mt19937_64 random(18);
  std::vector<KernelSpec> kernels;
  for (const char* const name :
       {"2.6.9-mm", "2.6.11", "2.6.23", "3.0", "3.8", "5.4", "6.18"})
    kernels.push_back(*ParseKernelSpec(name));
  kinds_seen.clear();
  for (unsigned i = 0; i < 4000; ++i) {
    const Script script =
        i % 4 == 0 ? RandomRace(random) : RandomScript(random);
    Check(absl::StrCat("random ", i), script, kernels[i % kernels.size()],
          i % 6 == 0);
    if (HasFailure()) return;
  }
  for (const char* const kind :
       {"SIGBUS", "SIGSEGV:", "served", "again", "retried", "blocked", "ENOMEM",
        "comes", "goes", "removes", "i_size", "pass", "translated", "keeps",
        "frees"})
    EXPECT_GT(kinds_seen[kind], 20U) << kind;
}

}  // namespace
}  // namespace vmtrunc::report
