#include "campaign/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/read.h"
#include "base/write.h"
#include "campaign/report.h"
#include "campaign/summary.h"
#include "report/json_text.h"

namespace vmtrunc::campaign {
namespace {

class LogTest : public testing::Test {
 protected:
  LogTest() {
    char name[] = "/tmp/vmtrunc-log-XXXXXX";
    directory_ = ::mkdtemp(name);
    path_ = directory_ + "/log.jsonl";
  }
  ~LogTest() override { std::filesystem::remove_all(directory_); }

  static SliceRecord Record(uint64_t slice) {
    return {.slice = slice,
            .began_unix = 1000 + static_cast<int64_t>(slice),
            .seconds = 30.5,
            .at = 31.0 * static_cast<double>(slice),
            .kernel = "2.6.11",
            .engine = "plain",
            .executions = 7 * slice,
            .gain = {.states = 3, .features = 2, .causes = 1},
            .causes = {{"no-page-past-size+relock-resets", 12}}};
  }
  std::string Content() const {
    return base::ReadWhole(path_, 1 << 20).value();
  }

  std::string directory_, path_;
};

TEST_F(LogTest, ReadsWhatItWrote) {
  {
    Log log = Log::Open(path_);
    log.Append(Record(1));
    log.Append(Record(2));
  }
  const Log log = Log::Open(path_);
  ASSERT_EQ(log.records().size(), 2U);
  EXPECT_EQ(ToLine(log.records()[1]), ToLine(Record(2)));
  EXPECT_TRUE(log.HasNumber(2));
  EXPECT_FALSE(log.HasNumber(3));
  EXPECT_TRUE(log.Has(Record(2).id()));
  // Of other logs: at another time, or in the same second.
  SliceRecord other = Record(3);
  other.slice = 2;
  EXPECT_FALSE(log.Has(other.id()));
  other = Record(2);
  other.kernel = "2.6.15";
  EXPECT_FALSE(log.Has(other.id()));
  other = Record(2);
  other.engine = "aware";
  EXPECT_FALSE(log.Has(other.id()));
}

// A line that is there twice, as after a copy, counts once wherever it stands.
TEST_F(LogTest, ASliceCountsOnce) {
  std::string text;
  for (const uint64_t slice : {3U, 1U, 2U, 3U, 1U})
    text += ToLine(Record(slice));
  base::WriteFile(path_, text);
  Log log = Log::Open(path_);
  ASSERT_EQ(log.records().size(), 3U);
  log.Append(Record(4));
  const Log moved = std::move(log);
  for (const uint64_t slice : {1U, 2U, 3U, 4U})
    EXPECT_TRUE(moved.HasNumber(slice));
  EXPECT_FALSE(moved.HasNumber(5));
}

TEST_F(LogTest, RejectsImpossibleLines) {
  const std::string good = ToLine(Record(1));
  for (const auto& [from, to] :
       std::initializer_list<std::pair<std::string, std::string>>{
           {"\"slice\":1", "\"slice\":18446744073709551615"},
           {"\"slice\":1", "\"slice\":-1"},
           {"\"slice\":1", "\"slice\":1.5"},
           {"\"seconds\":30.5", "\"seconds\":1e300"},
           {"\"began\":1001", "\"began\":1e300"},
           {"\"at\":31.0", "\"at\":1e300"},
           {"\"kernel\":\"2.6.11\"", "\"kernel\":\"\""},
           {"\"kernel\":\"2.6.11\"", "\"kernel\":11"}}) {
    std::string bad = good;
    ASSERT_NE(bad.find(from), std::string::npos) << from;
    bad.replace(bad.find(from), from.size(), to);
    EXPECT_FALSE(FromLine(bad)) << to;
  }
  EXPECT_TRUE(FromLine(good));
}

// Cut anywhere in the last line, the log has the others, and continues.
TEST_F(LogTest, SurvivesEveryTruncatedLine) {
  const std::string one = ToLine(Record(1)), two = ToLine(Record(2));
  for (size_t cut = 0; cut + 1 < two.size(); ++cut) {
    std::ofstream(path_, std::ios::trunc) << one << two.substr(0, cut);
    Log log = Log::Open(path_);
    ASSERT_EQ(log.records().size(), 1U);
    EXPECT_EQ(log.odd().damaged, 0U);
    log.Append(Record(2));
    ASSERT_EQ(Content(), one + two) << cut;
  }
}

TEST_F(LogTest, SkipsDamagedLines) {
  std::ofstream(path_) << "\n{}\n[1]\nnonsense \xff\xfe\n"
                       << std::string(5, '\0') << "\n"
                       << ToLine(Record(4)) << "{\"slice\": \"five\"}\n";
  const Log log = Log::Open(path_);
  EXPECT_EQ(log.records().size(), 1U);
  EXPECT_EQ(log.odd().damaged, 6U);
}

// Lines of another build, or of another version, are whole: they have their
// numbers and times, and the build that has their kernel counts them.
TEST_F(LogTest, KeepsTheNumbersOfKernelsThatAreNotBuilt) {
  std::vector<SliceRecord> records = {Record(1), Record(2), Record(3)};
  records[1].kernel = "2.6.11+my-rule";
  records[2].kernel = "2.6.71";
  std::string text;
  for (const SliceRecord& record : records) text += ToLine(record);
  base::WriteFile(path_, text + ToLine(records[2]));  // and a copy
  Log log = Log::Open(path_);
  EXPECT_EQ(log.records().size(), 1U);
  EXPECT_EQ(log.odd().unbuilt, (std::map<std::string, size_t>{
                                   {"2.6.11+my-rule", 1}, {"2.6.71", 1}}));
  EXPECT_EQ(log.odd().damaged, 0U);
  EXPECT_EQ(log.last_slice(), 3U);
  EXPECT_EQ(log.at(), 3 * 31.0);
  EXPECT_TRUE(log.HasNumber(3));  // what is left of it is not taken again
  log.Append(Record(4));
  EXPECT_EQ(log.odd().repeated, 0U);
  const Log moved = std::move(log);
  EXPECT_EQ(moved.last_slice(), 4U);
  EXPECT_EQ(moved.odd().unbuilt.size(), 2U);
  EXPECT_EQ(moved.at(), 4 * 31.0);

  Summary summary = Summarize(moved.records());
  summary.odd_lines = moved.odd();
  summary.odd_lines.unbuilt["2.6.11+a\033"] = 3;
  const std::string words =
      "not counted: 5 lines of the log, of kernels that are not built: "
      "2.6.11+a\\x1b, 2.6.11+my-rule, 2.6.71";
  EXPECT_EQ(UnbuiltInWords(summary), words);
  EXPECT_NE(ReportPage(summary).find("<p>" + words), std::string::npos);
  EXPECT_EQ(ToJson(summary)["unbuilt_kernels"].size(), 3U);
  EXPECT_EQ(UnbuiltInWords(Summarize({})), "");
}

// Earlier builds gave a number twice: both slices ran, in whatever order they
// stand.
TEST_F(LogTest, CountsSlicesWithOneNumber) {
  SliceRecord other = Record(2);
  other.executions = 1000;
  SliceRecord unbuilt = Record(1);
  unbuilt.kernel = "2.6.11+my-rule";
  std::string text;
  for (const SliceRecord& record :
       {Record(1), Record(2), other, Record(2), other, unbuilt, unbuilt})
    text += ToLine(record);
  base::WriteFile(path_, text);
  const Log log = Log::Read(path_);
  Summary summary = Summarize(log.records());
  EXPECT_EQ(summary.executions, 7U + 14U + 1000U);
  EXPECT_EQ(log.odd().repeated, 1U);
  EXPECT_EQ(log.odd().unbuilt.at("2.6.11+my-rule"), 1U);
  EXPECT_EQ(RepeatedInWords(summary), "");
  summary.odd_lines = log.odd();
  const std::string words =
      "1 line of the log has the number of another slice, and counts too";
  EXPECT_EQ(RepeatedInWords(summary), words);
  EXPECT_NE(ReportPage(summary).find("<p>" + words), std::string::npos);
  EXPECT_EQ(ToJson(summary)["repeated_log_lines"], 1);
}

// What a damaged line still shows of its number is not given again.
TEST_F(LogTest, KeepsTheNumbersOfDamagedLines) {
  const std::string line = ToLine(Record(9));
  const size_t at = line.find("\"slice\"");
  for (const auto& [text, number] :
       std::initializer_list<std::pair<std::string, uint64_t>>{
           {line.substr(0, line.find(',', at)), 9},
           {"{\"slice\": 9, \"torn", 9},
           {line.substr(line.find(',') + 1), 9},
           {line.substr(0, at), 4},
           {line.substr(0, line.find(':', at)), 4},
           {"{\"slice\":18446744073709551615}", 4},
           {"{\"slice\":99999999999999999999}", 4},
           {"{\"slice\":\"five\"}", 4}}) {
    std::ofstream(path_, std::ios::trunc)
        << ToLine(Record(4)) << text.substr(0, text.find('\n')) << "\n";
    const Log log = Log::Open(path_);
    EXPECT_EQ(log.odd().damaged, 1U) << text;
    EXPECT_EQ(log.last_slice(), number) << text;
    EXPECT_FALSE(log.HasNumber(9)) << text;  // what is left of it is taken
  }
}

// As an editor leaves it, which writes no end. A part of a line is cut off.
TEST_F(LogTest, KeepsALastLineThatLacksItsEnd) {
  const std::string one = ToLine(Record(1)), two = ToLine(Record(2));
  const auto begins = [&](const std::string& content) {
    std::ofstream(path_, std::ios::trunc | std::ios::binary) << content;
    EXPECT_EQ(Content(), content);
    const Log read = Log::Read(path_);
    EXPECT_EQ(Content(), content);
    Log log = Log::Open(path_);
    EXPECT_EQ(read.records().size(), log.records().size());
    EXPECT_EQ(read.odd().damaged, log.odd().damaged);
    log.Append(Record(3));
    return Log::Read(path_);
  };
  const Log whole = begins(one + two.substr(0, two.size() - 1));
  EXPECT_EQ(whole.records().size(), 3U);
  EXPECT_EQ(Content(), one + two + ToLine(Record(3)));
  const std::string line = two.substr(0, two.size() - 1);
  std::string edited = line;
  const std::string seconds = "30.5";
  edited.replace(edited.find(seconds), seconds.size(), "\"30.5\"");
  for (const std::string& text :
       {std::string("what I think of it"), std::string("{of ours}"),
        std::string(R"({"note": "rotated"})"), edited, line + "  # rebooted",
        line + ",", line + line, line + line.substr(0, 40),
        std::string(R"({"at": 3, see my notes)"),
        std::string(3, '\0') + "mine"}) {
    const Log mine = begins(one + text);
    EXPECT_EQ(mine.odd().damaged, 1U) << text;
    EXPECT_EQ(Content(), one + text + "\n" + ToLine(Record(3)));
  }
  for (const std::string& part :
       {two.substr(0, 1), two.substr(0, 20), two.substr(0, two.size() - 2),
        std::string(9, '\0'), two.substr(0, 20) + std::string(9, '\0')}) {
    const Log torn = begins(one + part);
    EXPECT_EQ(torn.odd().damaged, 0U) << part;
    EXPECT_EQ(Content(), one + ToLine(Record(3)));
  }
}

// So it does where somebody has added that while it is open.
TEST_F(LogTest, ANoteWithoutAnEndIsALineOfItsOwn) {
  Log log = Log::Open(path_);
  log.Append(Record(1));
  std::ofstream(path_, std::ios::app) << "# rebooted";
  log.Append(Record(2));
  EXPECT_EQ(Content(), ToLine(Record(1)) + "# rebooted\n" + ToLine(Record(2)));
  EXPECT_EQ(Log::Read(path_).records().size(), 2U);
}

// Read by pieces: what has no end is no line, and is not cut off as a torn one.
TEST_F(LogTest, RefusesWhatNoCampaignWrites) {
  const std::string good = ToLine(Record(1));
  const auto error_of = [&](auto call) -> std::string {
    try {
      call(path_);
    } catch (const base::UsageError& error) {
      return error.what;
    }
    return "none";
  };
  std::ofstream(path_) << good;
  std::filesystem::resize_file(path_, uint64_t{10} << 30);
  const std::string expected = path_ + ": expected lines of at most 1024 KiB";
  EXPECT_EQ(error_of(Log::Read), expected);
  EXPECT_EQ(error_of(Log::Open), expected);
  EXPECT_EQ(std::filesystem::file_size(path_), uint64_t{10} << 30);
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_EQ(error_of(Log::Read), path_ + ": expected a regular file");
}

// A line in a file of no name is lost; so is one in a file that took its name.
TEST_F(LogTest, WritesNoLineThatNobodyWillRead) {
  Log log = Log::Open(path_);
  log.Append(Record(1));
  const std::string moved = directory_ + "/moved";
  std::filesystem::rename(path_, moved);
  EXPECT_THROW(log.Append(Record(2)), base::UsageError);
  base::WriteFile(path_, "");
  EXPECT_THROW(log.Append(Record(2)), base::UsageError);
  EXPECT_EQ(Content(), "");
  std::filesystem::rename(moved, path_);
  log.Append(Record(2));
  EXPECT_EQ(Content(), ToLine(Record(1)) + ToLine(Record(2)));
}

// A job that ended with its campaign did not crash.
TEST_F(LogTest, CountsWhatWasCutOffApart) {
  std::vector<SliceRecord> records = {Record(1), Record(2), Record(3)};
  const auto ends = [&] {
    const std::string line = LineOf(Summarize(records));
    return line.substr(line.find(" MiB") + 4);
  };
  EXPECT_EQ(ends(), "");
  records[0].end = kCutOff;
  EXPECT_EQ(ends(), "; 1 slice cut off");
  records[1].end = "signal 9";
  EXPECT_EQ(ends(), "; 1 job crashed; 1 slice cut off");
  records[2].end = "exit status 77";
  EXPECT_EQ(ends(), "; 2 jobs crashed; 1 slice cut off");
  EXPECT_EQ(ToJson(Summarize(records))["jobs_died"], 2);
  EXPECT_EQ(ToJson(Summarize(records))["slices_cut_off"], 1);
  records[1].end = kCutOff;
  EXPECT_EQ(ends(), "; 1 job crashed; 2 slices cut off");
}

// A clock that is set back by 63 years, or by a second, changes neither the
// order nor an age.
TEST_F(LogTest, TimesDoNotGoBack) {
  {
    Log log = Log::Open(path_);
    for (const int64_t set_back : {0, 2'000'000'000, 1, 0}) {
      SliceRecord record = Record(log.records().size() + 1);
      record.began_unix += 1'700'000'000 - set_back;
      log.Append(record);
    }
  }
  const Log log = Log::Read(path_);
  ASSERT_EQ(log.records().size(), 4U);
  for (size_t i = 1; i < 4; ++i) {
    EXPECT_GE(log.records()[i].end_unix, log.records()[i - 1].end_unix) << i;
    EXPECT_GT(log.records()[i].at, log.records()[i - 1].at) << i;
  }
  EXPECT_EQ(log.at(), 4 * 31.0);
  const Summary summary = Summarize(log.records());
  EXPECT_EQ(summary.began_unix, 1'700'001'001);
  EXPECT_GE(summary.last_new_unix, summary.began_unix);
  EXPECT_NE(LineOf(summary).find("last new 0 s ago"), std::string::npos)
      << LineOf(summary);
}

// A clock that was never right: it is as long ago as it was.
TEST_F(LogTest, ATimeBefore1970IsATime) {
  SliceRecord record = Record(1);
  record.began_unix = -200'000'000;
  {
    Log log = Log::Open(path_);
    log.Append(record);
  }
  const Summary summary = Summarize(Log::Read(path_).records());
  EXPECT_EQ(LineOf(summary).find("none yet"), std::string::npos);
  EXPECT_GT(ToJson(summary)["last_new_state_unix"], 0);
}

// Of a version that did not write how long campaigns had run.
TEST_F(LogTest, AnOldLogHasAges) {
  for (int64_t slice : {1, 2}) {
    SliceRecord record = Record(static_cast<uint64_t>(slice));
    record.began_unix = 1000 * slice;
    std::string line = ToLine(record);
    const size_t at = line.find("\"at\":");
    line.erase(at, line.find(',', at) + 1 - at);
    std::ofstream(path_, std::ios::app) << line;
  }
  const Log log = Log::Read(path_);
  ASSERT_EQ(log.records().size(), 2U);
  EXPECT_EQ(log.records()[0].at, 30.5);
  EXPECT_EQ(log.at(), 61);
}

// A job without an execution is no job without a violation.
TEST_F(LogTest, NamesTheJobsThatRanNothing) {
  std::vector<SliceRecord> records = {Record(1), Record(2), Record(3)};
  EXPECT_EQ(IdleInWords(Summarize(records)), "");
  records[1].executions = 0;
  records[1].kernel = "3.0";
  records[2].executions = 0;
  records[2].engine = "blind";
  EXPECT_EQ(IdleInWords(Summarize(records)),
            "nothing ran in 2 jobs (plain on 3.0, blind on 2.6.11)");
  // One that crashed is named too: how many did says not where.
  records[2].end = "signal 9";
  EXPECT_EQ(IdleInWords(Summarize(records)),
            "nothing ran in 2 jobs (plain on 3.0, blind on 2.6.11)");
  records[2].end = kCutOff;  // it may have been about to
  const Summary summary = Summarize(records);
  const std::string words = "nothing ran in 1 job (plain on 3.0)";
  EXPECT_EQ(IdleInWords(summary), words);
  EXPECT_NE(LineOf(summary).find("; " + words), std::string::npos)
      << LineOf(summary);
  EXPECT_NE(ReportPage(summary).find("; " + words), std::string::npos);
  EXPECT_EQ(ToJson(summary)["engines"][1]["idle_slices"], 1);
}

// A kernel without an execution is no kernel without a violation.
TEST_F(LogTest, NamesTheKernelsOnWhichNothingRan) {
  std::vector<SliceRecord> records = {Record(1), Record(2), Record(3)};
  EXPECT_EQ(UnsearchedInWords(Summarize(records)), "");
  records[0].executions = 0;
  EXPECT_EQ(UnsearchedInWords(Summarize(records)), "");
  records[1].executions = 0;
  records[1].kernel = "3.0";
  Summary summary = Summarize(records);
  EXPECT_EQ(UnsearchedInWords(summary), "nothing has run on 3.0");
  summary.unsearched.push_back("6.12");
  EXPECT_NE(ReportPage(summary).find("<p>nothing has run on 3.0, 6.12.</p>"),
            std::string::npos);
  EXPECT_EQ(ToJson(summary)["unsearched_kernels"].size(), 2);
}

// What nobody has taken yet is no slice without a violation.
TEST_F(LogTest, ReportsViolationsThatAreNotTakenYet) {
  Summary summary = Summarize({Record(1)});
  const std::string none = "No property was violated";
  const std::string untaken =
      "violated a property in slices that are not taken";
  EXPECT_NE(ReportPage(summary).find(none), std::string::npos);
  EXPECT_EQ(ReportPage(summary).find(untaken), std::string::npos);
  summary.untaken_violations = 1;
  EXPECT_EQ(ReportPage(summary).find(none), std::string::npos);
  EXPECT_NE(ReportPage(summary).find("<p>1 execution " + untaken),
            std::string::npos);
  summary.untaken_violations = 20;
  summary.groups = GroupsOf({Finding()});
  EXPECT_NE(ReportPage(summary).find("<p>20 executions " + untaken),
            std::string::npos);
}

// What was counted and not kept is of no bug, and no slice without a violation.
TEST_F(LogTest, ReportsViolationsThatNoFindingShows) {
  SliceRecord record = Record(1);
  record.causes = {};
  record.unsorted = 2;
  Summary summary = Summarize({record});
  const std::string words =
      "2 executions violated a property that no finding shows: of what bug is "
      "not known";
  EXPECT_EQ(UnknownInWords(summary), words);
  EXPECT_NE(ReportPage(summary).find("<p>" + words), std::string::npos);
  EXPECT_EQ(ReportPage(summary).find("No property"), std::string::npos);
  Finding finding;
  finding.kernel = record.kernel;
  summary.groups = GroupsOf({finding});
  EXPECT_EQ(UnknownInWords(summary), "");  // more of the same, as a rule
  summary.groups.front().least.kernel = "3.0";
  EXPECT_EQ(UnknownInWords(summary), words);
}

// A name that is not UTF-8 is written as text.
TEST_F(LogTest, AcceptsNamesThatAreNotUtf8) {
  Summary summary;
  summary.directory = "d\xff";
  Finding finding;
  finding.known_path = "x\xff\n.vmt";
  summary.groups = GroupsOf({finding});
  EXPECT_NE(report::JsonText(ToJson(summary)).find("d\\\\xff"),
            std::string::npos);
  EXPECT_EQ(ReportPage(summary).find('\xff'), std::string::npos);
  EXPECT_EQ(LineOf(summary.groups.front()).find('\n'), std::string::npos);
}

// What a log says is shown on a terminal: a name may hold an escape sequence.
TEST_F(LogTest, ShowsNamesWithoutControlCharacters) {
  SliceRecord record = Record(1);
  record.executions = 0;
  record.engine = "plain\033[31m";
  EXPECT_EQ(IdleInWords(Summarize({record})),
            "nothing ran in 1 job (plain\\x1b[31m on 2.6.11)");
  Finding finding;
  finding.kernel = "2.6.11";
  finding.cause = finding.property = finding.words = "strange\033[31m";
  EXPECT_EQ(LineOf(GroupsOf({finding}).front()),
            "2.6.11 violates strange\\x1b[31m, NEW: strange\\x1b[31m");
}

TEST_F(LogTest, CountsASliceOnce) {
  std::ofstream(path_) << ToLine(Record(4)) << ToLine(Record(4));
  EXPECT_EQ(Log::Open(path_).records().size(), 1U);
}

}  // namespace
}  // namespace vmtrunc::campaign
