#include "properties/gen.h"

#include "properties/smaller.h"

namespace vmtrunc::properties {

rc::Gen<Script> AnyScript(unsigned events) {
  return rc::Gen<Script>([events](const rc::Random& random, int) {
    rc::Random copy = random;
    return rc::shrinkable::shrinkRecur(search::MakeScript(copy.next(), events),
                                       &SmallerScripts);
  });
}

void showValue(const Script& script, std::ostream& os) { os << ToText(script); }

}  // namespace vmtrunc::properties
