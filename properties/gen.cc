#include "properties/gen.h"

#include "properties/smaller.h"
#include "search/folios.h"
#include "search/translations.h"

namespace vmtrunc::properties {

rc::Gen<Script> AnyScript(unsigned events) {
  return rc::Gen<Script>([events](const rc::Random& random, int) {
    rc::Random copy = random;
    return rc::shrinkable::shrinkRecur(search::MakeScript(copy.next(), events),
                                       &SmallerScripts);
  });
}

namespace {

// The scripts of search/make.h, as `change` makes others of them.
rc::Gen<Script> Changed(unsigned events,
                        void (*change)(Script& script, base::Random& random)) {
  return rc::Gen<Script>([=](const rc::Random& random, int) {
    rc::Random copy = random;
    Script script = search::MakeScript(copy.next(), events);
    base::Random more(copy.next());
    change(script, more);
    return rc::shrinkable::shrinkRecur(script, &SmallerScripts);
  });
}

}  // namespace

rc::Gen<FolioScript> AnyFolioScript() {
  return rc::gen::map(
      Changed(kScriptEvents, search::AddFolios),
      [](Script script) { return FolioScript{std::move(script)}; });
}

rc::Gen<TranslationScript> AnyTranslationScript() {
  return rc::gen::map(
      Changed(kScriptEvents / 2,
              [](Script& script, base::Random& random) {
                if (random.Below(4) == 0) search::AddFolios(script, random);
                search::AddTranslations(script, random);
              }),
      [](Script script) { return TranslationScript{std::move(script)}; });
}

void showValue(const TranslationScript& it, std::ostream& os) {
  os << ToText(it.script);
}

void showValue(const FolioScript& it, std::ostream& os) {
  os << ToText(it.script);
}

void showValue(const Script& script, std::ostream& os) { os << ToText(script); }

}  // namespace vmtrunc::properties
