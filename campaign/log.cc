#include "campaign/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <functional>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/place.h"
#include "base/read.h"
#include "base/read_at.h"
#include "base/shown.h"
#include "base/write.h"
#include "core/model/rules.h"

namespace vmtrunc::campaign {

using nlohmann::json;

namespace {

// A line with each cause that there is has 20 KiB. More without an end is of no
// campaign: a file with a hole, or somebody's.
constexpr size_t kMostLine = size_t{1} << 20;

}  // namespace

int64_t Since1970(int64_t unix_time) {
  return unix_time == 0 ? 0 : std::max(int64_t{1}, unix_time);
}

std::string ToLine(const SliceRecord& r) {
  const json line = {{"slice", r.slice},
                     {"began", r.began_unix},
                     {"seconds", r.seconds},
                     {"at", r.at},
                     {"kernel", r.kernel},
                     {"engine", r.engine},
                     {"executions", r.executions},
                     {"events", r.events},
                     {"effects", r.effects},
                     {"drops", r.drops},
                     {"new_states", r.gain.states},
                     {"new_features", r.gain.features},
                     {"new_causes", r.gain.causes},
                     {"states", r.states},
                     {"corpus", r.corpus},
                     {"of_seen", r.of_seen},
                     {"of_count", r.of_count},
                     {"memory_mib", r.memory_mib},
                     {"end", r.end},
                     {"causes", r.causes},
                     {"unsorted", r.unsorted}};
  return line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

namespace {

// Rejects lines that no campaign writes, from an editor or a bad disk: nothing
// can follow a largest number, and a time must be in range.
bool IsSane(const json& line) {
  constexpr double kMostSeconds = 1e12;
  const json& slice = line.at("slice");
  if (!slice.is_number_unsigned() || slice > kMostSlices) return false;
  for (const char* name : {"began", "seconds", "at"}) {
    // The first may be before 1970; the last is absent in old lines.
    const json time = line.value(name, json(0));
    if (!time.is_number() || time < -kMostSeconds || time > kMostSeconds)
      return false;
  }
  return true;
}

}  // namespace

std::optional<SliceRecord> FromLine(const std::string& text) {
  const json line = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!line.is_object()) return std::nullopt;
  try {
    if (!IsSane(line)) return std::nullopt;
    SliceRecord r;
    line.at("slice").get_to(r.slice);
    line.at("began").get_to(r.began_unix);
    line.at("seconds").get_to(r.seconds);
    r.at = line.value("at", r.at);
    line.at("kernel").get_to(r.kernel);
    line.at("engine").get_to(r.engine);
    line.at("executions").get_to(r.executions);
    line.at("events").get_to(r.events);
    line.at("effects").get_to(r.effects);
    line.at("drops").get_to(r.drops);
    line.at("new_states").get_to(r.gain.states);
    line.at("new_features").get_to(r.gain.features);
    line.at("new_causes").get_to(r.gain.causes);
    line.at("states").get_to(r.states);
    line.at("corpus").get_to(r.corpus);
    line.at("of_seen").get_to(r.of_seen);
    line.at("of_count").get_to(r.of_count);
    line.at("memory_mib").get_to(r.memory_mib);
    line.at("end").get_to(r.end);
    line.at("causes").get_to(r.causes);
    line.at("unsorted").get_to(r.unsorted);
    if (r.kernel.empty()) return std::nullopt;
    return r;
  } catch (const json::exception&) {
    return std::nullopt;  // of another program, or damaged
  }
}

namespace {

// The number that a damaged line still shows, 0: none.
uint64_t NumberIn(std::string_view line) {
  constexpr std::string_view kName = "\"slice\":";
  const size_t at = line.find(kName);
  if (at == std::string_view::npos) return 0;
  line.remove_prefix(at + kName.size());
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  uint64_t number = 0;
  std::from_chars(line.data(), line.data() + line.size(), number);
  return number <= kMostSlices ? number : 0;
}

// Whether the text is the begin of a JSON value that has no end.
bool IsBegunJson(std::string_view text) {
  try {
    return json::parse(text).is_discarded();
  } catch (const json::parse_error& error) {
    return error.byte > text.size();  // of what would follow
  }
}

// Whether what has no end is a part of a line of ours, or what a machine that
// was switched off leaves of one: no text of somebody's, nor one with a whole
// line in it.
bool IsPartOfLine(std::string_view rest) {
  while (rest.ends_with('\0')) rest.remove_suffix(1);
  const std::string line = ToLine({});
  const std::string head = line.substr(0, line.find(':') + 1);
  return rest.empty() ||
         (rest.substr(0, head.size()) == head.substr(0, rest.size()) &&
          IsBegunJson(rest));
}

}  // namespace

Log::Log(Log&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      records_(std::move(other.records_)),
      odd_(std::move(other.odd_)),
      numbers_(std::move(other.numbers_)),
      slices_(std::move(other.slices_)),
      hashes_(std::move(other.hashes_)),
      last_slice_(other.last_slice_),
      at_(other.at_),
      end_unix_(other.end_unix_) {}

Log::~Log() {
  if (file_ >= 0) ::close(file_);
}

void Log::Add(SliceRecord r) {
  if (!hashes_.insert(std::hash<std::string>()(ToLine(r))).second) return;
  const bool is_new = numbers_.insert(r.slice).second;
  slices_.insert(r.id());
  last_slice_ = std::max(last_slice_, r.slice);
  r.end_unix = r.began_unix + static_cast<int64_t>(r.seconds);
  const int64_t last_unix = end_unix_.value_or(r.end_unix);
  if (r.at < 0) {  // of an old version: assume one job at a time
    const auto passed = static_cast<double>(r.end_unix - last_unix);
    r.at = at_ + (end_unix_ ? std::clamp(passed, 0.0, r.seconds) : r.seconds);
  }
  at_ = r.at = std::max(r.at, at_);
  end_unix_ = r.end_unix = std::max(r.end_unix, last_unix);
  if (!ParseKernelSpec(r.kernel).ok()) {
    ++odd_.unbuilt[r.kernel];
    return;
  }
  odd_.repeated += is_new ? 0 : 1;
  records_.push_back(std::move(r));
}

void Log::TakeLine(const std::string& line) {
  if (const auto record = FromLine(line)) {
    Add(*record);
  } else {
    ++odd_.damaged;
    last_slice_ = std::max(last_slice_, NumberIn(line));
  }
}

std::string Log::Parse() {
  std::string rest = base::ReadLines(
      path_, kMostLine, [this](const std::string& line) { TakeLine(line); });
  // An editor may have left it without its end. A kill leaves a part.
  if (!rest.empty() && !IsPartOfLine(rest)) TakeLine(rest);
  return rest;
}

Log Log::Read(const std::string& path) {
  Log log;
  log.path_ = path;
  log.Parse();
  return log;
}

Log Log::Open(const std::string& path) {
  Log log;
  log.path_ = path;
  const std::string rest = log.Parse();
  log.file_ = ::open(
      path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (log.file_ < 0) base::FailPath(path, errno);
  if (!rest.empty()) log.EndLine(rest);
  return log;
}

// What is left without an end: a line gets one, a part of one is cut off.
void Log::EndLine(const std::string& rest) {
  const off_t from =
      ::lseek(file_, 0, SEEK_END) - static_cast<off_t>(rest.size());
  // It was read by its name, which another file may have got by now.
  std::string end(rest.size(), '\0');
  int error = 0;
  if (from >= 0)
    base::ReadAt(file_, static_cast<uint64_t>(from), end.data(), end.size(),
                 error);
  if (error == 0 && end != rest)
    throw base::UsageError{base::Shown(path_) +
                           ": expected to stay as it was when it was read"};
  if (error == 0 && !IsPartOfLine(rest))
    error = base::WriteAll(file_, "\n");
  else if (error == 0 && ::ftruncate(file_, from) != 0)
    error = errno;
  if (error != 0) base::FailPath(path_, error);
}

void Log::Append(const SliceRecord& record, bool is_durable) {
  if (!base::IsStill(file_, path_))
    throw base::UsageError{base::Shown(path_) +
                           ": is no longer the file that this command began "
                           "to write"};
  const off_t before = ::lseek(file_, 0, SEEK_END);
  // What somebody has added, without an end, is not made a part of the line.
  char last = '\n';
  const bool ends =
      before <= 0 || ::pread(file_, &last, 1, before - 1) != 1 || last == '\n';
  const std::string line = (ends ? "" : "\n") + ToLine(record);
  int error = base::WriteAll(file_, line);
  if (error == 0 && is_durable && ::fdatasync(file_) != 0) error = errno;
  if (error != 0) {
    // Without the incomplete line; if even that fails, the next Open()
    // truncates it.
    if (::ftruncate(file_, before) != 0) errno = 0;
    base::FailPath(path_, error);
  }
  Add(record);
}

}  // namespace vmtrunc::campaign
