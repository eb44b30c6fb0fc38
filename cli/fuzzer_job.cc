#include "cli/fuzzer_job.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/input.h"

extern char** environ;

namespace vmtrunc {
namespace {

namespace fs = std::filesystem;

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

// In the child: only calls that are safe behind fork().
[[noreturn]] void Become(char** argv, char** envp, const char* log,
                         pid_t parent, uint64_t most_bytes) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);  // it ended before that
  ::setpgid(0, 0);  // an interrupt from the terminal is the parent's to pass on
  ::signal(SIGPIPE, SIG_DFL);
  if (most_bytes != 0) {
    const rlimit limit{most_bytes, most_bytes};
    ::setrlimit(RLIMIT_AS, &limit);
  }
  const int err = ::open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(null, 0);
  ::dup2(null, 1);
  ::dup2(err < 0 ? null : err, 2);
  ::execve(argv[0], argv, envp);
  ::_exit(127);
}

}  // namespace

std::string FindFuzzer(const std::string& given, const std::string& name) {
  std::vector<std::string> places;
  if (!given.empty()) {
    places = {given};
  } else {
    std::error_code error;
    const fs::path self = fs::read_symlink("/proc/self/exe", error);
    for (const char* const place :
         {".", "../libexec/vmtrunc", "../../fuzz/bin"})
      places.push_back(
          (self.parent_path() / place / name).lexically_normal().string());
  }
  for (const std::string& place : places)
    if (::access(place.c_str(), X_OK) == 0)
      return fs::weakly_canonical(place).string();
  throw UsageError{absl::StrCat(
      "the instrumented executable ", name, " is not there: expected ",
      absl::StrJoin(places, " or "),
      " (ci/build fuzz builds it; what is installed after that has it)")};
}

FuzzerJob::FuzzerJob(const JobSpec& spec) : directory_(spec.directory) {
  std::vector<std::string> args = {spec.fuzzer};
  args.insert(args.end(), spec.arguments.begin(), spec.arguments.end());
  std::vector<std::string> variables = spec.variables;
  variables.push_back(absl::StrCat(kDirectoryVariable, "=", spec.directory));
  for (char** v = environ; *v != nullptr; ++v)
    if (std::strncmp(*v, "VMTRUNC_", 8) != 0) variables.emplace_back(*v);
  const std::vector<char*> argv = Pointers(args), envp = Pointers(variables);
  const std::string log = directory_ + "/log";
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw UsageError{spec.fuzzer + ": " + std::strerror(errno)};
  if (pid_ == 0)
    Become(const_cast<char**>(argv.data()), const_cast<char**>(envp.data()),
           log.c_str(), parent, spec.most_bytes);
}

bool FuzzerJob::Ended() {
  rusage usage{};
  if (!ended_ && ::wait4(pid_, &wait_status_, WNOHANG, &usage) == pid_) {
    ended_ = true;
    memory_mib_ = static_cast<uint64_t>(usage.ru_maxrss) / 1024;
  }
  return ended_;
}

void FuzzerJob::Interrupt() {
  if (!ended_) ::kill(pid_, SIGINT);
}

void FuzzerJob::Kill() {
  if (!ended_) ::kill(pid_, SIGKILL);
}

bool FuzzerJob::crashed() const {
  return !WIFEXITED(wait_status_) || WEXITSTATUS(wait_status_) != 0;
}

std::string FuzzerJob::EndInWords() const {
  return WIFSIGNALED(wait_status_)
             ? absl::StrCat("signal ", WTERMSIG(wait_status_))
             : absl::StrCat("exit status ", WEXITSTATUS(wait_status_));
}

FuzzStatus FuzzerJob::ReadStatus(const std::string& directory) {
  FuzzStatus status{};
  const int file = ::open((directory + "/" + kStatusFile).c_str(),
                          O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return status;
  if (::read(file, &status, sizeof(status)) != sizeof(status)) status = {};
  ::close(file);
  for (SortedCause& cause : status.causes)
    cause.name[sizeof(cause.name) - 1] = '\0';
  return status;
}

Script ReadSaved(const std::string& path) {
  const std::string saved = ReadFile(path);
  uint64_t size = 0;
  if (saved.size() < sizeof(size))
    throw UsageError{path + ": the fuzzer ended before its first input"};
  std::memcpy(&size, saved.data(), sizeof(size));
  const auto* bytes = reinterpret_cast<const uint8_t*>(saved.data()) + 8;
  return DecodeBytes(
      std::span(bytes, std::min<size_t>(size, saved.size() - 8)));
}

}  // namespace vmtrunc
