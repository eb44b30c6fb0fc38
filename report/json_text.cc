#include "report/json_text.h"

#include "base/shown.h"

namespace vmtrunc::report {
namespace {

// Keys are not from an input.
void MakeUtf8(nlohmann::json& json) {
  if (json.is_string()) {
    auto& text = json.get_ref<std::string&>();
    text = base::Utf8(text);
  } else if (json.is_structured()) {
    for (nlohmann::json& item : json) MakeUtf8(item);
  }
}

}  // namespace

std::string JsonText(nlohmann::json json, int indent, bool ascii) {
  MakeUtf8(json);
  return json.dump(indent, ' ', ascii,
                   nlohmann::json::error_handler_t::replace);
}

}  // namespace vmtrunc::report
