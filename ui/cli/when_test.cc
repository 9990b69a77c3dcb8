#include "ui/cli/when.h"

#include <catch2/catch.hpp>
#include <string>

#include "core/time.h"

namespace logboom::ui::cli {
namespace {

// A Wednesday.
const std::int64_t kNow = *parse_rfc3339("2026-11-25T13:30:00Z");

TEST_CASE("a time is read as people write it") {
  auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"now", "2026-11-25T13:30:00Z"},
      {"2h", "2026-11-25T11:30:00Z"},
      {"-2h", "2026-11-25T11:30:00Z"},
      {"2h ago", "2026-11-25T11:30:00Z"},
      {"1h30m", "2026-11-25T12:00:00Z"},
      {"90", "2026-11-25T13:28:30Z"},
      {"5 minutes ago", "2026-11-25T13:25:00Z"},
      {"1 hour ago", "2026-11-25T12:30:00Z"},
      {"3 days ago", "2026-11-22T13:30:00Z"},
      {"2 weeks", "2026-11-11T13:30:00Z"},
      {"today", "2026-11-25T00:00:00Z"},
      {"yesterday", "2026-11-24T00:00:00Z"},
      {"13:05", "2026-11-25T13:05:00Z"},
      {"13:05:09", "2026-11-25T13:05:09Z"},
      {"23:05", "2026-11-24T23:05:00Z"},
      {"2026-01-31", "2026-01-31T00:00:00Z"},
      {"2026-01-31 14:05", "2026-01-31T14:05:00Z"},
      {"2026-01-31T14:05:06", "2026-01-31T14:05:06Z"},
      {"2026-01-31T14:05:06Z", "2026-01-31T14:05:06Z"},
      {"2026-01-31T14:05:06+02:00", "2026-01-31T12:05:06Z"},
      {"@1769868306", "2026-01-31T14:05:06Z"},
      {"1769868306", "2026-01-31T14:05:06Z"},
      {"1769868306000000000", "2026-01-31T14:05:06Z"},
  }));
  CAPTURE(text);
  const auto parsed = parse_when(text, kNow, Zone::utc());
  REQUIRE(parsed);
  CHECK(format_rfc3339(*parsed, 0) == expected);
}

TEST_CASE("a text that is no time is refused with the forms that work") {
  const std::string text =
      GENERATE("", "soon", "25:00", "14:61", "2026-13-01", "3 moons ago", "2026-01-31 9pm");
  CAPTURE(text);
  const auto parsed = parse_when(text, kNow, Zone::utc());
  REQUIRE(!parsed);
  CHECK(parsed.error().code == Errc::invalid);
  CHECK(parsed.error().message.find("3 days ago") != std::string::npos);
}

TEST_CASE("a time zone moves midnight and the clock") {
  const auto zone = Zone::named("Asia/Tokyo");
  REQUIRE(zone);
  CHECK(format_rfc3339(*parse_when("today", kNow, *zone), 0) == "2026-11-24T15:00:00Z");
  CHECK(format_rfc3339(*parse_when("22:00", kNow, *zone), 0) == "2026-11-25T13:00:00Z");
  CHECK(format_when(kNow, TimeStyle::clock, kNow, *zone) == "22:30:00");
  CHECK(format_when(kNow, TimeStyle::iso, kNow, *zone) == "2026-11-25T22:30:00.000+09:00");
  for (const char* bad : {"Mars/Olympus", "../../etc/passwd", "/etc/passwd"}) {
    CAPTURE(bad);
    const auto unknown = Zone::named(bad);
    REQUIRE(!unknown);
    CHECK(unknown.error().message.find("Europe/Berlin") != std::string::npos);
  }
}

TEST_CASE("a time prints in the asked style") {
  auto [style, time, expected] = GENERATE(table<TimeStyle, std::string, std::string>({
      {TimeStyle::clock, "2026-11-25T13:29:58.5Z", "13:29:58"},
      {TimeStyle::clock, "2026-11-24T13:29:58Z", "Nov 24 13:29:58"},
      {TimeStyle::clock, "2025-11-25T13:29:58Z", "2025-11-25 13:29:58"},
      {TimeStyle::iso, "2026-11-24T13:29:58.123456Z", "2026-11-24T13:29:58.123Z"},
      {TimeStyle::unix_seconds, "2026-01-31T14:05:06.5Z", "1769868306.500000000"},
      {TimeStyle::relative, "2026-11-25T13:29:58Z", "2s ago"},
      {TimeStyle::relative, "2026-11-25T13:10:00Z", "20m ago"},
      {TimeStyle::relative, "2026-11-25T03:30:00Z", "10h ago"},
      {TimeStyle::relative, "2026-11-15T13:30:00Z", "10d ago"},
      {TimeStyle::relative, "2026-11-25T13:30:05Z", "in 5s"},
      {TimeStyle::none, "2026-11-25T13:30:05Z", ""},
  }));
  CHECK(format_when(*parse_rfc3339(time), style, kNow, Zone::utc()) == expected);
}

}  // namespace
}  // namespace logboom::ui::cli
