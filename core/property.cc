#include "core/property.h"

#include <array>

#include "core/check.h"

namespace vmtrunc {
namespace {

constexpr std::array<PropertyInfo, kProperties> kInfos = {{
#define VMTRUNC_PROPERTY(code, words, name, holds, when) {name, holds, when},
    VMTRUNC_PROPERTIES(VMTRUNC_PROPERTY)
#undef VMTRUNC_PROPERTY
}};

constexpr BreachInfo kBreaches[] = {
#define VMTRUNC_BREACH(name, property, words) \
  {Breach::name, Property::property, words},
    VMTRUNC_BREACHES(VMTRUNC_BREACH)
#undef VMTRUNC_BREACH
};

}  // namespace

std::span<const PropertyInfo> AllProperties() { return kInfos; }

const char* Name(Property property) {
  return AllProperties()[static_cast<size_t>(property)].name;
}

int PropertyNumber(std::string_view name) {
  int number = 0;
  while (number < kProperties &&
         name != kInfos[static_cast<size_t>(number)].name)
    ++number;
  return number;
}

int NameProperty(std::string_view name) {
  const int number = PropertyNumber(name);
  if (number < kProperties)
    g_counted_properties.fetch_or(1U << number, std::memory_order_relaxed);
  return number;
}

const BreachInfo& InfoOf(Breach breach) {
  VMT_CHECK(breach != Breach::kNone);
  return kBreaches[static_cast<size_t>(breach) - 1];
}

std::string FormOf(Breach breach) {
  if (breach == Breach::kNone) return "";
  return InWords(breach, [](std::string_view of, size_t) {
    if (of == "n") return std::string("N");
    if (of == "pages") return std::string("N pages");
    return std::string(of) + " N";
  });
}

std::string Violation::ToString() const {
  return InWords(breach, [this](std::string_view of, size_t value) {
    return Numbered(of, values[value]);
  });
}

std::string Numbered(std::string_view of, unsigned value) {
  std::string number = std::to_string(value);
  if (of == "n") return number;
  if (of == "pages") return number + (value == 1 ? " page" : " pages");
  return std::string(of) + " " + number;
}

}  // namespace vmtrunc
