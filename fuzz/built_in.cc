// What a target of its own runs on and stops for, whatever its environment:
// compiled into each by fuzz/kernels.cmake. Replaces what fuzz_truncate.cc has.
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
