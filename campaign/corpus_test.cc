#include "campaign/corpus.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

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

}  // namespace
}  // namespace vmtrunc::campaign
