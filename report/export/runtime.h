// The files of report/export/runtime/, in the order in which they include each
// other. Together they are one C program with a sample script; CMake makes
// string constants of them.
#ifndef VMTRUNC_REPORT_EXPORT_RUNTIME_H_
#define VMTRUNC_REPORT_EXPORT_RUNTIME_H_

namespace vmtrunc::report {

extern const char kRuntimeTable[];  // table.h, with the sample in it
extern const char kRuntimeRest[];   // the code for any table

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPORT_RUNTIME_H_
