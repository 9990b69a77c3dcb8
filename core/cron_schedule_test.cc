#include "core/cron_schedule.h"

#include <catch2/catch.hpp>

#include "core/time.h"

namespace logboom {
namespace {

std::int64_t at(const std::string& time) { return *parse_rfc3339(time); }

std::string text(const std::optional<std::int64_t>& tick) {
  return tick ? format_rfc3339(*tick, 0) : "never";
}

TEST_CASE("the next tick of a schedule") {
  auto [schedule, after, next] = GENERATE(table<std::string, std::string, std::string>({
      {"* * * * *", "2026-01-31T12:00:00Z", "2026-01-31T12:01:00Z"},
      {"* * * * *", "2026-01-31T12:00:59.9Z", "2026-01-31T12:01:00Z"},
      {"*/15 * * * *", "2026-01-31T12:46:00Z", "2026-01-31T13:00:00Z"},
      {"5/20 * * * *", "2026-01-31T12:00:00Z", "2026-01-31T12:05:00Z"},
      {"5/20 * * * *", "2026-01-31T12:26:00Z", "2026-01-31T12:45:00Z"},
      {"0-10/5,30 8 * * *", "2026-01-31T08:05:00Z", "2026-01-31T08:10:00Z"},
      {"0-10/5,30 8 * * *", "2026-01-31T08:10:00Z", "2026-01-31T08:30:00Z"},
      {"0 2 * * *", "2026-01-31T12:00:00Z", "2026-02-01T02:00:00Z"},
      {"0 0 1 */2 *", "2026-01-31T12:00:00Z", "2026-03-01T00:00:00Z"},
      {"30 6 * * mon-fri", "2026-01-30T06:30:00Z", "2026-02-02T06:30:00Z"},
      {"30 6 * * Sun", "2026-01-30T06:30:00Z", "2026-02-01T06:30:00Z"},
      {"30 6 * * 7", "2026-01-30T06:30:00Z", "2026-02-01T06:30:00Z"},
      {"30 6 * * 5-7", "2026-01-31T06:30:00Z", "2026-02-01T06:30:00Z"},
      {"0 0 13 * 5", "2026-01-31T12:00:00Z", "2026-02-06T00:00:00Z"},    // the 13th, or a Friday
      {"0 0 */13 * 5", "2026-01-31T12:00:00Z", "2026-02-27T00:00:00Z"},  // and
      {"0 0 29 2 *", "2026-01-31T12:00:00Z", "2028-02-29T00:00:00Z"},
      {"0 0 29 feb *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"},
      {"0 0 31 2 *", "2026-01-31T12:00:00Z", "never"},
      {"0 0 31 4,6,9,11 *", "2026-01-31T12:00:00Z", "never"},
      {"0 0 31 2 1", "2026-01-31T12:00:00Z", "2026-02-02T00:00:00Z"},  // a Monday in February
      {"@hourly", "2026-01-31T12:00:00Z", "2026-01-31T13:00:00Z"},
      {"@daily", "2026-01-31T12:00:00Z", "2026-02-01T00:00:00Z"},
      {"@midnight", "2026-01-31T12:00:00Z", "2026-02-01T00:00:00Z"},
      {"@weekly", "2026-01-31T12:00:00Z", "2026-02-01T00:00:00Z"},
      {"@monthly", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"},
      {"@yearly", "2026-01-31T12:00:00Z", "2027-01-01T00:00:00Z"},
      {"@reboot", "2026-01-31T12:00:00Z", "never"},
      {"every 1h", "2026-01-31T12:00:01Z", "2026-01-31T13:00:01Z"},
      {"every 90s", "2026-01-31T12:00:00Z", "2026-01-31T12:01:30Z"},
      {"  0\t2 * * *  ", "1969-12-31T23:00:00Z", "1970-01-01T02:00:00Z"},
  }));
  CAPTURE(schedule, after);
  const auto parsed = CronSchedule::parse(schedule);
  REQUIRE(parsed);
  CHECK(text(parsed->next(at(after))) == next);
}

TEST_CASE("clocks that change move fixed ticks and leave the others to the clock on the wall") {
  struct Given {
    std::string zone, schedule, after;
  };
  // Berlin: 2026-03-29 02:00 -> 03:00 at 01:00Z; 2026-10-25 03:00 -> 02:00 at 01:00Z.
  auto [given, next] = GENERATE(table<Given, std::string>({
      {{"Europe/Berlin", "0 2 * * *", "2026-01-31T12:00:00Z"}, "2026-02-01T01:00:00Z"},
      {{"Europe/Berlin", "30 2 * * *", "2026-03-28T12:00:00Z"}, "2026-03-29T01:00:00Z"},
      {{"Europe/Berlin", "30 2 * * *", "2026-03-29T01:00:00Z"}, "2026-03-30T00:30:00Z"},
      {{"Europe/Berlin", "0 3 * * *", "2026-03-28T12:00:00Z"}, "2026-03-29T01:00:00Z"},
      {{"Europe/Berlin", "30 * * * *", "2026-03-29T00:30:00Z"}, "2026-03-29T01:30:00Z"},
      {{"Europe/Berlin", "*/20 2 * * *", "2026-03-28T12:00:00Z"}, "2026-03-30T00:00:00Z"},
      {{"Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00Z"}, "2026-10-25T00:30:00Z"},
      {{"Europe/Berlin", "30 2 * * *", "2026-10-25T00:30:00Z"}, "2026-10-26T01:30:00Z"},
      {{"Europe/Berlin", "0 3 * * *", "2026-10-25T00:30:00Z"}, "2026-10-25T02:00:00Z"},
      {{"Europe/Berlin", "30 * * * *", "2026-10-25T00:30:00Z"}, "2026-10-25T01:30:00Z"},
      {{"Europe/Berlin", "*/30 2 * * *", "2026-10-25T00:30:00Z"}, "2026-10-25T01:00:00Z"},
      {{"America/New_York", "30 2 * * *", "2026-03-08T00:00:00Z"}, "2026-03-08T07:00:00Z"},
      {{"Asia/Kolkata", "0 0 * * *", "2026-01-31T12:00:00Z"}, "2026-01-31T18:30:00Z"},
      {{"Pacific/Apia", "0 5 30 12 *", "2011-01-01T00:00:00Z"},
       "2012-12-29T15:00:00Z"},  // that day was left out: no mere change of the clock
      {{"UTC", "30 2 * * *", "2026-03-28T12:00:00Z"}, "2026-03-29T02:30:00Z"},
      {{"No/Such_Zone", "30 2 * * *", "2026-03-28T12:00:00Z"}, "2026-03-29T02:30:00Z"},
  }));
  CAPTURE(given.zone, given.schedule, given.after);
  CHECK(text(CronSchedule::parse(given.schedule)->next(at(given.after), given.zone)) == next);
}

TEST_CASE("the tick before a time") {
  struct Given {
    std::string zone, schedule, before;
  };
  auto [given, prev] = GENERATE(table<Given, std::string>({
      {{"", "* * * * *", "2026-01-31T12:00:00Z"}, "2026-01-31T11:59:00Z"},
      {{"", "* * * * *", "2026-01-31T12:00:00.000000001Z"}, "2026-01-31T12:00:00Z"},
      {{"", "0 2 * * *", "2026-01-31T02:00:00Z"}, "2026-01-30T02:00:00Z"},
      {{"", "0 2 * * *", "2026-01-31T02:00:01Z"}, "2026-01-31T02:00:00Z"},
      {{"", "0 0 29 2 *", "2026-01-31T12:00:00Z"}, "2024-02-29T00:00:00Z"},
      {{"", "0 0 31 2 *", "2026-01-31T12:00:00Z"}, "never"},
      {{"Europe/Berlin", "30 2 * * *", "2026-10-25T12:00:00Z"}, "2026-10-25T00:30:00Z"},
      {{"Europe/Berlin", "30 2 * * *", "2026-03-29T12:00:00Z"}, "2026-03-29T01:00:00Z"},
      {{"", "@reboot", "2026-01-31T12:00:00Z"}, "never"},
      {{"", "every 1h", "2026-01-31T12:00:00Z"}, "2026-01-31T11:00:00Z"},
  }));
  CAPTURE(given.zone, given.schedule, given.before);
  CHECK(text(CronSchedule::parse(given.schedule)->prev(at(given.before), given.zone)) == prev);
}

TEST_CASE("every tick before is the tick after, the other way round") {
  auto schedule = GENERATE(as<std::string>(), "*/7 * * * *", "30 2 * * *", "15,45 1-3 * * 0",
                           "0 0 1 * 1", "@hourly");
  auto begin = GENERATE(as<std::string>(), "2026-03-27T00:00:00Z", "2026-10-23T00:00:00Z");
  CAPTURE(schedule, begin);
  const auto parsed = *CronSchedule::parse(schedule);
  auto tick = *parsed.next(at(begin), "Europe/Berlin");
  for (int i = 0; i < 200; ++i) {
    const auto later = *parsed.next(tick, "Europe/Berlin");
    REQUIRE(later > tick);
    REQUIRE(parsed.prev(later, "Europe/Berlin") == tick);
    tick = later;
  }
}

TEST_CASE("a schedule that is none is refused with the field that is wrong") {
  auto [schedule, names] = GENERATE(table<std::string, std::string>({
      {"", "five fields"},
      {"* * * *", "five fields"},
      {"* * * * * *", "five fields"},
      {"@sometimes", "five fields"},
      {"60 * * * *", "minute '60'"},
      {"-1 * * * *", "minute '-1'"},
      {"* 24 * * *", "hour '24'"},
      {"* * 0 * *", "day of month '0'"},
      {"* * * 13 *", "month '13'"},
      {"* * * * 8", "day of week '8'"},
      {"* * * * moon", "day of week 'moon'"},
      {"*/0 * * * *", "minute '*/0'"},
      {"*/x * * * *", "minute '*/x'"},
      {"5-1 * * * *", "minute '5-1'"},
      {"1,,2 * * * *", "minute '1,,2'"},
      {"1, * * * *", "minute '1,'"},
      {"every", "five fields"},
      {"every 59s", "at least a minute"},
      {"every moment", "at least a minute"},
      {std::string(300, '*'), "longer than"},
  }));
  CAPTURE(schedule);
  const auto parsed = CronSchedule::parse(schedule);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().message.find(names) != std::string::npos);
}

TEST_CASE("steps as large as an int end") {
  CHECK(CronSchedule::parse("*/2147483647 * * * *"));
  CHECK_FALSE(CronSchedule::parse("*/2147483648 * * * *"));
}

TEST_CASE("far times have no overflow and no tick") {
  CHECK_FALSE(CronSchedule::parse("* * * * *")->next(INT64_MAX - 1));
  CHECK_FALSE(CronSchedule::parse("every 1h")->next(INT64_MAX - 1));
  CHECK(CronSchedule::parse("* * * * *")->next(0));
}

}  // namespace
}  // namespace logboom
