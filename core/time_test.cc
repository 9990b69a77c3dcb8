#include "core/time.h"

#include <catch2/catch.hpp>
#include <tuple>

namespace logboom {

TEST_CASE("RFC 3339 and Loki's other forms of a time") {
  auto [text, expected] = GENERATE(table<std::string, std::int64_t>({
      {"1970-01-01T00:00:00Z", 0},
      {"2026-01-31T12:00:00.123456789Z", 1769860800123456789},
      {"2026-01-31T12:00:00.1234567891Z", 1769860800123456789},
      {"2026-01-31T13:00:00.5+01:00", 1769860800500000000},
      {"1969-12-31T23:59:59.5Z", -500000000},
      {"1769860800", 1769860800000000000},
      {"1769860800.25", 1769860800250000000},
      {"1769860800123456789", 1769860800123456789},
      {"17698608001", 17698608001},
  }));
  CAPTURE(text);
  REQUIRE(parse_loki_time(text));
  CHECK(*parse_loki_time(text) == expected);
}

TEST_CASE("what is no time is refused") {
  for (const char* text :
       {"", "now", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00", "9999-01-01T00:00:00Z", "99999999999999999999", "1.2.3",
        "2026-01-01T00:00:00.Z", "-", "1e400."}) {
    CAPTURE(text);
    CHECK_FALSE(parse_loki_time(text));
  }
}

TEST_CASE("times print as they parse") {
  for (std::int64_t time : {0L, 1769860800123456789L, -1L, 951782400000000000L}) {
    CHECK(*parse_rfc3339(format_rfc3339(time)) == time);
  }
  CHECK(format_rfc3339(1769860800123456789, 3) == "2026-01-31T12:00:00.123Z");
  CHECK(format_rfc3339(1769860800123456789, 0) == "2026-01-31T12:00:00Z");
  CHECK(day_name(day_of(1769860800123456789)) == "20260131");
  CHECK(day_name(day_of(-1)) == "19691231");
}

TEST_CASE("durations") {
  using namespace std::chrono;
  auto [text, expected] = GENERATE(table<std::string, nanoseconds>({
      {"90s", seconds(90)},
      {"1h30m", minutes(90)},
      {"250ms", milliseconds(250)},
      {"7d", hours(168)},
      {"15000ms", seconds(15)},
      {"1.5", milliseconds(1500)},
      {"0", seconds(0)},
      {"-5m", minutes(-5)},
  }));
  CAPTURE(text);
  REQUIRE(parse_duration(text));
  CHECK(*parse_duration(text) == expected);
  CHECK(*parse_duration(format_duration(expected)) == expected);
  for (const char* bad : {"", "h", "5 m", "1x", "1h5", "nan", "inf", "1e30h"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration(bad));
  }
}

}  // namespace logboom
