// The history of a campaign: one line of JSON for each slice that ended,
// append-only. A slice is done when its whole line is on disk; its directory is
// then no longer needed.
#ifndef VMTRUNC_CAMPAIGN_LOG_H_
#define VMTRUNC_CAMPAIGN_LOG_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "campaign/schedule.h"

namespace vmtrunc::campaign {

// SliceRecord::end of a slice whose campaign was killed, or whose machine was
// switched off: its job did not crash.
inline constexpr const char* kCutOff = "the campaign ended";

// The largest number of a slice. A double of JSON has it exactly.
inline constexpr uint64_t kMostSlices = uint64_t{1} << 53;

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

  bool is_cut_off() const { return end == kCutOff; }
  bool crashed() const { return !end.empty() && !is_cut_off(); }
};

std::string ToLine(const SliceRecord& record);  // with the newline
std::optional<SliceRecord> FromLine(const std::string& line);

// A time for output: 0 means never, so a clock before 1970 gives 1.
int64_t Since1970(int64_t unix_time);

class Log {
 public:
  // Reads the log and truncates an incomplete last line, which was being
  // written when the machine or the process stopped. Throws UsageError.
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
  double at() const { return records_.empty() ? 0 : records_.back().at; }
  const std::vector<SliceRecord>& records() const { return records_; }
  size_t bad_lines() const { return bad_lines_; }  // damaged lines
  bool Has(uint64_t slice) const;

 private:
  Log() = default;
  uint64_t Parse();  // returns the bytes of the lines that have an end
  void Add(SliceRecord record);

  std::string path_;
  int file_ = -1;
  std::vector<SliceRecord> records_;
  std::unordered_set<uint64_t> slices_;  // of records_
  size_t bad_lines_ = 0;
};

}  // namespace vmtrunc::campaign

#endif  // VMTRUNC_CAMPAIGN_LOG_H_
