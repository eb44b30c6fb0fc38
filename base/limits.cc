#include "base/limits.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/read.h"

namespace vmtrunc::base {
namespace {

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

std::vector<std::string> Lines(const std::string& path) {
  return absl::StrSplit(ReadWhole(path, kMostInput).value_or(""), '\n',
                        absl::SkipEmpty());
}

// The number in a file; kNoLimit if it is "max" or there is no such file.
uint64_t NumberIn(const std::string& path) {
  uint64_t number = 0;
  const std::vector<std::string> lines = Lines(path);
  return !lines.empty() && absl::SimpleAtoi(lines[0], &number) ? number
                                                               : kNoLimit;
}

// The sum of the values with one of these names, in a file of names and
// numbers.
uint64_t SumIn(const std::string& path, const std::vector<std::string>& names) {
  uint64_t sum = 0;
  for (const std::string& line : Lines(path)) {
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t:"), absl::SkipEmpty());
    uint64_t number = 0;
    if (words.size() >= 2 && absl::SimpleAtoi(words[1], &number) &&
        std::find(names.begin(), names.end(), words[0]) != names.end())
      sum += number;
  }
  return sum;
}

uint64_t Less(uint64_t from, uint64_t by) { return from > by ? from - by : 0; }

// One of the two versions of control groups.
struct Version {
  const char *limit, *usage;           // files
  std::vector<std::string> reclaimed;  // words of memory.stat
};

uint64_t RoomOfGroup(const std::string& directory, const Version& version) {
  const uint64_t limit = NumberIn(absl::StrCat(directory, "/", version.limit));
  // Version 1 writes the largest number of whole pages for "none".
  if (limit > kNoLimit / 4) return kNoLimit;
  const uint64_t usage = NumberIn(absl::StrCat(directory, "/", version.usage));
  const uint64_t cache =
      SumIn(absl::StrCat(directory, "/memory.stat"), version.reclaimed);
  return Less(limit, usage == kNoLimit ? 0 : Less(usage, cache));
}

// The limits of the group and its ancestors, as far as they are mounted.
uint64_t RoomOfGroups(const std::string& mount, std::string group,
                      const Version& version) {
  uint64_t room = kNoLimit;
  for (;;) {
    room = std::min(room, RoomOfGroup(mount + group, version));
    const size_t slash = group.rfind('/');
    if (slash == std::string::npos) return room;
    group.resize(slash);
  }
}

// The path of the process's group, of lines "4:memory:/a/b" and "0::/a/b".
std::string GroupOf(const std::string& proc, bool second_version) {
  for (const std::string& line : Lines(proc + "/self/cgroup")) {
    const std::vector<std::string> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    const std::vector<std::string> controllers = absl::StrSplit(parts[1], ',');
    if (second_version ? parts[0] == "0" && parts[1].empty()
                       : std::find(controllers.begin(), controllers.end(),
                                   "memory") != controllers.end())
      return parts[2];
  }
  return "";
}

uint64_t RoomOfControlGroups(const std::string& proc) {
  const Version first = {"memory.limit_in_bytes",
                         "memory.usage_in_bytes",
                         {"total_inactive_file", "total_active_file"}};
  const Version second = {
      "memory.max", "memory.current", {"inactive_file", "active_file"}};
  uint64_t room = kNoLimit;
  for (const std::string& line : Lines(proc + "/self/mountinfo")) {
    // "36 35 98:0 ROOT MOUNT OPTIONS... - TYPE SOURCE OPTIONS"
    const std::vector<std::string> halves =
        absl::StrSplit(line, absl::MaxSplits(" - ", 1));
    const std::vector<std::string> words = absl::StrSplit(halves[0], ' ');
    if (halves.size() != 2 || words.size() < 5) continue;
    const std::vector<std::string> type = absl::StrSplit(halves[1], ' ');
    const bool is_second = type[0] == "cgroup2";
    if (!is_second &&
        (type[0] != "cgroup" || !absl::StrContains(halves[1], "memory")))
      continue;
    // The mount may be of a subgroup, as in a container.
    std::string group = GroupOf(proc, is_second);
    const std::string root = words[3] == "/" ? "" : words[3];
    if (!absl::StartsWith(group, root))
      group = "";
    else
      group.erase(0, root.size());
    while (absl::EndsWith(group, "/")) group.pop_back();
    room = std::min(room,
                    RoomOfGroups(words[4], group, is_second ? second : first));
  }
  return room;
}

// A limit of the process, less what it uses of it: a field of statm, in pages.
uint64_t RoomOfProcess(const std::string& proc, int resource, size_t field) {
  struct rlimit limit{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0 ||
      limit.rlim_cur == RLIM_INFINITY)
    return kNoLimit;
  uint64_t pages = 0;
  for (const std::string& line : Lines(proc + "/self/statm")) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    if (words.size() <= field || !absl::SimpleAtoi(words[field], &pages))
      pages = 0;
  }
  return Less(limit.rlim_cur,
              pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)));
}

}  // namespace

MemoryRoom FindMemoryRoom(const std::string& proc) {
  const uint64_t machine = SumIn(proc + "/meminfo", {"MemAvailable"}) * 1024;
  MemoryRoom least = {machine == 0 ? kNoLimit : machine,
                      "the memory of the machine"};
  const auto consider = [&](uint64_t bytes, const char* whose) {
    if (bytes < least.bytes) least = {bytes, whose};
  };
  consider(RoomOfControlGroups(proc), "the memory control group");
  consider(RoomOfProcess(proc, RLIMIT_DATA, 5), "ulimit -d");
  consider(RoomOfProcess(proc, RLIMIT_AS, 0), "ulimit -v");
  return least;
}

uint64_t MemoryLimit() { return FindMemoryRoom().bytes / 2; }

}  // namespace vmtrunc::base
