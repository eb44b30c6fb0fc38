// A script as a C program that plays it on the running kernel.
#ifndef VMTRUNC_REPORT_EXPORT_C_PROGRAM_H_
#define VMTRUNC_REPORT_EXPORT_C_PROGRAM_H_

#include <string>

#include "core/script/script.h"

namespace vmtrunc::report {

// The whole program, with a head comment on what it does and how to compile it.
// The same script gives the same program; every script has one.
std::string CProgram(const Script& script);

// The script's canonical text, each line after `before`, without characters
// that could end or continue a comment in C or Promela.
std::string AsComment(const Script& script, const std::string& before);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPORT_C_PROGRAM_H_
