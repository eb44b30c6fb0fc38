#include "base/stack.h"

#include <pthread.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include "base/error.h"

namespace vmtrunc::base {
namespace {

constexpr size_t kUsual = size_t{8} << 20;  // Linux's default

struct Call {
  int (*program)(int, char**);
  int argc;
  char** argv;
  int status;
};

void* Run(void* argument) {
  Call& call = *static_cast<Call*>(argument);
  call.status = call.program(call.argc, call.argv);
  return nullptr;
}

bool IsSmall() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_STACK, &limit) == 0 &&
         limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < kUsual;
}

}  // namespace

int RunWithStack(int (*program)(int, char**), int argc, char** argv) {
  if (!IsSmall()) return program(argc, argv);
  Call call{program, argc, argv, kExitUsage};
  pthread_t thread{};
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kUsual);
  int error = ::pthread_setattr_default_np(&attributes);
  if (error == 0) error = ::pthread_create(&thread, &attributes, Run, &call);
  ::pthread_attr_destroy(&attributes);
  if (error != 0) {
    std::fprintf(stderr, "%s: expected room for a stack of 8 MiB (%s)\n",
                 program_invocation_short_name, std::strerror(error));
    return kExitUsage;
  }
  ::pthread_join(thread, nullptr);
  return call.status;
}

}  // namespace vmtrunc::base
