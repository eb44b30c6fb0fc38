#include "properties/gen.h"

#include "properties/smaller.h"
#include "search/folios.h"
#include "search/tables.h"
#include "search/translations.h"

namespace vmtrunc::properties {

rc::Gen<Script> AnyScript(unsigned events) {
  return rc::Gen<Script>([events](const rc::Random& random, int) {
    rc::Random copy = random;
    return rc::shrinkable::shrinkRecur(search::MakeScript(copy.next(), events),
                                       &SmallerScripts);
  });
}

rc::Gen<Script> AnyScriptOf(Scripts kind, const Rules& rules) {
  return rc::Gen<Script>([=](const rc::Random& random, int) {
    rc::Random copy = random;
    const unsigned events =
        kind == Scripts::kTranslations ? kScriptEvents / 2 : kScriptEvents;
    Script script = search::MakeScript(copy.next(), events);
    base::Random more(copy.next());
    // Translations that outlive their ptes, sometimes with large folios too.
    if (kind == Scripts::kFolios ||
        (kind == Scripts::kTranslations && more.Below(4) == 0))
      search::AddFolios(script, more);
    if (kind == Scripts::kTranslations) search::AddTranslations(script, more);
    search::AddTablesSometimes(rules, script, more);
    return rc::shrinkable::shrinkRecur(script, &SmallerScripts);
  });
}

void showValue(const Script& script, std::ostream& os) { os << ToText(script); }

}  // namespace vmtrunc::properties
