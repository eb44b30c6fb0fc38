#include "fuzz/large_pages.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace vmtrunc::fuzz {
namespace {

// The faults of a process that allocates what libFuzzer does, and writes to it.
long FaultsOf(bool large) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (large) UseLargePages();
    constexpr size_t kSize = size_t{20} << 20;
    void* volatile made = std::malloc(kSize);
    std::memset(made, 1, kSize);
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const bool written =
        ::write(ends[1], &usage.ru_minflt, sizeof(usage.ru_minflt)) > 0;
    ::_exit(written ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  long faults = 0;
  EXPECT_EQ(::read(ends[0], &faults, sizeof(faults)),
            static_cast<ssize_t>(sizeof(faults)));
  ::close(ends[0]);
  ::close(ends[1]);
  return faults;
}

TEST(LargePages, TakeFewFaults) {
  std::ifstream in("/sys/kernel/mm/transparent_hugepage/enabled");
  const std::string modes(std::istreambuf_iterator<char>(in), {});
  if (modes.find("[madvise]") == std::string::npos)
    GTEST_SKIP() << "this kernel has none for who asks: " << modes;
  const long small = FaultsOf(false);
  EXPECT_GT(small, 5000);
  // Where memory is in pieces there may be few.
  EXPECT_LT(FaultsOf(true), small);
}

}  // namespace
}  // namespace vmtrunc::fuzz
