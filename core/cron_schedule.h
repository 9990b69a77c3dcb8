// When something should run: cron's five fields, its @names, or a period.
//
//   auto schedule = CronSchedule::parse("*/5 8-18 * * mon-fri");
//   auto tick = schedule->next(now_ns(), "Europe/Berlin");
//
// Source: crontab(5) of Debian's cron. Lists, ranges, steps, names, 7 = Sunday. Where neither day
// of month nor day of week begins with '*', one of them is enough. `n/step` goes on to the end.
//
// Clocks that change (by less than three hours, as cron has it): a schedule whose hour or minute
// begins with '*' follows the clock on the wall; a fixed one runs once: a tick in the hour that is
// left out comes at the moment of the change, one in the hour that comes twice at its first time.
//
// Units:   times are UTC nanoseconds; ticks lie on full minutes.
// Errors:  invalid, naming the field.
// Limits:  a tick is looked for kHorizonYears ahead (31 February never comes).
// Threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace logboom {

class CronSchedule {
 public:
  static constexpr int kHorizonYears = 40;

  // "M H DOM MON DOW", @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually, @reboot,
  // or "every 1h" (at least a minute).
  [[nodiscard]] static Result<CronSchedule> parse(std::string_view text);

  // The first tick after a time, and the last before it. Nothing: there is none; @reboot has none
  // at all. Of "every D": D after, and before, the time given, which is that of the last ping.
  // `zone` as in zone_known(); one that is not known counts as UTC.
  [[nodiscard]] std::optional<std::int64_t> next(std::int64_t after_ns,
                                                 std::string_view zone = {}) const;
  [[nodiscard]] std::optional<std::int64_t> prev(std::int64_t before_ns,
                                                 std::string_view zone = {}) const;

  [[nodiscard]] bool at_reboot() const { return reboot_; }
  // Of "every D"; nothing for cron's.
  [[nodiscard]] std::optional<std::chrono::seconds> period() const { return period_; }

  friend bool operator==(const CronSchedule&, const CronSchedule&) = default;

 private:
  [[nodiscard]] bool day_fits(std::int64_t day) const;
  // The first fitting minute in [from, to), in minutes of the local clock since 1970.
  [[nodiscard]] std::optional<std::int64_t> find(std::int64_t from, std::int64_t to) const;

  std::uint64_t minutes_ = 0;
  std::uint32_t hours_ = 0, days_ = 0;
  std::uint16_t months_ = 0;
  std::uint8_t weekdays_ = 0;
  bool both_days_ = false;     // day of month or day of week begins with '*': both must fit
  bool follows_wall_ = false;  // hour or minute begins with '*'
  bool reboot_ = false;
  std::optional<std::chrono::seconds> period_;
};

// An IANA name the system's time zone database has; empty is UTC.
[[nodiscard]] bool zone_known(std::string_view zone);

}  // namespace logboom
