// A script as input of a run, and as searches change it.
#ifndef VMTRUNC_CORE_SCRIPT_DRAFT_H_
#define VMTRUNC_CORE_SCRIPT_DRAFT_H_

#include <vector>

#include "core/model/event.h"

namespace vmtrunc {

// A script (core/script/script.h) is this with names and expectations.
struct Draft {
  Setup setup;
  std::vector<Event> events;  // at most kMaxEvents where it is to be written

  bool operator==(const Draft&) const = default;
};

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_SCRIPT_DRAFT_H_
