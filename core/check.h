// Assertions for our own errors: enabled in every build, one condition each.
#ifndef VMTRUNC_CORE_CHECK_H_
#define VMTRUNC_CORE_CHECK_H_

namespace vmtrunc {

// Prints the condition and its location on standard error and aborts.
[[noreturn]] void CheckFailed(const char* condition, const char* file,
                              int line);

}  // namespace vmtrunc

#define VMT_CHECK(condition)    \
  (static_cast<bool>(condition) \
       ? static_cast<void>(0)   \
       : ::vmtrunc::CheckFailed(#condition, __FILE__, __LINE__))

#endif  // VMTRUNC_CORE_CHECK_H_
