// The files of report/export/runtime/, in the order in which they include each
// other. They are one C program with a sample for a script; CMake makes them
// text.
#ifndef VMTRUNC_REPORT_EXPORT_RUNTIME_H_
#define VMTRUNC_REPORT_EXPORT_RUNTIME_H_

namespace vmtrunc::report {

extern const char kRuntimeTable[];  // table.h, with the sample in it
extern const char kRuntimeRest[];   // what runs any table

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPORT_RUNTIME_H_
