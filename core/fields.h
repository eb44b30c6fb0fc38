// The fields of what a world is made of, in words: for what tells people of it.
//
// One row a field, so that a field that is added is told once it has a row;
// core/differences_test.cc asks for one.
#ifndef VMTRUNC_CORE_FIELDS_H_
#define VMTRUNC_CORE_FIELDS_H_

#include <cstdint>
#include <span>
#include <string>

#include "core/script.h"
#include "core/world.h"

namespace vmtrunc {

// What a number stands for.
enum class Form : uint8_t {
  kNumber,
  kPhase,   // a number, told where the sync points do not tell it apart
  kBirth,   // a number, told when nothing else differs
  kYes,     // not 0
  kSlot,    // of a vma, or kNone
  kLink,    // the same, told of vmas that are in the same kind of index
  kHolder,  // the task that holds a lock, or kNone
  kTasks,   // a bit each
  kPages,   // a bit each
  kTables,  // page tables, a bit each
  kFile,
  kMark,   // core/mark.h
  kPte,    // its bits
  kState,  // VmaState
  kPlace,  // InIndex
};

template <class T>
struct FieldInfo {
  const char* name;
  Form form;
  uint64_t (*read)(const T&);
};

using LargeMm = Mm<LargeCaps>;
using LargeWorld = World<LargeCaps>;

// All but the geometry, mm and file of a vma, the ptes of an mm and the verb of
// an operation, which are told in other ways.
std::span<const FieldInfo<File>> FileFields();
std::span<const FieldInfo<Vma>> VmaFields();
std::span<const FieldInfo<LargeMm>> MmFields();
std::span<const FieldInfo<Task>> TaskFields();
std::span<const FieldInfo<Op>> OpFields();
std::span<const FieldInfo<LargeWorld>> WorldFields();

// "restart at 102", "slot 3". `names_pass`: a mark says which pass left it.
std::string InWords(Form form, uint64_t value, const Script& names,
                    bool names_pass);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_FIELDS_H_
