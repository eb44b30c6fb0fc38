// Where the tasks of a race wait for each other: a barrier in shared memory
// whose number of parties changes as tasks fork and exit.
#ifndef VMTRUNC_LIVE_MEETING_H_
#define VMTRUNC_LIVE_MEETING_H_

#include <atomic>
#include <cstdint>

namespace vmtrunc::live {

// Blocks until `word` differs from `value`, a wake, or a timeout.
void FutexWait(std::atomic<uint32_t>& word, uint32_t value, int milliseconds);
void FutexWake(std::atomic<uint32_t>& word);

// In memory that processes share. The last party to arrive does the work for
// which all others wait, then calls Release().
class Meeting {
 public:
  void Open(uint32_t parties) { state_.store(parties << 16); }

  // Adds a party. Requires: called by a party that has not arrived.
  void Join() { state_.fetch_add(1U << 16); }

  // Removes a party. Returns whether all others wait for a Release(). Requires:
  // called by a party that has not arrived.
  bool Leave();

  // Returns true to the last party, which must call Release(); false to the
  // others, after that.
  bool Arrive();
  void Release();

  // Changes at the end of each meeting.
  uint32_t generation() const { return generation_.load(); }

 private:
  std::atomic<uint32_t> state_{0};  // parties << 16 | arrived
  std::atomic<uint32_t> generation_{0};
  std::atomic<uint32_t> sleepers_{0};
};

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_MEETING_H_
