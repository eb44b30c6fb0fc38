// Where the tasks of a race wait for one another: a barrier in shared memory
// whose number of parties changes as tasks fork and exit.
#ifndef VMTRUNC_LIVE_MEETING_H_
#define VMTRUNC_LIVE_MEETING_H_

#include <atomic>
#include <cstdint>

namespace vmtrunc::live {

// Blocks until `word` is not `value` any more, a wake, or the time is over.
void FutexWait(std::atomic<uint32_t>& word, uint32_t value, int milliseconds);
void FutexWake(std::atomic<uint32_t>& word);

// Lives in memory that processes share. Who comes last does what is to be done
// while all stand still, then calls Release().
class Meeting {
 public:
  void Open(uint32_t parties) { state_.store(parties << 16); }

  // One party more. Requires: by a party that has not arrived.
  void Join() { state_.fetch_add(1U << 16); }

  // One party less. Returns whether all the others wait for a Release().
  // Requires: by a party that has not arrived.
  bool Leave();

  // Returns true to the last party, which must call Release(); false to the
  // others, after that.
  bool Arrive();
  void Release();

  // Changes whenever a meeting is over.
  uint32_t generation() const { return generation_.load(); }

 private:
  std::atomic<uint32_t> state_{0};  // parties << 16 | arrived
  std::atomic<uint32_t> generation_{0};
  std::atomic<uint32_t> sleepers_{0};
};

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_MEETING_H_
