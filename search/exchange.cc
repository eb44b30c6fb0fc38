#include "search/exchange.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/own_directory.h"
#include "base/place.h"
#include "base/read.h"
#include "base/shown.h"
#include "base/write.h"
#include "core/model/world.h"
#include "base/read_at.h"

namespace vmtrunc::search {
namespace {

constexpr size_t kBuffer = size_t{1} << 15;  // words
constexpr const char *kQuestion = "question", *kStates = "states";

struct Sealed {
  LevelDone done;
  uint64_t checksum;
};

// Of a state, the `number`th of its shard.
uint32_t ChecksumOf(const Arrival& it, unsigned shard, uint64_t number) {
  const uint64_t words[] = {
      it.key, uint64_t{it.from} << 32 | it.parent,
      uint64_t{std::bit_cast<uint32_t>(it.edge)} << 32 | shard, number};
  uint64_t hash = 1;
  for (const uint64_t word : words) hash = WithWord(hash, word);
  return static_cast<uint32_t>(hash >> 32);
}

[[noreturn]] void FailQuestion(const std::string& path) {
  throw base::UsageError{absl::StrCat(base::Shown(path),
                                      ": expected this problem, number of "
                                      "shards and build of vmtrunc")};
}

// Returns 0 or errno.
int WriteWhole(int file, const void* from, size_t size) {
  return base::WriteAll(file, {static_cast<const char*>(from), size});
}

}  // namespace

Received::Received(std::string path) : path_(std::move(path)) {
  file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file_ < 0) base::FailPath(path_, errno);
}
Received::~Received() { ::close(file_); }

uint64_t Received::Take() {
  if (at_ == words_.size()) {
    words_.resize(kBuffer);
    at_ = 0;
    int error = 0;
    const size_t got = base::ReadAt(file_, offset_, words_.data(),
                                    kBuffer * sizeof(uint64_t), error);
    if (error != 0) base::FailPath(path_, error);
    offset_ += got;
    words_.resize(got / sizeof(uint64_t));
    if (words_.empty()) Fail();
  }
  before_ = hash_;
  hash_ = WithWord(hash_, words_[at_]);
  return words_[at_++];
}

void Received::ExpectEnd() {
  const uint64_t hash = before_;
  if (Take() != hash) Fail();
}

void Received::Fail() const {
  throw base::UsageError{base::Shown(path_) +
                         ": expected what a shard of this search sends"};
}

Exchange::Exchange(const std::string& directory, Shard shard,
                   const std::string& name)
    : directory_(directory),
      name_(name),
      shard_(shard),
      own_(Directory(shard.number)),
      out_(shard.shards) {
  // Those of others first: what is refused leaves nothing that would refuse
  // them.
  bool has_own = false;
  for (unsigned other = 0; other < shard.shards; ++other)
    if (HasBegun(other) && other == shard.number) has_own = true;
  if (!has_own) {
    ExpectNothing();
    own_.WriteDurable(kQuestion, Question(shard.number));
  }
  states_ = own_.Append(kStates);
}

Exchange::~Exchange() {
  ::close(states_);
  for (const Outgoing& it : out_)
    if (it.file >= 0) ::close(it.file);
}

// Where there is no question of this search there is nothing of it.
void Exchange::ExpectNothing() const {
  const std::string directory = Directory(shard_.number);
  std::error_code error;
  for (std::filesystem::directory_iterator at(directory, error), end;
       !error && at != end; at.increment(error))
    if (!base::IsBookkeeping(at->path().filename().string()))
      throw base::UsageError{
          base::Shown(at->path().string()) +
          ": expected an empty directory, or a part of this search"};
  if (error) base::FailPath(directory, error.value());
}

std::string Exchange::Directory(unsigned shard) const {
  return absl::StrCat(directory_, "/shard-", shard);
}

std::string Exchange::QuestionPath(unsigned shard) const {
  return absl::StrCat(Directory(shard), "/", kQuestion);
}

std::string Exchange::StatesPath(unsigned shard) const {
  return absl::StrCat(Directory(shard), "/", kStates);
}

std::string Exchange::SentName(unsigned level, unsigned to) {
  return absl::StrCat(level, "-to-", to);
}

std::string Exchange::Question(unsigned shard) const {
  return absl::StrCat("vmtrunc prove --exchange 2\n", name_, "\nshard ", shard,
                      " of ", shard_.shards, "\n");
}

bool Exchange::HasBegun(unsigned shard) const {
  const std::string path = QuestionPath(shard);
  const std::optional<std::string> question = base::ReadIfThere(path, 4096);
  if (question && *question != Question(shard)) FailQuestion(path);
  return question.has_value();
}

void Exchange::ExpectSame(unsigned shard) const {
  if (!HasBegun(shard)) FailQuestion(QuestionPath(shard));
}

void Exchange::Send(unsigned to, std::span<const uint64_t> words) {
  Outgoing& it = out_[to];
  for (const uint64_t word : words) it.hash = WithWord(it.hash, word);
  it.words.insert(it.words.end(), words.begin(), words.end());
  if (it.words.size() >= kBuffer) Flush(it);
}

void Exchange::FailOutgoing(const Outgoing& it, int error) const {
  base::FailPath(absl::StrCat(Directory(shard_.number), "/", it.name), error);
}

void Exchange::Flush(Outgoing& it) {
  if (it.file < 0) {
    it.name = absl::StrCat("to-", &it - &out_[0]);
    it.file = own_.Make(it.name);
  }
  if (const int error = WriteWhole(it.file, it.words.data(),
                                   it.words.size() * sizeof(uint64_t)))
    FailOutgoing(it, error);
  it.words.clear();
}

void Exchange::Close(unsigned level) {
  for (unsigned to = 0; to < out_.size(); ++to) {
    Outgoing& it = out_[to];
    it.words.insert(it.words.end(), {0, std::exchange(it.hash, 0)});
    Flush(it);
    if (::fdatasync(it.file) != 0 || ::close(std::exchange(it.file, -1)) != 0)
      FailOutgoing(it, errno);
    own_.Rename(it.name, SentName(level, to));
  }
  own_.Sync();
}

std::string Exchange::PathFrom(unsigned shard, unsigned level) const {
  return absl::StrCat(Directory(shard), "/", SentName(level, shard_.number));
}

bool Exchange::HasSent(unsigned shard, unsigned level) const {
  return base::IsThere(PathFrom(shard, level));
}

void Exchange::Add(std::span<Arrival> states) {
  for (Arrival& it : states)
    it.checksum = ChecksumOf(it, shard_.number, count_++);
  if (const int error = WriteWhole(states_, states.data(), states.size_bytes()))
    base::FailPath(StatesPath(shard_.number), error);
}

void Exchange::FailStates(unsigned shard) const {
  throw base::UsageError{base::Shown(StatesPath(shard)) +
                         ": expected the states that this shard has found"};
}

std::vector<Arrival> Exchange::StatesOf(unsigned shard, uint64_t from,
                                        uint64_t count) const {
  const std::string path = StatesPath(shard);
  const int file =
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) base::FailPath(path, errno);
  std::vector<Arrival> states(count);
  const size_t size = count * sizeof(Arrival);
  int error = 0;
  const size_t had =
      base::ReadAt(file, from * sizeof(Arrival), states.data(), size, error);
  ::close(file);
  if (error != 0) base::FailPath(path, error);
  if (had != size) FailStates(shard);
  for (const Arrival& it : states)
    if (it.checksum != ChecksumOf(it, shard, from++)) FailStates(shard);
  return states;
}

void Exchange::Cut(uint64_t states) {
  struct stat about{};
  if (::fstat(states_, &about) != 0)
    base::FailPath(StatesPath(shard_.number), errno);
  if (static_cast<uint64_t>(about.st_size) < states * sizeof(Arrival))
    FailStates(shard_.number);
  count_ = states;
  if (::ftruncate(states_, static_cast<off_t>(states * sizeof(Arrival))) != 0)
    base::FailPath(StatesPath(shard_.number), errno);
}

void Exchange::Write(unsigned level, const LevelDone& done) {
  if (::fdatasync(states_) != 0)
    base::FailPath(StatesPath(shard_.number), errno);
  const Sealed sealed{done, HashBytes(&done, sizeof(done))};
  own_.WriteDurable(absl::StrCat("level-", level),
                    {reinterpret_cast<const char*>(&sealed), sizeof(sealed)});
}

std::optional<LevelDone> Exchange::Read(unsigned shard, unsigned level) const {
  const std::string name = absl::StrCat("level-", level);
  const std::string path = absl::StrCat(Directory(shard), "/", name);
  // Our own with our states, whatever has the directory's name by now.
  const std::optional<std::string> bytes =
      shard == shard_.number ? own_.Read(name, sizeof(Sealed) + 1)
                             : base::ReadIfThere(path, sizeof(Sealed));
  if (!bytes) return {};
  Sealed sealed{};
  if (bytes->size() == sizeof(sealed))
    std::memcpy(&sealed, bytes->data(), sizeof(sealed));
  if (sealed.checksum != HashBytes(&sealed.done, sizeof(sealed.done)))
    throw base::UsageError{base::Shown(path) +
                           ": expected what a shard of this search writes"};
  return sealed.done;
}

void Exchange::Forget(unsigned level) {
  for (unsigned to = 0; to < out_.size(); ++to)
    own_.Remove(SentName(level, to));
}

}  // namespace vmtrunc::search
