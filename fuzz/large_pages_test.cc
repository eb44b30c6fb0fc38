#include "fuzz/large_pages.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace vmtrunc::fuzz {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kOwnHeap = true;  // of a sanitizer, and not the C library's
#elif defined(__has_feature)
constexpr bool kOwnHeap = __has_feature(address_sanitizer);
#else
constexpr bool kOwnHeap = false;
#endif

// How much of the heap asks for large pages, in bytes: what is marked "hg" in
// smaps. Whether the kernel has any to give is another matter.
size_t HeapThatAsks() {
  std::ifstream in("/proc/self/smaps");
  size_t bytes = 0, sum = 0;
  bool heap = false;
  for (std::string line; std::getline(in, line);) {
    const size_t dash = line.find('-');
    if (dash < 17 && line.find(' ') > dash) {
      heap = line.ends_with("[heap]");
      bytes = std::stoull(line.substr(dash + 1), nullptr, 16) -
              std::stoull(line, nullptr, 16);
    } else if (heap && line.starts_with("VmFlags:") &&
               line.find(" hg") != std::string::npos) {
      sum += bytes;
    }
  }
  return sum;
}

// In a process of its own, as it cannot be undone.
size_t AskingAfter(void (*change)()) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    change();
    const size_t bytes = HeapThatAsks();
    const bool written = ::write(ends[1], &bytes, sizeof(bytes)) > 0;
    ::_exit(written ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  size_t bytes = 0;
  EXPECT_EQ(::read(ends[0], &bytes, sizeof(bytes)),
            static_cast<ssize_t>(sizeof(bytes)));
  ::close(ends[0]);
  ::close(ends[1]);
  return bytes;
}

TEST(LargePages, AreAskedForWhereLibFuzzersTablesWillBe) {
  if (kOwnHeap) GTEST_SKIP() << "the C library's heap is not used here";
  if (!std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled"))
    GTEST_SKIP() << "this kernel has none";
  EXPECT_EQ(AskingAfter([] {}), 0U);
  EXPECT_GE(AskingAfter(UseLargePages), size_t{24} << 20);
}

}  // namespace
}  // namespace vmtrunc::fuzz
