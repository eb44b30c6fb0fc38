// The kernel and property of a target of its own, independent of the
// environment: compiled into each by fuzz/kernels.cmake. Replaces the defaults
// of fuzz_truncate.cc.
namespace vmtrunc::fuzz {

const char* BuiltInKernel();
const char* BuiltInProperty();

#ifdef VMTRUNC_BUILT_IN_KERNEL
const char* BuiltInKernel() { return VMTRUNC_BUILT_IN_KERNEL; }
#endif
#ifdef VMTRUNC_BUILT_IN_PROPERTY
const char* BuiltInProperty() { return VMTRUNC_BUILT_IN_PROPERTY; }
#endif

}  // namespace vmtrunc::fuzz
