// Searches that shards share.
#include "search/prove_shared.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/scratch_test.h"
#include "core/run/run.h"
#include "search/exchange.h"
#include "search/search_test.h"

namespace vmtrunc::search {
namespace {

namespace fs = std::filesystem;

Sharing SharingOf(const std::string& directory, unsigned number,
                  unsigned shards) {
  const std::string mine = directory + "/shard-" + std::to_string(number);
  fs::create_directories(mine);
  return {{number, shards}, directory, "this build", {}};
}

class SharedSearch : public base::Scratch {
 protected:
  std::string NewDirectory() { return Path(std::to_string(++directories_)); }

 private:
  int directories_ = 0;
};

// All shards at once, in as many threads.
std::vector<ProveResult> Shared(const std::string& directory,
                                const Problem& problem,
                                const ProveOptions& options, unsigned shards) {
  std::vector<ProveResult> results(shards);
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < shards; ++i)
      threads.emplace_back([&, i] {
        results[i] =
            ProveShared(problem, options, SharingOf(directory, i, shards));
      });
  }
  return results;
}

TEST_F(SharedSearch, HasTheStatesOfOneSearch) {
  const Problem problem = ProblemOf(ClosedWorld(kSplits));
  for (const char* kernel : {"2.6.38", "3.0", "6.18"}) {
    const ProveOptions options = ClosedSteps(RulesOf(kernel));
    const ProveResult one = Prove(problem, options);
    for (const unsigned shards : {1U, 2U, 5U}) {
      const std::string directory = NewDirectory();
      uint64_t own = 0;
      for (const ProveResult& it :
           Shared(directory, problem, options, shards)) {
        EXPECT_EQ(it.answer, one.answer) << kernel;
        EXPECT_EQ(it.progress.states, one.progress.states) << kernel;
        EXPECT_EQ(it.progress.transitions, one.progress.transitions);
        EXPECT_GT(it.own, one.progress.states / shards / 2);
        own += it.own;
      }
      EXPECT_EQ(own, one.progress.states);
    }
  }
}

TEST_F(SharedSearch, AllShardsGiveOneScript) {
  const Problem problem = ProblemOf(TwoMms(kSplits | Of({Verb::kRead}), 1));
  for (const char* kernel : {"2.6.9-mm", "2.6.11-split-under-lock", "3.0"}) {
    ProveOptions options;
    options.rules = RulesOf(kernel);
    options.steps_only = true;
    const ProveResult one = Prove(problem, options);
    for (const bool reduce : {false, true}) {
      options.reduce = reduce;
      const std::string directory = NewDirectory();
      const auto results = Shared(directory, problem, options, 3);
      for (const ProveResult& it : results) {
        ASSERT_EQ(it.answer, one.answer) << kernel;
        EXPECT_EQ(ToText(it.script), ToText(results[0].script));
        if (it.answer != Answer::kBreaks) continue;
        EXPECT_TRUE(vmtrunc::Run(it.script, options.rules).breaks(it.property));
      }
    }
  }
}

// Each shard is stopped at some level, and is started again.
TEST_F(SharedSearch, ResumesAfterEachLevel) {
  const Problem problem = ProblemOf(ClosedWorld(kSplits));
  ProveOptions options = ClosedSteps(RulesOf("3.0"));
  const ProveResult one = Prove(problem, options);
  const std::string directory = NewDirectory();
  unsigned stops = 0;
  std::vector<std::jthread> threads;
  std::vector<ProveResult> results(2);
  std::atomic<unsigned> total = 0;
  for (unsigned i = 0; i < 2; ++i)
    threads.emplace_back([&, i] {
      for (unsigned level = 1;; level += 2 + i) {
        std::atomic<bool> stop = false;
        ProveOptions its = options;
        its.stop = &stop;
        its.on_progress = [&](const ProveProgress& p) {
          if (p.depth >= level) stop = true;
        };
        results[i] = ProveShared(problem, its, SharingOf(directory, i, 2));
        if (results[i].answer != Answer::kRanOut) return;
        EXPECT_TRUE(results[i].stopped);
        ++total;
      }
    });
  threads.clear();
  stops = total;
  EXPECT_GT(stops, 10U);
  for (const ProveResult& it : results) {
    EXPECT_EQ(it.answer, Answer::kHolds);
    EXPECT_EQ(it.progress.states, one.progress.states);
    EXPECT_EQ(it.progress.transitions, one.progress.transitions);
  }
}

TEST_F(SharedSearch, SaysItsResultAgain) {
  const Problem problem = ProblemOf(ClosedWorld(kSplits));
  for (const char* kernel : {"2.6.9-mm", "3.0"}) {
    const ProveOptions options = ClosedSteps(RulesOf(kernel));
    const std::string directory = NewDirectory();
    const auto first = Shared(directory, problem, options, 2);
    const auto again = Shared(directory, problem, options, 2);
    for (unsigned i = 0; i < 2; ++i) {
      EXPECT_EQ(first[i].answer, again[i].answer);
      EXPECT_EQ(first[i].progress.states, again[i].progress.states);
      EXPECT_EQ(ToText(first[i].script), ToText(again[i].script));
    }
  }
}

std::string What(const std::function<void()>& f) {
  try {
    f();
  } catch (const base::UsageError& error) {
    return error.what;
  }
  return "";
}

TEST_F(SharedSearch, RefusesWhatIsOfAnotherSearch) {
  const Problem problem = ProblemOf(ClosedWorld(kSplits));
  const ProveOptions options = ClosedSteps(RulesOf("3.0"));
  const std::string directory = NewDirectory();
  Shared(directory, problem, options, 1);
  const auto refused = [&](const Problem& of, const ProveOptions& with,
                           const Sharing& sharing) {
    return What([&] { ProveShared(of, with, sharing); });
  };
  const Sharing same = SharingOf(directory, 0, 1);
  EXPECT_EQ(refused(problem, options, same), "");
  EXPECT_NE(refused(problem, ClosedSteps(RulesOf("3.8")), same), "");
  EXPECT_NE(refused(ProblemOf(ClosedWorld(kSplits, 3)), options, same), "");
  EXPECT_NE(refused(problem, options, SharingOf(directory, 0, 2)), "");
  // Another shard searches another problem: the first to begin waits for one
  // that does not, and the other is refused.
  std::atomic<bool> stop = false;
  std::string one, another;
  const auto begin = [&](const char* kernel, unsigned number,
                         std::string& what) {
    ProveOptions with = ClosedSteps(RulesOf(kernel));
    with.stop = &stop;
    what = refused(problem, with, SharingOf(directory + "/x", number, 2));
    stop = true;
  };
  std::jthread elsewhere([&] { begin("3.8", 1, another); });
  begin("3.0", 0, one);
  elsewhere.join();
  EXPECT_NE(one + another, "");
  Sharing other = same;
  other.program = "another build";
  EXPECT_NE(refused(problem, options, other), "");
}

// Of each byte of what another shard has sent, one bit.
// Its levels are of the directory that its states are of: else it would begin
// again, and cut them.
TEST_F(SharedSearch, ReadsItsLevelsWhereItsStatesAre) {
  const Sharing sharing = SharingOf(NewDirectory(), 0, 1);
  Exchange exchange(sharing.directory, sharing.shard, "this search");
  std::vector<Arrival> states(3);
  exchange.Add(states);
  LevelDone whole{};
  whole.states = 3;
  exchange.Write(0, whole);
  fs::rename(sharing.directory, sharing.directory + "-moved");
  const std::optional<LevelDone> done = exchange.Read(0, 0);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->states, 3U);
  EXPECT_FALSE(exchange.Read(0, 1));
}

TEST_F(SharedSearch, RefusesWhatIsDamaged) {
  const Problem problem = ProblemOf(ClosedWorld(kSplits));
  ProveOptions options = ClosedSteps(RulesOf("3.0"));
  const std::string directory = NewDirectory();
  std::atomic<bool> stop = false;
  options.stop = &stop;
  options.on_progress = [&](const ProveProgress& p) { stop = p.depth >= 3; };
  const Sharing sharing = SharingOf(directory, 0, 1);
  ASSERT_EQ(ProveShared(problem, options, sharing).answer, Answer::kRanOut);
  std::string path;
  for (const auto& it : fs::directory_iterator(sharing.directory + "/shard-0"))
    if (it.path().filename().string().find("-to-") != std::string::npos)
      path = std::max(path, it.path().string());
  ASSERT_NE(path, "");
  std::ifstream in(path, std::ios::binary);
  const std::string whole(std::istreambuf_iterator<char>(in), {});
  const auto with = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    return What([&] { ProveShared(problem, options, sharing); });
  };
  ASSERT_GT(whole.size(), 1000U);
  EXPECT_EQ(with(whole), "");
  for (size_t at = 0; at < whole.size(); at += 97) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 1 << at % 8);
    EXPECT_NE(with(bytes), "") << at;
    EXPECT_NE(with(whole.substr(0, at)), "") << at;
  }
}

}  // namespace
}  // namespace vmtrunc::search
