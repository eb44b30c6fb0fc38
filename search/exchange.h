// What the shards of one search write for one another, in a directory that all
// of them see. Each has a directory of its own in it, and writes there alone:
//
//   shard-I/question    the problem and the program; others are refused
//   shard-I/to-J        the next one of these, while it is written
//   shard-I/L-to-J      states for shard J that are next in level L, a record
//                       each, in the order in which they were found
//   shard-I/level-L     that shard I has level L, with its numbers
//   shard-I/states      of each of its states: the key, how it was reached, and
//                       a checksum
//
// A file appears under its name when it is whole and on disk. L-to-J is removed
// when all shards have level L + 1: by then nobody needs level L again, not
// even a shard that was killed and is started again. Links are not followed,
// and files that no question names are not replaced.
#ifndef VMTRUNC_SEARCH_EXCHANGE_H_
#define VMTRUNC_SEARCH_EXCHANGE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "search/shard.h"
#include "search/shard_directory.h"
#include "search/space.h"

namespace vmtrunc::search {

// How a shard has reached one of its states.
struct Arrival {
  uint64_t key;
  uint32_t from;    // the shard that has its parent; kNoShard: a start
  uint32_t parent;  // the number of the parent there, or of the start
  Edge edge;
  uint32_t checksum;  // of those in a file

  static constexpr uint32_t kNoShard = ~0U;
};
static_assert(sizeof(Arrival) == 24);

// A shard's numbers when it has a level: its states of that level, and all so
// far.
struct LevelDone {
  uint64_t fresh, states, transitions, beyond;
  // Whether an edge of a state of the level before violates something; that
  // state and the edge. At level 0: the number of a start, and no edge.
  uint32_t breaks, parent;
  Edge edge;
  uint32_t unused;
};

// The hash of a file of words, so far.
constexpr uint64_t WithWord(uint64_t hash, uint64_t word) {
  return (hash ^ word) * 0x9e3779b97f4a7c15U;
}

// A file that a shard has sent, word by word. The words are followed by 0 and
// their hash.
class Received {
 public:
  explicit Received(std::string path);
  ~Received();
  Received(const Received&) = delete;
  Received& operator=(const Received&) = delete;

  // The next word. Throws UsageError if there is none.
  uint64_t Take();
  // Requires: Take() has returned the 0. Throws UsageError if the hash is
  // another one.
  void ExpectEnd();
  // Throws it: there is something else.
  [[noreturn]] void Fail() const;

 private:
  std::string path_;
  int file_ = -1;
  std::vector<uint64_t> words_;
  size_t at_ = 0;
  uint64_t offset_ = 0;             // in the file, of what is not read yet
  uint64_t hash_ = 0, before_ = 0;  // with the last word, and without it
};

class Exchange {
 public:
  // `name` is the name of the problem and of the program. Throws UsageError if
  // this shard's directory is of another one.
  Exchange(const std::string& directory, Shard shard, const std::string& name);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Appends words for a shard to what it gets of the level that comes next.
  void Send(unsigned to, std::span<const uint64_t> words);
  // All of it for this level.
  void Close(unsigned level);
  // What a shard has sent to this one, and whether it has.
  std::string PathFrom(unsigned shard, unsigned level) const;
  bool HasSent(unsigned shard, unsigned level) const;

  // Appends to the states of this shard, with their checksums.
  void Add(std::span<Arrival> states);
  // States of a shard. Throws UsageError if they are damaged or not there.
  std::vector<Arrival> StatesOf(unsigned shard, uint64_t from,
                                uint64_t count) const;
  // Leaves only the first states of this shard, of a level that is complete.
  // Throws UsageError if there are fewer.
  void Cut(uint64_t states);
  // Throws it: the states of the shard are not those that it has found.
  [[noreturn]] void FailStates(unsigned shard) const;

  // Throws UsageError if the shard's directory is of another problem or
  // program.
  void ExpectSame(unsigned shard) const;

  void Write(unsigned level, const LevelDone& done);
  // Nothing, if the shard does not have the level. Throws UsageError if the
  // file is damaged: it appears whole.
  std::optional<LevelDone> Read(unsigned shard, unsigned level) const;

  // Removes what was sent at a level.
  void Forget(unsigned level);

 private:
  struct Outgoing {
    std::string name;
    int file = -1;
    std::vector<uint64_t> words;
    uint64_t hash = 0;
  };

  std::string Directory(unsigned shard) const;
  std::string QuestionPath(unsigned shard) const;
  std::string StatesPath(unsigned shard) const;
  // Whether the shard has begun. Throws UsageError if its directory is of
  // another problem or program.
  bool HasBegun(unsigned shard) const;
  void ExpectNothing() const;
  // What one shard sends to another at a level.
  static std::string SentName(unsigned level, unsigned to);
  std::string Question(unsigned shard) const;
  void Flush(Outgoing& it);
  // Throws UsageError.
  [[noreturn]] void FailOutgoing(const Outgoing& it, int error) const;

  const std::string directory_, name_;
  const Shard shard_;
  const ShardDirectory own_;
  int states_ = -1;
  uint64_t count_ = 0;  // of the states in its file
  std::vector<Outgoing> out_;
};

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_EXCHANGE_H_
