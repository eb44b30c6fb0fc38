#include "fuzz/generate.h"

#include "fuzz/weave.h"
#include "search/folios.h"
#include "search/kinds.h"
#include "search/make.h"
#include "search/tables.h"
#include "search/translations.h"

namespace vmtrunc::fuzz {
namespace {

// `make` makes a script of so many events. What is added to it where
// translations outlive their ptes gets half of the room.
template <class F>
Script Extended(const Rules& rules, uint32_t properties, unsigned events,
                base::Random& random, const F& make) {
  const bool translates = search::DrawTranslations(rules, properties, random);
  Script script = make(translates ? (events + 1) / 2 : events);
  if (search::DrawFolios(rules, properties, random))
    search::AddFolios(script, random);
  if (translates) search::AddTranslations(script, random);
  search::AddTablesSometimes(rules, script, random);
  return script;
}

}  // namespace

void KeepVerbs(Script& script, search::Verbs verbs) {
  std::erase_if(script.events, [&](const Event& event) {
    return event.verb != Verb::kNone && (verbs & search::Bit(event.verb)) == 0;
  });
}

Script MakeFor(const Rules& rules, uint32_t properties, unsigned events,
               base::Random& random) {
  return Extended(rules, properties, events, random, [&](unsigned room) {
    return search::MakeScript(random.Next(), room);
  });
}

Script Generate(const Rules& rules, unsigned events, search::Verbs verbs,
                base::Random& random, const Before* before) {
  const uint32_t properties = CountedProperties();
  if (random.Below(2) == 0) return MakeFor(rules, properties, events, random);
  return Extended(rules, properties, events, random, [&](unsigned room) {
    return WeaveScript(random.Next(), room, rules, verbs, before);
  });
}

}  // namespace vmtrunc::fuzz
