// How bad a line says it is. The numbers are on disk: never renumber.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace logboom {

enum class Level : std::uint8_t {
  unknown = 0,
  trace = 1,
  debug = 2,
  info = 3,
  warn = 4,
  error = 5,
  critical = 6,
};
inline constexpr std::size_t kLevels = 7;

[[nodiscard]] std::string_view name(Level level);
// "warning", "WARN", "W", "err", "fatal" ... ; none for anything else.
[[nodiscard]] std::optional<Level> parse_level(std::string_view text);
// OTLP severity_number 1-24 and back to the first number of its range.
[[nodiscard]] Level level_of_severity(std::uint32_t severity_number);
[[nodiscard]] std::uint32_t severity_of_level(Level level);
// Reads it off the start of a line: [ERROR], level=warn, "level":"info", klog's E0102, <3>,
// Traceback, ValueError: x. Looks at the first 256 bytes only; `unknown` when in doubt.
[[nodiscard]] Level detect_level(std::string_view line);

}  // namespace logboom
