// What a call does in a process of its own, where the system refuses it
// something, as a file system may.
#ifndef VMTRUNC_BASE_IN_CHILD_TEST_H_
#define VMTRUNC_BASE_IN_CHILD_TEST_H_

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/scratch_test.h"

namespace vmtrunc::base {

// What rename() is for the system.
#ifdef SYS_rename
inline constexpr uint32_t kRenameCall = SYS_rename;
#else
inline constexpr uint32_t kRenameCall = SYS_renameat;
#endif

// System calls that fail: all of that number, or those alone whose argument at
// that index has that value.
struct FailingCall {
  uint32_t number;
  int error;  // as errno
  int argument = -1;
  uint32_t value = 0;
};

// From now on these calls of this process fail, and do nothing. False if the
// system has no filter of calls.
inline bool FailCalls(const std::vector<FailingCall>& calls) {
  constexpr uint16_t kLoad = BPF_LD | BPF_W | BPF_ABS;
  constexpr uint16_t kEqual = BPF_JMP | BPF_JEQ | BPF_K;
  constexpr uint16_t kReturn = BPF_RET | BPF_K;
  std::vector<sock_filter> code;
  for (const FailingCall& call : calls) {
    const bool any = call.argument < 0;
    code.push_back(BPF_STMT(kLoad, offsetof(seccomp_data, nr)));
    code.push_back(BPF_JUMP(kEqual, call.number, 0, uint8_t(any ? 1 : 3)));
    if (!any) {
      // The lower half of 64 bits.
      code.push_back(
          BPF_STMT(kLoad, uint32_t(offsetof(seccomp_data, args) +
                                   8 * static_cast<size_t>(call.argument))));
      code.push_back(BPF_JUMP(kEqual, call.value, 0, 1));
    }
    code.push_back(BPF_STMT(
        kReturn, SECCOMP_RET_ERRNO | static_cast<uint32_t>(call.error)));
  }
  code.push_back(BPF_STMT(kReturn, SECCOMP_RET_ALLOW));
  const sock_fprog filter{.len = static_cast<uint16_t>(code.size()),
                          .filter = code.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// As on NFS where a quota is reached.
inline bool FailEachClose() { return FailCalls({{SYS_close, EDQUOT}}); }

// As on a network mount where the file is gone: stat() of what is open, and
// lstat().
inline bool FailEachFstat() {
  return FailCalls(
      {{SYS_newfstatat, ESTALE, 3, AT_EMPTY_PATH}, {SYS_fstat, ESTALE}});
}
inline bool FailEachLstat() {
  return FailCalls({{SYS_newfstatat, ESTALE, 3, AT_SYMLINK_NOFOLLOW}});
}

// The string that `call` returns in a child; "(killed)" if that does not end by
// itself.
template <class Call>
std::string ResultInChild(Call call) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
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
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? result : "(killed)";
}

// ErrorOf(call) in a child, after `fail`, which cannot be taken back.
template <class Call>
std::string ErrorAfter(bool (*fail)(), Call call) {
  return ResultInChild(
      [&] { return fail() ? ErrorOf(call) : std::string("no filter"); });
}

// The string that `call` returns in a child where these calls fail; "(killed)"
// if it does not end in ten seconds of processor time. nullopt where the system
// has no such filters.
template <class Call>
std::optional<std::string> WhereRefused(const std::vector<FailingCall>& calls,
                                        Call call) {
  const std::string no_filter(1, '\0');
  const std::string result = ResultInChild([&] {
    const rlimit time{.rlim_cur = 10, .rlim_max = 10};
    ::setrlimit(RLIMIT_CPU, &time);
    return FailCalls(calls) ? call() : no_filter;
  });
  if (result == no_filter) return std::nullopt;
  return result;
}

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_IN_CHILD_TEST_H_
