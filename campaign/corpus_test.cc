#include "campaign/corpus.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/substitute.h"
#include "base/own_directory.h"
#include "base/read.h"

namespace vmtrunc::campaign {
namespace {

namespace fs = std::filesystem;

// What somebody has changed under the name of an input stays as he left it, and
// the input is kept beside it, however often the campaign begins.
TEST(KernelCorpusTest, AChangedInputStays) {
  char made[] = "/tmp/vmtrunc-corpus-XXXXXX";
  const std::string directory = ::mkdtemp(made);
  const std::string from = directory + "/from", to = directory + "/to";
  fs::create_directory(from);
  const Script script = *ParseText(
      R"(vmtrunc 1
file f 4
task a
task t
a mmap 100 4 f 0
a read 100
t truncate f 0
)");
  const std::vector<uint8_t> bytes = EncodeBytes(script);
  const std::string input(bytes.begin(), bytes.end());
  std::ofstream(from + "/input") << input;
  const KernelSpec kernel = *ParseKernelSpec("2.6.11");
  const std::string name = base::NameOf(input);
  for (int start = 0; start < 3; ++start) {
    fs::create_directories(to);
    std::ofstream(to + "/" + name) << "# notes";
    KernelCorpus corpus(to, kernel);
    corpus.Take(from);
    EXPECT_EQ(base::ReadWhole(to + "/" + name, 100), "# notes");
    EXPECT_EQ(base::ReadWhole(to + "/" + name + ".bytes", 100000), input);
  }
  fs::remove_all(directory);
}

// A script that breaks 2.6.9-mm, with its vmas of at most 8 pages at
// `address`; with `is_broken` false it holds.
std::string MovedInto(unsigned address, bool is_broken) {
  const std::string text = absl::Substitute(
      R"(vmtrunc 1
block 2
file f 8
task a
task b
task t
a mmap $0 8 f 0 populate
b mmap $1 8 f 0 populate
t truncate f 2 &
t drop 2
$2
b mremap $1 8 $0 8
t finish
)",
      address, address + 10,
      is_broken ? absl::Substitute("a munmap $0 8", address) : "a read 0");
  const std::vector<uint8_t> bytes = EncodeBytes(*ParseText(text));
  return {bytes.begin(), bytes.end()};
}

// Jobs run what the corpus has: a counterexample that the user names is not
// lost because another has its coverage.
TEST(KernelCorpusTest, ASeedThatBreaksTheKernelIsTaken) {
  char made[] = "/tmp/vmtrunc-corpus-XXXXXX";
  const std::string directory = ::mkdtemp(made);
  KernelCorpus corpus(directory + "/to", *ParseKernelSpec("2.6.9-mm"));
  size_t taken = 0;
  for (const unsigned address : {100U, 132U, 164U})
    for (const bool is_broken : {true, false}) {
      const Gain gain = corpus.TakeSeed("seed", MovedInto(address, is_broken));
      EXPECT_EQ(gain.Worth() == 0, address != 100);
      taken += is_broken || address == 100 ? 1 : 0;
      EXPECT_EQ(corpus.names().size(), taken);
    }
  EXPECT_EQ(taken, 4U);
  // The same from a job.
  fs::create_directory(directory + "/from");
  std::ofstream(directory + "/from/input") << MovedInto(196, true);
  corpus.Take(directory + "/from");
  EXPECT_EQ(corpus.names().size(), taken);
  fs::remove_all(directory);
}

}  // namespace
}  // namespace vmtrunc::campaign
