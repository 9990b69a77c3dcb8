#include "ui/cli/line.h"

namespace logboom::ui::cli {

std::string_view Line::get(std::string_view name) const {
  if (labels) {
    if (const auto value = labels->get(name); !value.empty()) return value;
  }
  for (const auto& [known, value] : metadata) {
    if (known == name) return value;
  }
  return "";
}

Level Line::level() const {
  for (const char* name : {"level", "detected_level", "severity"}) {
    if (const auto known = parse_level(get(name))) return *known;
  }
  return detect_level(body);
}

std::string Line::key() const {
  if (!id.empty()) return id;
  return (labels ? labels->text() : std::string()) + '\n' + body;
}

}  // namespace logboom::ui::cli
