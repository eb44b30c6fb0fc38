// The checks that a process makes of its own mm at a quiescent point.
#ifndef VMTRUNC_LIVE_MM_CHECK_H_
#define VMTRUNC_LIVE_MM_CHECK_H_

#include <array>
#include <span>

#include "live/shared.h"

namespace vmtrunc::live {

// One line of /proc/self/maps in the arena; start, end and offset in real
// pages, start and end from its base.
struct SeenVma {
  unsigned start, end, offset, file;
  bool shared, write;
};

// Owned by the process that it checks. Requires AnswerFaults().
class MmCheck {
 public:
  explicit MmCheck(RaceShared& shared) : s_(shared) {}
  ~MmCheck() { Close(); }
  MmCheck(const MmCheck&) = delete;
  MmCheck& operator=(const MmCheck&) = delete;

  // After a fork: the open files show the parent.
  void Close();

  // I4: the vmas are sorted, disjoint, in the arena, of the files.
  // I1: no page past the size is present or readable; all below it are
  // readable; addresses outside vmas are not.
  // I3: no private copy has outlived a truncation of its page.
  void CheckSizes(unsigned task);

  // I2: mappings show the file's own pages, after all got new values.
  void CheckSame(unsigned task);

 private:
  bool ReadMaps();
  bool TakeLine(const char* line);
  bool ReadPagemap();
  void CheckPage(const SeenVma& vma, unsigned page);
  int NoRoom(const SeenVma& vma, unsigned index) const;
  void CheckEdges();
  void PlantBefore();
  void PlantCopy(const SeenVma& vma);
  void PlantOtherPage();
  bool failed() const { return s_.failed.load() != 0; }

  RaceShared& s_;
  int maps_ = -1, pagemap_ = -1;
  unsigned task_ = 0;  // the task that it is checked for
  unsigned count_ = 0;
  std::array<SeenVma, kArenaPages> vmas_{};
  std::array<uint64_t, kArenaPages * kMaxUnit> entries_{};
};

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_MM_CHECK_H_
