// What neither the script nor the model does to a folio: compaction, for one,
// takes a reference to it for a moment, and a split fails then; write-back
// cleans one of a disk, and it is split.
#ifndef VMTRUNC_LIVE_HELD_H_
#define VMTRUNC_LIVE_HELD_H_

#include <functional>

#include "core/model/machine.h"
#include "core/script/script.h"
#include "live/sequence.h"

namespace vmtrunc::live {

// Whether the operations up to `last`, which is one of the sequence's, lead to
// a state that `agrees`, if somebody else holds, or has written back, a folio
// that one of them, which truncates or punches a file, has to split.
bool ElseHeld(const Script& script, const Sequence& sequence, const Turn& last,
              const Rules& rules,
              const std::function<bool(const World<LargeCaps>&)>& agrees);

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_HELD_H_
