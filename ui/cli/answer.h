// Reads what the server answers: Loki's JSON, with our line ids and cursors where it has them.
//
// Errors: invalid: not JSON, or not of this shape ("is this a Logboom or Loki server?").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "ui/cli/line.h"

namespace logboom::ui::cli {

// Each stream's lines stand in the order the server sent them.
[[nodiscard]] Result<std::vector<Line>> decode_range(std::string_view body);

struct Frame {
  std::vector<Line> lines;
  std::optional<std::string> cursor;  // none: the server has no cursors
  std::uint64_t dropped = 0;          // lines the server says it left out
};
[[nodiscard]] Result<Frame> decode_frame(std::string_view text);

// {"data": ["a", ...]}, as labels and label values answer; a missing data means none.
[[nodiscard]] Result<std::vector<std::string>> decode_names(std::string_view body);

// A flat {"name": {"key": "value"}} object: the credentials file.
using Tables =
    std::vector<std::pair<std::string, std::vector<std::pair<std::string, std::string>>>>;
[[nodiscard]] Result<Tables> decode_tables(std::string_view text);

// The text as a JSON string with its quotes; what is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string json_quote(std::string_view text);

}  // namespace logboom::ui::cli
