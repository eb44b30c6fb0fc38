// A directory for one test, removed at its end.
#ifndef VMTRUNC_BASE_SCRATCH_TEST_H_
#define VMTRUNC_BASE_SCRATCH_TEST_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/read.h"

namespace vmtrunc::base {

class Scratch : public ::testing::Test {
 protected:
  Scratch() {
    char name[] = "/tmp/vmtrunc-test-XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  ~Scratch() override {
    std::error_code error;
    std::filesystem::remove_all(directory_, error);
  }

  std::string Path(const std::string& name) const {
    return directory_ + "/" + name;
  }
  // Writes without the code under test, as another process would.
  void Put(const std::string& name, const std::string& content) const {
    std::ofstream(Path(name), std::ios::binary) << content;
  }
  std::string Get(const std::string& name) const {
    return ReadWhole(Path(name), kMostInput).value_or("(not there)");
  }
  // Names in a directory, including hidden ones.
  std::set<std::string> Names(const std::string& name) const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(Path(name)))
      names.insert(entry.path().filename().string());
    return names;
  }

  // Gives a directory an access list by default: all to the owner, the group
  // and uid 65534, nothing to others. False if the file system has none.
  bool ListByDefault(const std::string& name) const {
    struct Entry {
      uint16_t tag, rights;
      uint32_t id;
    };
    const struct {
      uint32_t version;
      Entry entries[5];
    } list = {
        2,
        {{1, 7, ~0U}, {2, 7, 65534}, {4, 7, ~0U}, {16, 7, ~0U}, {32, 0, ~0U}}};
    return ::setxattr(Path(name).c_str(), "system.posix_acl_default", &list,
                      sizeof(list), 0) == 0;
  }

  std::string directory_;
};

// Calls while this process cannot open one more file.
template <class Call>
auto WithoutDescriptors(Call call) {
  const int next = ::dup(STDERR_FILENO);
  ::close(next);
  rlimit old{};
  EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
  const rlimit none{.rlim_cur = static_cast<rlim_t>(next),
                    .rlim_max = old.rlim_max};
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  auto result = call();
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &old), 0);
  return result;
}

// System calls that fail: all of that number, or those alone whose argument at
// that index has that value.
struct FailingCall {
  uint32_t number;
  int argument = -1;
  uint32_t value = 0;
};

// From now on these calls of this process fail, and do nothing. False if the
// system has no filter of calls.
inline bool FailCalls(const std::vector<FailingCall>& calls, uint32_t error) {
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
    code.push_back(BPF_STMT(kReturn, SECCOMP_RET_ERRNO | error));
  }
  code.push_back(BPF_STMT(kReturn, SECCOMP_RET_ALLOW));
  const sock_fprog filter{.len = static_cast<uint16_t>(code.size()),
                          .filter = code.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// As on NFS where a quota is reached.
inline bool FailEachClose() { return FailCalls({{SYS_close}}, EDQUOT); }

// As on a network mount where the file is gone: stat() of what is open, and
// lstat().
inline bool FailEachFstat() {
  return FailCalls({{SYS_newfstatat, 3, AT_EMPTY_PATH}, {SYS_fstat}}, ESTALE);
}
inline bool FailEachLstat() {
  return FailCalls({{SYS_newfstatat, 3, AT_SYMLINK_NOFOLLOW}}, ESTALE);
}

// In a child, whose calls `fail` lets fail: the error of `call`.
// The error of a call that must fail, or "" if it does not fail.
template <class Call>
std::string ErrorOf(Call call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what;
  }
  return "";
}

// The same in a process of its own, after `fail`, which cannot be taken back.
template <class Call>
std::string ErrorAfter(bool (*fail)(), Call call) {
  int ends[2] = {};
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string error = fail() ? ErrorOf(call) : "no filter";
    if (::write(ends[1], error.data(), error.size()) < 0) ::_exit(1);
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string error(4096, '\0');
  error.resize(static_cast<size_t>(
      std::max<ssize_t>(0, ::read(ends[0], error.data(), error.size()))));
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return error;
}

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_SCRATCH_TEST_H_
