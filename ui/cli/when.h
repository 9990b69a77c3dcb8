// Times as people type and read them: "2h ago", "today", "14:05", RFC 3339; short, iso, unix, rel.
//
// Units:   nanoseconds UTC since 1970; `now` is an argument everywhere.
// Errors:  invalid, naming the forms that work.
// Threads: Zone::named() sets the process's TZ (glibc knows one zone at a time): call it before
// other
//          threads ask for local times, and use the zone made last.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "core/result.h"

namespace logboom::ui::cli {

class Zone {
 public:
  [[nodiscard]] static Zone utc() { return Zone(true); }
  // "" or "local": the system's; "UTC"; else a name of the zone database, such as Europe/Berlin.
  [[nodiscard]] static Result<Zone> named(std::string_view name);

  [[nodiscard]] std::tm at(std::int64_t time_ns) const;
  // Fields out of range are carried over (day 0 is the last of the month before).
  [[nodiscard]] std::int64_t time_ns(std::tm fields) const;

 private:
  explicit Zone(bool utc) : utc_(utc) {}
  bool utc_;
};

// now, today, yesterday, 14:05[:30] (the last such time), 2026-01-31 [14:05[:30]], RFC 3339,
// @1769860000 or ten digits and more (unix), 90s, 2h, -2h, "2h ago", "3 days ago".
[[nodiscard]] Result<std::int64_t> parse_when(std::string_view text, std::int64_t now,
                                              const Zone& zone);

enum class TimeStyle : std::uint8_t { none, clock, iso, unix_seconds, relative };
[[nodiscard]] Result<TimeStyle> parse_time_style(std::string_view text);

// clock: 14:05:30 for today, else with the date before it. iso: milliseconds and offset.
[[nodiscard]] std::string format_when(std::int64_t time_ns, TimeStyle style, std::int64_t now,
                                      const Zone& zone);

}  // namespace logboom::ui::cli
