// The checks that a process makes of its own mm at a quiescent point.
#ifndef VMTRUNC_LIVE_MM_CHECK_H_
#define VMTRUNC_LIVE_MM_CHECK_H_

#include <array>
#include <span>

#include "live/shared.h"

namespace vmtrunc::live {

// One line of /proc/self/maps in the arena; start and end in real pages from
// its base, the offset in real pages too.
struct SeenVma {
  unsigned start, end, offset, file;
  bool shared, write;
};

// Owned by a process, about itself. Requires AnswerFaults().
class MmCheck {
 public:
  explicit MmCheck(RaceShared& shared) : s_(shared) {}
  ~MmCheck() { Close(); }
  MmCheck(const MmCheck&) = delete;
  MmCheck& operator=(const MmCheck&) = delete;

  // After a fork: what was open shows the parent.
  void Close();

  // I4: the vmas are sorted, apart, in the arena, of the files.
  // I1: no page past the size is present or served; below it all are; where
  //     nothing is mapped none is.
  // I3: no private copy has outlived a truncation of its page.
  void CheckSizes(unsigned task);

  // I2: what is mapped is the file's own page, now that all have new values.
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
  unsigned task_ = 0;  // for whom it is checked
  unsigned count_ = 0;
  std::array<SeenVma, kArenaPages> vmas_{};
  std::array<uint64_t, kArenaPages * kMaxUnit> entries_{};
};

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_MM_CHECK_H_
