// The values of fields, in words.
#ifndef VMTRUNC_CORE_ABOUT_FIELD_WORDS_H_
#define VMTRUNC_CORE_ABOUT_FIELD_WORDS_H_

#include <cstdint>
#include <string>

#include "core/model/fields.h"
#include "core/script/script.h"

namespace vmtrunc {

// "restart at 102", "slot 3". `names_pass`: a mark says which pass left it.
std::string InWords(Form form, uint64_t value, const Script& names,
                    bool names_pass);

// "page 0 of f rw", "frame 2 r", "nothing".
std::string InWords(const Translation& it, const Script& names);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_ABOUT_FIELD_WORDS_H_
