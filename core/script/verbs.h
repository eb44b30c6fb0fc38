// The verbs of scripts and their arguments: one table for both forms of a
// script, for what fits a world, and for generating and shrinking scripts.
#ifndef VMTRUNC_CORE_SCRIPT_VERBS_H_
#define VMTRUNC_CORE_SCRIPT_VERBS_H_

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "core/model/event.h"

namespace vmtrunc {

// The kind of an argument.
enum class Arg : uint8_t {
  kAddr,
  kLen,
  kNewAddr,
  kNewLen,
  kFail,        // "fail K", or nothing
  kFile,        // the name of a declared file
  kPgoff,       // a page of a file
  kSize,        // of a file, in pages
  kFirst,       // a page of a file; kLen pages from it on
  kSharing,     // "shared", "private", or nothing
  kAccess,      // "r" or "rw"
  kAccessOrRw,  // "r", "rw", or nothing
  kPopulate,    // "populate", or nothing
  kChild,       // the name of a task
  kPage,        // a page of a file
  kOrder,       // of a folio
};

// An argument that is a number, or represented by one.
struct ArgInfo {
  const char* name;     // as usage texts have it
  uint8_t Event::* at;  // where it is; nullptr: it is a bit of the record
  uint8_t most;         // 0 is the least
  uint8_t byte;         // of a record of the byte form
};
const ArgInfo& InfoOf(Arg arg);

struct VerbInfo {
  const char* name;
  std::initializer_list<Arg> args;  // in the order of the text form
};
const VerbInfo& InfoOf(Verb verb);

inline bool Has(Verb verb, Arg arg) {
  for (const Arg it : InfoOf(verb).args)
    if (it == arg) return true;
  return false;
}
// Whether it says r or rw.
inline bool HasAccess(Verb verb) {
  return Has(verb, Arg::kAccess) || Has(verb, Arg::kAccessOrRw);
}

const char* VerbName(Verb verb);
// kNone for what is no verb's name.
Verb VerbNamed(std::string_view name);

// Calls f(from, len) for each range of addresses that the event names, f(from,
// one) for an address alone. Both are the event's own bytes, but for `one`.
template <class E, class F>
void ForEachRange(E& event, const F& f) {
  if (Has(event.verb, Arg::kAddr)) {
    uint8_t one = 1;
    if (Has(event.verb, Arg::kLen)) {
      f(event.addr, event.len);
    } else {
      f(event.addr, one);
    }
  }
  if (Has(event.verb, Arg::kNewAddr)) f(event.new_addr, event.new_len);
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_SCRIPT_VERBS_H_
