#include "properties/gen.h"

#include "properties/smaller.h"
#include "search/folios.h"

namespace vmtrunc::properties {

rc::Gen<Script> AnyScript(unsigned events) {
  return rc::Gen<Script>([events](const rc::Random& random, int) {
    rc::Random copy = random;
    return rc::shrinkable::shrinkRecur(search::MakeScript(copy.next(), events),
                                       &SmallerScripts);
  });
}

rc::Gen<FolioScript> AnyFolioScript() {
  return rc::gen::map(
      rc::Gen<Script>([](const rc::Random& random, int) {
        rc::Random copy = random;
        Script script = search::MakeScript(copy.next(), kScriptEvents);
        base::Random more(copy.next());
        search::AddFolios(script, more);
        return rc::shrinkable::shrinkRecur(script, &SmallerScripts);
      }),
      [](Script script) { return FolioScript{std::move(script)}; });
}

void showValue(const FolioScript& it, std::ostream& os) {
  os << ToText(it.script);
}

void showValue(const Script& script, std::ostream& os) { os << ToText(script); }

}  // namespace vmtrunc::properties
