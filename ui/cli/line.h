// One line as the server answered it.
//
// Owns: its bytes; lines of one stream share its labels.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/labels.h"
#include "core/level.h"

namespace logboom::ui::cli {

struct Line {
  std::int64_t time_ns = 0;
  std::string body;
  std::string id;  // opaque; empty when the server is a stock Loki
  std::shared_ptr<const Labels> labels;
  std::vector<std::pair<std::string, std::string>> metadata;

  // A label, else a metadata value, else "".
  [[nodiscard]] std::string_view get(std::string_view name) const;
  // What the labels or metadata say, else what the text says.
  [[nodiscard]] Level level() const;
  // Tells two lines apart: the id; without one, labels and text (equal lines have equal keys).
  [[nodiscard]] std::string key() const;
};

}  // namespace logboom::ui::cli
