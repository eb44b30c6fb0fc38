#include "live/mm_check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "live/truth.h"

namespace vmtrunc::live {
namespace {

// Documentation/admin-guide/mm/pagemap.rst.
bool Present(uint64_t entry) { return entry >> 62 != 0; }
bool IsFilePage(uint64_t entry) {
  return (entry >> 63) != 0 && (entry >> 61 & 1) != 0;
}

char* AtReal(unsigned page) {
  return reinterpret_cast<char*>(kArena + page * kPage);
}

}  // namespace

void MmCheck::Close() {
  if (maps_ >= 0) ::close(maps_);
  if (pagemap_ >= 0) ::close(pagemap_);
  maps_ = pagemap_ = -1;
}

void MmCheck::CheckSizes(unsigned task) {
  task_ = task;
  PlantBefore();
  if (!ReadMaps() || !ReadPagemap()) return;
  for (unsigned i = 0; i < count_ && !failed(); ++i) {
    PlantCopy(vmas_[i]);
    for (unsigned p = vmas_[i].start; p < vmas_[i].end && !failed(); ++p)
      CheckPage(vmas_[i], p);
  }
  CheckEdges();
}

void MmCheck::CheckSame(unsigned task) {
  task_ = task;
  PlantOtherPage();
  // Earlier checks have touched all pages: what is present now distinguishes a
  // private copy from the file's page.
  if (!ReadPagemap()) return;
  for (unsigned i = 0; i < count_; ++i) {
    const SeenVma& vma = vmas_[i];
    const FileTruth& file = s_.file[vma.file];
    for (unsigned p = vma.start; p < vma.end; ++p) {
      const unsigned index = vma.offset + p - vma.start;
      if (index >= file.pages) break;
      if (!vma.shared && !IsFilePage(entries_[p])) continue;
      const Touched seen = TouchWord(AtReal(p), false, 0);
      if (seen.touch == Touch::kServed && seen.value == file.page[index].stamp)
        continue;
      return Fail(s_, "I2", task_,
                  "%p (%s, page %u of file %u, %u pages): %s, reads %#" PRIx64
                  ", and the file has %#" PRIx64,
                  static_cast<void*>(AtReal(p)),
                  vma.shared ? "shared" : "private", index, vma.file,
                  file.pages, TouchName(seen.touch), seen.value,
                  file.page[index].stamp);
    }
  }
}

bool MmCheck::ReadMaps() {
  count_ = 0;
  if (maps_ < 0) maps_ = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (maps_ < 0) return Refused(s_, task_, "/proc/self/maps", errno), false;
  // One read gives whole lines, at most a page of them.
  char text[2 * kPage];
  ::lseek(maps_, 0, SEEK_SET);
  for (;;) {
    const ssize_t size = ::read(maps_, text, sizeof(text) - 1);
    if (size < 0) Refused(s_, task_, "/proc/self/maps", errno);
    if (size <= 0) return !failed();
    text[size] = 0;
    for (const char* line = text; *line != 0;) {
      if (!TakeLine(line)) return !failed();
      line = std::strchr(line, '\n');
      if (line == nullptr) break;
      ++line;
    }
  }
}

// Returns whether lines of the arena may follow.
bool MmCheck::TakeLine(const char* line) {
  unsigned long start = 0, end = 0, offset = 0, inode = 0;
  char prot[8] = {};
  if (std::sscanf(line, "%lx-%lx %7s %lx %*x:%*x %lu", &start, &end, prot,
                  &offset, &inode) != 5)
    return false;
  const uintptr_t arena_end = kArena + s_.place.bytes(kArenaPages);
  if (end <= kArena) return true;
  if (start >= arena_end) return false;
  SeenVma vma{};
  const bool first = inode == s_.file[0].inode;
  const bool second = s_.setup.files == 2 && inode == s_.file[1].inode;
  vma.start = static_cast<unsigned>((start - kArena) / kPage);
  vma.end = static_cast<unsigned>((end - kArena) / kPage);
  vma.offset = static_cast<unsigned>(offset / kPage);
  vma.file = first ? 0 : 1;
  vma.shared = prot[3] == 's';
  vma.write = prot[1] == 'w';
  const bool apart = count_ == 0 || vmas_[count_ - 1].end <= vma.start;
  const bool whole =
      ((start - kArena) | (end - kArena) | offset) % s_.place.bytes(1) == 0;
  if ((first || second) && start >= kArena + s_.place.bytes(1) &&
      end <= arena_end && start < end && apart && whole && prot[0] == 'r' &&
      prot[2] == '-' && count_ < vmas_.size()) {
    vmas_[count_++] = vma;
    return true;
  }
  const char* newline = std::strchr(line, '\n');
  Fail(s_, "I4", task_,
       "the tasks cannot have made this vma, the previous one ends at %#zx: "
       "%.*s",
       kArena + (count_ == 0 ? 0 : vmas_[count_ - 1].end) * kPage,
       newline == nullptr ? 80 : static_cast<int>(newline - line), line);
  return false;
}

bool MmCheck::ReadPagemap() {
  if (pagemap_ < 0)
    pagemap_ = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (pagemap_ < 0)
    return Refused(s_, task_, "/proc/self/pagemap", errno), false;
  const size_t size = kArenaPages * s_.place.unit * sizeof(uint64_t);
  const ssize_t got =
      ::pread(pagemap_, entries_.data(), size,
              static_cast<off_t>(kArena / kPage * sizeof(uint64_t)));
  if (got == static_cast<ssize_t>(size)) return true;
  Refused(s_, task_, "/proc/self/pagemap", ErrorOfRead(got));
  return false;
}

void MmCheck::CheckPage(const SeenVma& vma, unsigned p) {
  const FileTruth& file = s_.file[vma.file];
  const unsigned index = vma.offset + p - vma.start;
  const bool past = index >= file.pages;
  const uint64_t entry = entries_[p];
  const char* kind = vma.shared ? "shared" : "private";
  const auto at = static_cast<void*>(AtReal(p));
  ++s_.totals.pages;
  s_.totals.pages_past += past ? 1 : 0;
  if (past && Present(entry))
    return Fail(s_, "I1", task_,
                "%p (%s, page %u of file %u) is mapped, %s, "
                "and the file has %u pages; pagemap: %#" PRIx64,
                at, kind, index, vma.file,
                IsFilePage(entry) ? "the file's page" : "a copy", file.pages,
                entry);
  const Touched seen = TouchWord(AtReal(p), false, 0);
  s_.totals.sigbus_checked += seen.touch == Touch::kSigbus ? 1 : 0;
  if (seen.touch != (past ? Touch::kSigbus : Touch::kServed)) {
    const int full = seen.touch == Touch::kSigbus ? NoRoom(vma, index) : 0;
    if (full != 0) return Refused(s_, task_, "room for a page", full);
    return Fail(s_, "I1", task_,
                "%p (%s, page %u of file %u): a read is %s "
                "with value %#" PRIx64 ", and the file has %u pages",
                at, kind, index, vma.file, TouchName(seen.touch), seen.value,
                file.pages);
  }
  if (past || vma.shared || !Present(entry) || IsFilePage(entry)) return;
  const uint64_t truncated_at = file.page[index].truncated_at;
  const char* wrong = Judge(s_, seen.value, vma.file, index, truncated_at);
  if (wrong != nullptr)
    Fail(s_, "I3", task_,
         "%p (a private copy of page %u of file %u) reads "
         "%#" PRIx64 ": %s",
         at, index, vma.file, seen.value, wrong);
}

// A fault is also SIGBUS if the file system or the machine has no room for the
// page: tries to allocate it in another way. Returns 0 or the error.
int MmCheck::NoRoom(const SeenVma& vma, unsigned index) const {
  if (::fallocate(s_.place.files[vma.file], FALLOC_FL_KEEP_SIZE,
                  static_cast<off_t>(index * kPage), kPage) == 0)
    return 0;
  return errno != EOPNOTSUPP && IsMachineLimit(errno) ? errno : 0;
}

// After each vma nothing is mapped, except the next vma.
void MmCheck::CheckEdges() {
  for (unsigned i = 0; i < count_ && !failed(); ++i) {
    const unsigned p = vmas_[i].end;
    if (p >= kArenaPages * s_.place.unit) return;
    if (i + 1 < count_ && vmas_[i + 1].start == p) continue;
    const Touched seen = TouchWord(AtReal(p), false, 0);
    if (seen.touch != Touch::kSigsegv)
      Fail(s_, "I1", task_, "%p, outside all vmas: a read is %s",
           static_cast<void*>(AtReal(p)), TouchName(seen.touch));
  }
}

// Test of I4: memory that is not the files'. Test of the second half of I1:
// pages that are faulted in after the size was read.
void MmCheck::PlantBefore() {
  if (s_.plant == Plant::kI4)
    ::mmap(s_.place.At(kArenaPages - 1), kPage, PROT_READ,
           MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (s_.plant != Plant::kI1Pte || !ReadMaps()) return;
  for (unsigned i = 0; i < count_; ++i)
    for (unsigned p = vmas_[i].start; p < vmas_[i].end; ++p)
      TouchWord(AtReal(p), false, 0);
}

// A test of I3: a private copy gets the page's initial value.
void MmCheck::PlantCopy(const SeenVma& vma) {
  if (s_.plant != Plant::kI3Copy || vma.shared || !vma.write) return;
  const FileTruth& file = s_.file[vma.file];
  for (unsigned p = vma.start; p < vma.end; ++p) {
    const unsigned index = vma.offset + p - vma.start;
    if (index >= file.pages || file.page[index].truncated_at == 0) continue;
    TouchWord(AtReal(p), true, CheckStamp(s_.round, 0, vma.file, index));
    ReadPagemap();
  }
}

// A test of I2: one page of a mapping is another page of the file.
void MmCheck::PlantOtherPage() {
  if (s_.plant != Plant::kI2) return;
  for (unsigned i = 0; i < count_; ++i) {
    const SeenVma& vma = vmas_[i];
    if (!vma.shared || vma.offset >= s_.file[vma.file].pages) continue;
    ::mmap(AtReal(vma.start), kPage, PROT_READ, MAP_FIXED | MAP_SHARED,
           s_.place.files[vma.file],
           static_cast<off_t>((vma.offset + 1) * kPage));
    return;
  }
}

}  // namespace vmtrunc::live
