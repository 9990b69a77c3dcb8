// Times as people and clients write them. A time is UTC nanoseconds since 1970 in an int64.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace logboom {

[[nodiscard]] std::int64_t now_ns();

// RFC 3339 with any number of fraction digits (more than nine are cut) and Z or an offset.
[[nodiscard]] Result<std::int64_t> parse_rfc3339(std::string_view text);
// What Loki's clients send: float seconds when there is a '.', integer seconds up to ten digits,
// longer integers nanoseconds, else RFC 3339.
[[nodiscard]] Result<std::int64_t> parse_loki_time(std::string_view text);
// 1h30m, 90s, 250ms, 7d, 2w, 1y; a bare number is seconds (fractions allowed).
[[nodiscard]] Result<std::chrono::nanoseconds> parse_duration(std::string_view text);
[[nodiscard]] std::string format_duration(std::chrono::nanoseconds duration);
// 2026-01-31T12:00:00.123456789Z; digits of the fraction: 0, 3, 6 or 9.
[[nodiscard]] std::string format_rfc3339(std::int64_t time_ns, int digits = 9);

// The UTC day, as days since 1970, and its name: 20260131.
[[nodiscard]] std::int32_t day_of(std::int64_t time_ns);
[[nodiscard]] std::string day_name(std::int32_t day);

}  // namespace logboom
