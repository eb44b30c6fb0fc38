// libFuzzer writes to all of 24 MB before its first input: some 6,000 faults,
// which are most of what a start costs.
#ifndef VMTRUNC_FUZZ_LARGE_PAGES_H_
#define VMTRUNC_FUZZ_LARGE_PAGES_H_

namespace vmtrunc::fuzz {

// What malloc() hands out next comes in large pages, where the kernel has some
// for who asks (transparent_hugepage: madvise). Changes nothing else. To be
// called once, before there are threads.
void UseLargePages();

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_LARGE_PAGES_H_
