// SHA-1, by which libFuzzer names the files that it writes. For names only, not
// for security.
#ifndef VMTRUNC_BASE_SHA1_H_
#define VMTRUNC_BASE_SHA1_H_

#include <string>
#include <string_view>

namespace vmtrunc::base {

// 40 hexadecimal digits.
std::string Sha1(std::string_view content);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_SHA1_H_
