// The history of a campaign: one line of JSON for each slice that ended,
// append-only. A slice is done when its whole line is on disk; its directory is
// then no longer needed.
#ifndef VMTRUNC_CAMPAIGN_LOG_H_
#define VMTRUNC_CAMPAIGN_LOG_H_

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "campaign/schedule.h"

namespace vmtrunc::campaign {

// SliceRecord::end of a slice whose campaign was killed, or whose machine was
// switched off: its job did not crash.
inline constexpr const char* kCutOff = "the campaign ended";

// The largest number of a slice. A double of JSON has it exactly.
inline constexpr uint64_t kMostSlices = uint64_t{1} << 53;

// What tells a slice from those of another machine whose files were joined.
// They may have begun in the same second, as timers start campaigns.
struct SliceId {
  uint64_t slice = 0;
  int64_t began_unix = 0;
  std::string kernel = {}, engine = {};

  auto operator<=>(const SliceId&) const = default;
};

struct SliceRecord {
  uint64_t slice = 0;      // its number, from 1; never reused
  int64_t began_unix = 0;  // seconds
  double seconds = 0;
  // Total time that campaigns had run in this directory when it ended, by the
  // steady clock, so that it never decreases. Below 0: unknown.
  double at = -1;
  std::string kernel = {}, engine = {};
  uint64_t executions = 0, events = 0, effects = 0, drops = 0;
  Gain gain = {};
  uint64_t states = 0;  // abstract states in the kernel's corpus at that time
  uint64_t corpus = 0;  // entries of that corpus
  uint64_t of_seen = 0, of_count = 0;  // seen and total states of --of
  uint64_t memory_mib = 0;             // the largest memory of the job
  std::string end = {};  // "", kCutOff, or how it crashed: "signal 9"
  std::map<std::string, uint64_t> causes =
      {};                 // executions, by RootCause::Name()
  uint64_t unsorted = 0;  // violations not classified by root cause
  // When it ended, by the clock, but never before the previous slice, even if
  // the clock was changed. Not written.
  int64_t end_unix = 0;

  SliceId id() const { return {slice, began_unix, kernel, engine}; }
  bool is_cut_off() const { return end == kCutOff; }
  bool crashed() const { return !end.empty() && !is_cut_off(); }
};

// Lines that are not as a campaign of this build leaves them.
struct OddLines {
  size_t damaged = 0;  // not counted
  // Of kernels that are not built, by the kernel: not counted, as there are
  // neither totals nor findings of them.
  std::map<std::string, size_t> unbuilt = {};
  // Counted, though an earlier line has the number: this one is no copy of it.
  size_t repeated = 0;
};

std::string ToLine(const SliceRecord& record);  // with the newline
// Nothing: the line is damaged. The kernel may be one of another build.
std::optional<SliceRecord> FromLine(const std::string& line);

// A time for output: 0 means never, so a clock before 1970 gives 1.
int64_t Since1970(int64_t unix_time);

class Log {
 public:
  // Reads the log and truncates an incomplete last line, which was being
  // written when the machine or the process stopped; one that only lacks its
  // end gets it. Throws UsageError.
  static Log Open(const std::string& path);
  // The same without changing the file.
  static Log Read(const std::string& path);

  Log(Log&& other) noexcept;
  ~Log();

  // On disk when it returns, unless the caller does not wait for that.
  // Otherwise throws UsageError, and the file is as before; also if the log is
  // no longer the file of its name, where a line would be lost.
  void Append(const SliceRecord& record, bool is_durable = true);

  // SliceRecord::at of the last one; 0: none.
  double at() const { return at_; }
  // Of kernels that are built.
  const std::vector<SliceRecord>& records() const { return records_; }
  const OddLines& odd() const { return odd_; }
  // The largest number in it, also in a line that is not counted.
  uint64_t last_slice() const { return last_slice_; }
  // Whether a line that is whole is of that slice, or of one with that number.
  // Several may have the number, where logs were joined.
  bool Has(const SliceId& id) const { return slices_.contains(id); }
  bool HasNumber(uint64_t slice) const { return numbers_.contains(slice); }

 private:
  Log() = default;
  std::string Parse();  // returns what has no end
  void EndLine(const std::string& rest);
  void TakeLine(const std::string& line);
  void Add(SliceRecord record);  // unless it is a copy

  std::string path_;
  int file_ = -1;
  std::vector<SliceRecord> records_;
  OddLines odd_;
  // Of whole lines: their numbers, each with the start, and a hash of each
  // line.
  std::unordered_set<uint64_t> numbers_;
  std::set<SliceId> slices_;
  std::unordered_set<size_t> hashes_;
  uint64_t last_slice_ = 0;
  double at_ = 0;
  std::optional<int64_t> end_unix_;  // of the last one
};

}  // namespace vmtrunc::campaign

#endif  // VMTRUNC_CAMPAIGN_LOG_H_
