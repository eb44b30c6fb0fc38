#include "live/truth.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>

namespace vmtrunc::live {
namespace {

// A value is round << 32 | writer << 30 | check << 16 | file << 15 | page for a
// check, and round << 32 | writer << 30 | number of an operation.
constexpr uint64_t kOfOp = 1, kOfCheck = 2;

off_t Offset(unsigned page) { return static_cast<off_t>(page * kPage); }

void TakeRemovals(RaceShared& s, unsigned end) {
  for (unsigned i = s.window_first; i < end; ++i) {
    const RaceOp& op = s.ops[i];
    const Event& e = op.event;
    const bool truncates = e.verb == Verb::kTruncate;
    if (!op.done || (!truncates && e.verb != Verb::kPunch)) continue;
    const unsigned first = std::min(e.addr * s.place.unit, kFilePages);
    const unsigned last =
        truncates ? kFilePages
                  : std::min((e.addr + e.len) * s.place.unit, kFilePages);
    for (unsigned p = first; p < last; ++p) {
      PageTruth& page = s.file[e.file & 1].page[p];
      page.removed_at = std::max(page.removed_at, op.start);
      if (truncates) page.truncated_at = std::max(page.truncated_at, op.start);
    }
  }
}

// Tests of I1 and I3: the size changes after it was read, and a removed page
// gets its old value again.
void PlantInFile(RaceShared& s, unsigned f) {
  FileTruth& file = s.file[f];
  const int fd = s.place.files[f];
  if (s.plant == Plant::kI1 || s.plant == Plant::kI1Pte)
    (void)!::ftruncate(fd, Offset(file.pages + 4 * s.place.unit));
  for (unsigned p = 0; s.plant == Plant::kI3 && p < file.pages; ++p) {
    const PageTruth& page = file.page[p];
    if (page.stamp != 0 && page.removed_at > s.stamped_at[s.checks - 1])
      (void)!::pwrite(fd, &page.stamp, sizeof(page.stamp), Offset(p));
  }
}

// Otherwise the tasks would soon have truncated all files to nothing.
void GrowBack(RaceShared& s, unsigned f) {
  FileTruth& file = s.file[f];
  const unsigned pages = s.setup.sizes[f] * s.place.unit;
  const unsigned before = file.pages;
  if (before >= pages) return;
  if (::ftruncate(s.place.files[f], Offset(pages)) != 0) {
    if (IsMachineLimit(errno)) return Refused(s, kNobody, "ftruncate", errno);
    return Fail(s, "I3", kNobody, "file %u cannot grow to %u pages", f, pages);
  }
  file.pages = pages;
  for (unsigned p = before; p < pages; ++p) {
    uint64_t value = 1;
    const ssize_t got =
        ::pread(s.place.files[f], &value, sizeof(value), Offset(p));
    if (got == sizeof(value) && value == 0) continue;
    if (got < 0 && IsMachineLimit(errno))
      return Refused(s, kNobody, "to read a file", errno);
    return Fail(s, "I3", kNobody,
                "page %u of file %u reads %#" PRIx64
                " after growth from %u to %u pages",
                p, f, value, before, pages);
  }
}

void CheckContent(RaceShared& s, unsigned f, unsigned p) {
  const PageTruth& page = s.file[f].page[p];
  uint64_t value = 0;
  const ssize_t got =
      ::pread(s.place.files[f], &value, sizeof(value), Offset(p));
  if (got < 0 && IsMachineLimit(errno))
    return Refused(s, kNobody, "to read a file", errno);
  if (got != sizeof(value))
    return Fail(s, "I3", kNobody,
                "page %u of file %u cannot be read, and fstat() "
                "gave %u pages",
                p, f, s.file[f].pages);
  const char* wrong = Judge(s, value, f, p, page.removed_at);
  if (wrong == nullptr && value == 0 && page.stamp != 0 &&
      page.removed_at <= s.stamped_at[s.checks - 1])
    wrong = "it was not truncated or punched since: the data is lost";
  const bool older = (value >> 30 & 3) == kOfCheck
                         ? value != page.stamp
                         : (value & 0xffff) < s.window_first;
  if (wrong == nullptr && value != 0 && older)
    wrong = "a later check overwrote that value";
  if (wrong == nullptr) return;
  Fail(s, "I3", kNobody,
       "page %u of file %u (%u pages) reads %#" PRIx64
       ", the last check wrote %#" PRIx64 ": %s",
       p, f, s.file[f].pages, value, page.stamp, wrong);
}

}  // namespace

uint64_t OpStamp(uint32_t round, unsigned op) {
  return uint64_t{round} << 32 | kOfOp << 30 | op;
}

uint64_t CheckStamp(uint32_t round, unsigned check, unsigned file,
                    unsigned page) {
  return uint64_t{round} << 32 | kOfCheck << 30 | uint64_t{check} << 16 |
         uint64_t{file} << 15 | page;
}

const char* Judge(const RaceShared& s, uint64_t value, unsigned file,
                  unsigned page, uint64_t removed_at) {
  if (value == 0) return nullptr;
  if (value >> 32 != s.round) return "no task wrote that value in this round";
  uint64_t written_at = 0;
  if ((value >> 30 & 3) == kOfOp) {
    const uint64_t op = value & 0xffff;
    if (op >= s.count || s.ops[op].event.verb != Verb::kWrite)
      return "no operation wrote that value";
    written_at = s.ops[op].end;
  } else {
    const uint64_t check = value >> 16 & 0x3fff;
    if (check >= s.checks ||
        value != CheckStamp(s.round, static_cast<unsigned>(check), file, page))
      return "no check wrote that value there";
    written_at = s.stamped_at[check];
  }
  return written_at < removed_at
             ? "the page was removed after that value was written"
             : nullptr;
}

void Settle(RaceShared& s, unsigned end) {
  TakeRemovals(s, end);
  for (unsigned f = 0; f < s.setup.files; ++f) {
    struct stat status{};
    if (::fstat(s.place.files[f], &status) != 0)
      return Refused(s, kNobody, "fstat", errno);
    s.file[f].inode = status.st_ino;
    s.file[f].pages =
        static_cast<unsigned>(static_cast<size_t>(status.st_size) / kPage);
    PlantInFile(s, f);
    for (unsigned p = 0; p < s.file[f].pages; ++p) CheckContent(s, f, p);
  }
  s.window_first = end;
  ++s.totals.quiescent;
}

void StampPages(RaceShared& s) {
  for (unsigned f = 0; f < s.setup.files; ++f) {
    GrowBack(s, f);
    FileTruth& file = s.file[f];
    for (unsigned p = 0; p < kFilePages; ++p) {
      PageTruth& page = file.page[p];
      page.stamp = 0;
      if (p >= file.pages) continue;
      page.stamp = CheckStamp(s.round, s.checks, f, p);
      const ssize_t put = ::pwrite(s.place.files[f], &page.stamp,
                                   sizeof(page.stamp), Offset(p));
      if (put < 0 && IsMachineLimit(errno))
        return Refused(s, kNobody, "to write to a file", errno);
      if (put != sizeof(page.stamp))
        Fail(s, "I2", kNobody, "page %u of file %u cannot be written", p, f);
    }
  }
  s.stamped_at[s.checks++] = Now();
}

}  // namespace vmtrunc::live
