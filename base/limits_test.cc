// The least limit counts, of either version of control groups, wherever they
// are mounted.
#include "base/limits.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/scratch_test.h"

namespace vmtrunc::base {
namespace {

constexpr uint64_t kMiB = 1 << 20;

class Limits : public Scratch {
 protected:
  Limits() {
    std::filesystem::create_directories(Path("self"));
    std::filesystem::create_directories(Path("groups/a/b c"));
    Put("meminfo", "MemTotal: 9000000 kB\nMemAvailable:    4194304 kB\n");
    Put("self/statm", "0 0 0 0 0 0 0\n");
  }
  void Mount(const std::string& type, const std::string& root) const {
    Put("self/mountinfo",
        "22 1 0:20 / /proc rw - proc proc rw\n"
        "30 1 0:26 " +
            root + " " + Path("groups") + " rw,nosuid shared:9 - " + type +
            "\n");
  }
  void Limit(const std::string& group, const std::string& name, uint64_t limit,
             uint64_t usage) const {
    const bool second = name == "memory.max";
    Put("groups/" + group + "/" + name, std::to_string(limit) + "\n");
    Put("groups/" + group +
            (second ? "/memory.current" : "/memory.usage_in_bytes"),
        std::to_string(usage) + "\n");
  }
  uint64_t Room() const { return FindMemoryRoom(directory_).bytes / kMiB; }
};

TEST_F(Limits, TheMachineHasWhatIsAvailable) {
  EXPECT_EQ(Room(), 4096U);
  EXPECT_EQ(FindMemoryRoom(directory_).whose, "the memory of the machine");
}

TEST_F(Limits, GroupsOfTheSecondVersionAndThoseAround) {
  Mount("cgroup2 cgroup2 rw", "/");
  Put("self/cgroup", "0::/a/b c\n");
  Put("groups/a/b c/memory.max", "max\n");
  EXPECT_EQ(Room(), 4096U);
  Limit("a/b c", "memory.max", 500 * kMiB, 100 * kMiB);
  EXPECT_EQ(Room(), 400U);
  // What the page cache has is given back.
  Put("groups/a/b c/memory.stat",
      "anon 5\ninactive_file 31457280\nactive_file 20971520\n");
  EXPECT_EQ(Room(), 450U);
  Limit("a", "memory.max", 300 * kMiB, 0);
  EXPECT_EQ(Room(), 300U);
  EXPECT_EQ(FindMemoryRoom(directory_).whose, "the memory control group");
  // In use is more than the limit that was set later.
  Limit("a", "memory.max", 300 * kMiB, 400 * kMiB);
  EXPECT_EQ(Room(), 0U);
}

TEST_F(Limits, GroupsOfTheFirstVersion) {
  Mount("cgroup cgroup rw,memory", "/");
  Put("self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/a\n0::/\n");
  Put("groups/a/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(Room(), 4096U);
  Limit("a", "memory.limit_in_bytes", 200 * kMiB, 10 * kMiB);
  EXPECT_EQ(Room(), 190U);
}

// In a container the group itself is mounted.
TEST_F(Limits, MountedFromAGroupOn) {
  Mount("cgroup2 cgroup2 rw", "/docker/1");
  Put("self/cgroup", "0::/docker/1/a\n");
  Limit("a", "memory.max", 50 * kMiB, 0);
  EXPECT_EQ(Room(), 50U);
  Put("self/cgroup", "0::/../elsewhere\n");
  EXPECT_EQ(Room(), 4096U);
  Limit(".", "memory.max", 70 * kMiB, 0);
  EXPECT_EQ(Room(), 70U);
}

TEST_F(Limits, OfTheProcess) {
  struct rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_AS, &old), 0);
  struct rlimit less = old;
  less.rlim_cur = 2048 * kMiB;
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &less), 0);
  const MemoryRoom all = FindMemoryRoom(directory_);
  Put("self/statm", "12800 0 0 0 0 0 0\n");  // pages
  const MemoryRoom rest = FindMemoryRoom(directory_);
  ::setrlimit(RLIMIT_AS, &old);
  EXPECT_EQ(all.bytes, 2048 * kMiB);
  EXPECT_EQ(all.whose, "ulimit -v");
  EXPECT_EQ(rest.bytes, 1998 * kMiB);
}

}  // namespace
}  // namespace vmtrunc::base
