// A directory for one test, removed at its end.
#ifndef VMTRUNC_BASE_SCRATCH_TEST_H_
#define VMTRUNC_BASE_SCRATCH_TEST_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
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

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_SCRATCH_TEST_H_
