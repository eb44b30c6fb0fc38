#include "cli/fuzzer_job.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "base/place.h"
#include "base/read.h"
#include "base/read_at.h"
#include "base/shown.h"
#include "core/build_id.h"

extern char** environ;

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;

// Time limits after a job is asked to end.
constexpr auto kUntilInterrupted = std::chrono::milliseconds(300);
constexpr auto kUntilKilled = std::chrono::milliseconds(600);
// An execution takes microseconds, and libFuzzer ends one that takes 10 s.
constexpr auto kHung = std::chrono::seconds(30);
constexpr auto kBetweenCounts = std::chrono::seconds(1);

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Runs in the child: only calls that are safe after fork().
[[noreturn]] void Become(char** argv, char** envp, int place, int log,
                         pid_t parent, uint64_t most_bytes,
                         uint64_t most_seconds) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);  // it had ended before
  ::setpgid(0, 0);  // the parent forwards an interrupt from the terminal
  ::signal(SIGPIPE, SIG_DFL);
  if (place >= 0 && ::fchdir(place) != 0) ::_exit(126);
  if (most_bytes != 0) {
    const rlimit limit{most_bytes, most_bytes};
    ::setrlimit(RLIMIT_AS, &limit);
  }
  if (most_seconds != 0) {
    rlimit limit{};
    ::getrlimit(RLIMIT_CPU, &limit);
    limit.rlim_cur = std::min<rlim_t>(most_seconds, limit.rlim_max);
    ::setrlimit(RLIMIT_CPU, &limit);
  }
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(null, 0);
  ::dup2(null, 1);
  ::dup2(log, 2);
  ::execve(argv[0], argv, envp);
  constexpr char kCannot[] = "it cannot be run\n";
  if (::write(2, kCannot, sizeof(kCannot) - 1) < 0) ::_exit(126);
  ::_exit(127);
}

// Removes all of VMTRUNC_ except those given.
std::vector<std::string> EnvironmentOf(const JobSpec& spec) {
  std::vector<std::string> variables = spec.variables;
  variables.push_back(absl::StrCat(fuzz::kDirectoryVariable, "=",
                                   spec.is_inside ? "." : spec.directory));
  variables.push_back(absl::StrCat(fuzz::kBuildVariable, "=", BuildId()));
  for (char** v = environ; *v != nullptr; ++v)
    if (std::strncmp(*v, "VMTRUNC_", 8) != 0) variables.emplace_back(*v);
  return variables;
}

// Opens a file of the directory: `place`, or what has its name now (AT_FDCWD).
// -1: there is no regular file. Throws UsageError if it cannot be opened.
int OpenIn(int place, const std::string& directory, const char* name) {
  const std::string path = directory + "/" + name;
  const int file =
      ::openat(place, place == AT_FDCWD ? path.c_str() : name,
               O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
  if (file < 0 && base::IsNoFile(errno)) return -1;
  if (file < 0) base::FailPath(path, errno);
  struct stat about{};
  if (::fstat(file, &about) != 0 || S_ISREG(about.st_mode)) return file;
  ::close(file);
  return -1;
}

// Reads its first bytes. Returns how many: 0 if there is no file. Throws
// UsageError if it cannot be read.
size_t ReadOpen(int file, const std::string& path, void* to, size_t size) {
  if (file < 0) return 0;
  int error = 0;
  const size_t done = base::ReadAt(file, 0, to, size, error);
  if (error != 0) base::FailPath(path, error);
  return done;
}

size_t ReadBytes(int place, const std::string& directory, const char* name,
                 void* to, size_t size) {
  const int file = OpenIn(place, directory, name);
  const absl::Cleanup close = [file] {
    if (file >= 0) ::close(file);
  };
  return ReadOpen(file, directory + "/" + name, to, size);
}

// Zeros if there is none, or an incomplete one, or one of another build.
fuzz::FuzzStatus StatusOf(int file, const std::string& directory) {
  fuzz::FuzzStatus status{};
  if (ReadOpen(file, directory + "/" + fuzz::kStatusFile, &status,
               sizeof(status)) != sizeof(status) ||
      std::strncmp(status.build, BuildId(), sizeof(status.build)) != 0)
    status = {};
  for (fuzz::SortedCause& cause : status.causes) {
    cause.name[sizeof(cause.name) - 1] = '\0';
    cause.file[sizeof(cause.file) - 1] = '\0';
  }
  for (auto& name : status.kept) name[sizeof(name) - 1] = '\0';
  return status;
}

// The build that wrote `status`; "" if it is empty.
std::string BuildOf(int file, const std::string& directory) {
  char build[sizeof(fuzz::FuzzStatus::build)] = {};
  if (ReadOpen(file, directory + "/" + fuzz::kStatusFile, build,
               sizeof(build)) != sizeof(build))
    return "";
  for (const char c : build)
    if (c != '\0') return {build, ::strnlen(build, sizeof(build))};
  return "";
}

bool IsBuildId(const std::string& text) {
  return text.size() == std::strlen(BuildId()) &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// "==42== ERROR: libFuzzer: ...", "==42==ERROR: AddressSanitizer: ..."
bool ReportsError(absl::string_view log) {
  return absl::StrContains(log, "== ERROR: ") ||
         absl::StrContains(log, "==ERROR: ");
}

constexpr const char* kBuildBoth = "ci/build release builds both";

}  // namespace

std::string FindFuzzer(const std::string& given, const std::string& name) {
  std::vector<std::string> places;
  if (!given.empty()) {
    places = {given};
  } else {
    for (const char* const place : {"", "../libexec/vmtrunc/"})
      places.push_back(base::BesideProgram(place + name));
  }
  if (const std::string found = base::FirstProgram(places); !found.empty())
    return fs::weakly_canonical(found).string();
  throw base::UsageError{absl::StrCat(
      "the instrumented executable ", name, " is not there: expected ",
      base::Shown(absl::StrJoin(places, " or ")), " (", kBuildBoth,
      "; what is installed after that has it)")};
}

void RemoveOwn(const std::string& path) {
  struct stat about{};
  if (::lstat(path.c_str(), &about) != 0) {
    if (errno != ENOENT) base::FailPath(path, errno);
    return;
  }
  if (!S_ISREG(about.st_mode))
    throw base::UsageError{
        base::Shown(path) +
        ": expected a regular file, to be replaced, or none"};
  if (::unlink(path.c_str()) != 0) base::FailPath(path, errno);
}

FuzzerJob::FuzzerJob(const JobSpec& spec)
    : fuzzer_(spec.fuzzer),
      directory_(spec.directory),
      variables_(spec.variables),
      most_seconds_(spec.most_seconds),
      may_end_(spec.may_end) {
  std::vector<std::string> args = {spec.fuzzer};
  args.insert(args.end(), spec.arguments.begin(), spec.arguments.end());
  // SIGXFSZ stays ignored, as here: exceeding a file size limit is an error.
  args.emplace_back("-handle_xfsz=0");
  std::vector<std::string> variables = EnvironmentOf(spec);
  const std::vector<char*> argv = Pointers(args), envp = Pointers(variables);
  for (const char* const name : {"log", fuzz::kStatusFile, fuzz::kCurrentFile})
    RemoveOwn(directory_ + "/" + name);
  const int place =
      ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (place < 0) base::FailPath(directory_, errno);
  absl::Cleanup leave = [place] { ::close(place); };
  const std::string path = directory_ + "/log";
  const int log = ::open(
      path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (log < 0) base::FailPath(path, errno);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0)
    Become(const_cast<char**>(argv.data()), const_cast<char**>(envp.data()),
           spec.is_inside ? place : -1, log, parent, spec.most_bytes,
           spec.most_seconds);
  const int error = errno;
  ::close(log);
  if (pid_ < 0)
    throw base::UsageError{
        absl::StrCat(base::Shown(spec.fuzzer),
                     ": cannot be started: ", std::strerror(error))};
  place_ = place;
  std::move(leave).Cancel();
}

FuzzerJob::~FuzzerJob() {
  ::close(place_);
  if (status_file_ >= 0) ::close(status_file_);
  if (ended_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool FuzzerJob::Ended() {
  rusage usage{};
  if (!ended_ && ::wait4(pid_, &wait_status_, WNOHANG, &usage) == pid_) {
    ended_ = true;
    memory_mib_ = static_cast<uint64_t>(usage.ru_maxrss) / 1024;
    seconds_ = static_cast<uint64_t>(usage.ru_utime.tv_sec) +
               static_cast<uint64_t>(usage.ru_stime.tv_sec);
    // One that dies may wait for ever in its handler, and end as asked then.
    reported_error_ = asked_ && ReportsError(Log());
  }
  if (!ended_ && asked_) {
    const auto waited = Clock::now() - *asked_;
    if (waited > kUntilKilled)
      ::kill(pid_, SIGKILL);
    else if (waited > kUntilInterrupted)
      ::kill(pid_, SIGINT);
  }
  if (!ended_ && !asked_ && !kill_sent_) ExpectProgress();
  return ended_;
}

void FuzzerJob::ExpectProgress() {
  const auto now = Clock::now(), looked = looked_;
  if (now - looked < kBetweenCounts) return;
  looked_ = now;
  const uint64_t executions = status().executions;
  // While we were stopped it may have been, too.
  const bool stopped = now - looked > 5 * kBetweenCounts;
  if (executions != executions_ || executions == 0 || stopped) moved_ = now;
  executions_ = executions;
  if (now - moved_ < kHung) return;
  hung_ = true;
  Kill();
}

void FuzzerJob::End() {
  if (ended_ || asked_) return;
  asked_ = Clock::now();
  ::kill(pid_, SIGUSR1);  // libFuzzer's -handle_usr1
}

void FuzzerJob::Kill() {
  kill_sent_ = true;
  if (!ended_) ::kill(pid_, SIGKILL);
}

bool FuzzerJob::crashed() const {
  if (WIFEXITED(wait_status_) && WEXITSTATUS(wait_status_) == 0)
    return !asked_ && !may_end_;  // another's SIGUSR1 ends it too
  if (WIFSIGNALED(wait_status_) && WTERMSIG(wait_status_) == SIGXCPU &&
      most_seconds_ != 0 && seconds_ + 1 >= most_seconds_)  // of two roundings
    return false;
  if (!asked_ || reported_error_) return true;
  // Asked to end: 72 is libFuzzer's status for an interrupt.
  if (WIFEXITED(wait_status_)) return WEXITSTATUS(wait_status_) != 72;
  const int signal = WTERMSIG(wait_status_);
  return signal != SIGUSR1 && signal != SIGINT && signal != SIGKILL;
}

bool FuzzerJob::killed() const {
  return asked_ && WIFSIGNALED(wait_status_) &&
         WTERMSIG(wait_status_) == SIGKILL;
}

std::string FuzzerJob::EndInWords() const {
  if (hung_) return absl::StrCat("no execution in ", kHung.count(), " s");
  rlimit limit{};
  ::getrlimit(RLIMIT_CPU, &limit);
  const bool is_late = limit.rlim_max <= seconds_ + 1;  // of two roundings
  return WIFSIGNALED(wait_status_)
             ? absl::StrCat("signal ", WTERMSIG(wait_status_),
                            is_late ? ", ulimit -t" : "")
             : absl::StrCat("exit status ", WEXITSTATUS(wait_status_));
}

void FuzzerJob::ExpectSameBuild(bool at_end) {
  if (is_same_build_) return;
  const std::string build = BuildOf(StatusFile(), directory_);
  is_same_build_ = build == BuildId();
  if (is_same_build_) return;
  const std::string ours =
      absl::StrCat("build ", BuildId(), ", as vmtrunc is (", kBuildBoth, ")");
  if (IsBuildId(build))
    throw base::UsageError{absl::StrCat(base::Shown(fuzzer_), ": is of build ",
                                        build, ", expected ", ours)};
  if (!build.empty())
    throw base::UsageError{
        absl::StrCat(base::Shown(fuzzer_),
                     ": is of a build without a name, expected ", ours)};
  if (at_end && !asked_ && WIFEXITED(wait_status_))
    throw base::UsageError{
        absl::StrCat(base::Shown(fuzzer_), ": ended (", EndInWords(),
                     ") and ran nothing, expected ", ours,
                     LastWords().empty() ? "" : ": ", LastWords())};
}

std::string FuzzerJob::Log() const {
  return base::ReadWhole(directory_ + "/log", size_t{64} << 20).value_or("");
}

std::string FuzzerJob::LastWords() const {
  const std::string log = Log();
  std::string words;
  // A target begins its lines so, whatever starts it.
  const std::string name =
      std::filesystem::path(fuzzer_).filename().string() + ": ";
  for (const absl::string_view line : absl::StrSplit(log, '\n')) {
    if (!line.empty()) words = std::string(line);
    // The message of the target, or of libFuzzer, before all explanations.
    if (absl::StartsWith(line, "fuzz_truncate: ") ||
        absl::StartsWith(line, name) || ReportsError(line))
      break;
  }
  return base::Shown(words);
}

std::string FuzzerJob::Again(const std::string& directory,
                             const std::string& setting) const {
  std::string command;
  // What a scout's and a mutator's scripts and their verdicts depend on.
  for (const char* const name : {fuzz::kKernelVariable, fuzz::kPropertyVariable,
                                 fuzz::kUnlikeVariable, fuzz::kVerbsVariable})
    for (const std::string& variable : variables_)
      if (absl::StartsWith(variable, std::string(name) + "="))
        absl::StrAppend(&command, variable, " ");
  return absl::StrCat(command, fuzz::kDirectoryVariable, "=",
                      base::ShellWord(directory), " ", setting, " ",
                      base::PathWord(fuzzer_));
}

std::string FuzzerJob::ScoutedAgain(const std::string& directory) const {
  const fuzz::FuzzStatus now = status();
  if (now.scouted == 0) return "";
  return Again(directory, absl::StrCat(fuzz::kScoutedVariable, "=", now.scouted,
                                       ",", now.scouted_events));
}

std::string FuzzerJob::MutatedAgain(const std::string& directory,
                                    const std::string& input) const {
  const fuzz::FuzzStatus now = status();
  if (now.mutated_room == 0) return "";
  return Again(directory,
               absl::StrCat(fuzz::kMutatedVariable, "=", now.mutated, ",",
                            now.mutated_bytes, ",", now.mutated_room, ",",
                            base::ShellWord(input)));
}

fuzz::FuzzStatus FuzzerJob::status() const {
  return StatusOf(StatusFile(), directory_);
}

int FuzzerJob::StatusFile() const {
  if (status_file_ < 0)
    status_file_ = OpenIn(place_, directory_, fuzz::kStatusFile);
  return status_file_;
}

std::string FuzzerJob::InputNamed(const std::string& name) const {
  std::string content(kHeaderBytes + kRecordBytes * kMaxEvents, '\0');
  content.resize(ReadBytes(place_, directory_, name.c_str(), content.data(),
                           content.size()));
  return content;
}

fuzz::FuzzStatus FuzzerJob::ReadStatus(const std::string& directory) {
  const int file = OpenIn(AT_FDCWD, directory, fuzz::kStatusFile);
  const absl::Cleanup close = [file] {
    if (file >= 0) ::close(file);
  };
  return StatusOf(file, directory);
}

fuzz::FuzzStatus FuzzerJob::ReadTotals(const std::string& directory) {
  if (const auto ours = ReadStatus(directory); ours.build[0] != '\0')
    return ours;
  constexpr size_t kTotals = offsetof(fuzz::FuzzStatus, broken);
  fuzz::FuzzStatus status{};
  if (ReadBytes(AT_FDCWD, directory, fuzz::kStatusFile, &status, kTotals) !=
          kTotals ||
      !IsBuildId({status.build, ::strnlen(status.build, sizeof(status.build))}))
    status = {};
  return status;
}

Script ReadSaved(const std::string& path) {
  return DecodeSaved(base::ReadFile(path));
}

Script DecodeSaved(const std::string& content) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(content.data());
  Script script = DecodeBytes(std::span(bytes, content.size()));
  while (!script.events.empty() &&
         script.events.back().kind == EventKind::kNone)
    script.events.pop_back();
  return script;
}

}  // namespace vmtrunc::cli
