// Files of plain lines, found by glob: whose they are, and the time a line begins with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "collector/origin.h"

namespace logboom::collector {

struct FileRule {
  std::string glob;    // absolute; *, ? and [...] inside one path part each
  std::string tool{};  // empty: the collector's fallback
  std::string job{};   // empty: the file's name up to its first '.'
};

[[nodiscard]] Origin file_origin(const FileRule& rule, const std::string& path,
                                 const std::string& node, const std::string& fallback_tool);

// The RFC 3339 time a line begins with (up to a space, or the end), if it does.
[[nodiscard]] std::optional<std::int64_t> leading_time(std::string_view line);

// Names that are another file's content compressed: their lines were read before.
[[nodiscard]] bool is_compressed(std::string_view file_name);

}  // namespace logboom::collector
