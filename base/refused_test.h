// What a call does where the system refuses it something, as a file system may.
#ifndef VMTRUNC_BASE_REFUSED_TEST_H_
#define VMTRUNC_BASE_REFUSED_TEST_H_

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace vmtrunc::base {

// What rename() is for the system.
#ifdef SYS_rename
inline constexpr long kRenameCall = SYS_rename;
#else
inline constexpr long kRenameCall = SYS_renameat;
#endif

struct RefusedCall {
  long number = 0;
  int error = 0;
};

// From now on and for ever. False where the system has no such filters.
inline bool Refuse(const std::vector<RefusedCall>& calls) {
  std::vector<sock_filter> filter = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const RefusedCall& call : calls) {
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                              static_cast<unsigned>(call.number), 0, 1));
    filter.push_back(
        BPF_STMT(BPF_RET | BPF_K,
                 SECCOMP_RET_ERRNO | static_cast<unsigned>(call.error)));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog program = {.len = static_cast<unsigned short>(filter.size()),
                              .filter = filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// The string that `call` returns in a child where each of `calls` is refused
// with its error; "(killed)" if it does not end: a child has ten seconds of
// processor time. nullopt where the system has no such filters.
template <class Call>
std::optional<std::string> WhereRefused(const std::vector<RefusedCall>& calls,
                                        Call call) {
  constexpr int kNoFilters = 77;
  int ends[2];
  if (::pipe(ends) != 0) return std::nullopt;
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit time{.rlim_cur = 10, .rlim_max = 10};
    ::setrlimit(RLIMIT_CPU, &time);
    if (!Refuse(calls)) ::_exit(kNoFilters);
    const std::string result = call();
    ::_exit(::write(ends[1], result.data(), result.size()) ==
                    static_cast<ssize_t>(result.size())
                ? 0
                : 1);
  }
  ::close(ends[1]);
  std::string result;
  std::array<char, 4096> part;
  for (ssize_t got; (got = ::read(ends[0], part.data(), part.size())) > 0;)
    result.append(part.data(), static_cast<size_t>(got));
  ::close(ends[0]);
  int status = -1;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoFilters)
    return std::nullopt;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? result : "(killed)";
}

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_REFUSED_TEST_H_
