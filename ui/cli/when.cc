#include "ui/cli/when.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <vector>

#include "core/time.h"

namespace logboom::ui::cli {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMinUnixDigits = 10;  // fewer digits are a number of seconds ago

std::int64_t floor_seconds(std::int64_t time_ns) {
  return time_ns / kSecond - (time_ns % kSecond < 0 ? 1 : 0);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Numbers between single separator characters: fields("14:05", ':') is {14, 5}.
std::optional<std::vector<int>> fields(std::string_view text, char separator) {
  std::vector<int> values;
  for (;;) {
    const auto end = text.find(separator);
    const auto part = text.substr(0, end);
    if (!all_digits(part) || part.size() > 4) return std::nullopt;
    int value = 0;
    std::from_chars(part.data(), part.data() + part.size(), value);
    values.push_back(value);
    if (end == std::string_view::npos) return values;
    text.remove_prefix(end + 1);
  }
}

// HH:MM or HH:MM:SS, into the fields of a day.
bool set_clock(std::string_view text, std::tm& day) {
  const auto clock = fields(text, ':');
  if (!clock || clock->size() < 2 || clock->size() > 3) return false;
  const int second = clock->size() == 3 ? (*clock)[2] : 0;
  if ((*clock)[0] > 23 || (*clock)[1] > 59 || second > 60) return false;
  day.tm_hour = (*clock)[0];
  day.tm_min = (*clock)[1];
  day.tm_sec = second;
  day.tm_isdst = -1;
  return true;
}

// YYYY-MM-DD, at midnight.
bool set_date(std::string_view text, std::tm& day) {
  const auto date = fields(text, '-');
  if (!date || date->size() != 3 || (*date)[0] < 1970) return false;
  if ((*date)[1] < 1 || (*date)[1] > 12 || (*date)[2] < 1 || (*date)[2] > 31) return false;
  day = {};
  day.tm_year = (*date)[0] - 1900;
  day.tm_mon = (*date)[1] - 1;
  day.tm_mday = (*date)[2];
  day.tm_isdst = -1;
  return true;
}

// "3 days", "1 minute" as the duration the core reads: 3d, 1m.
std::string as_duration(std::string_view text) {
  const auto space = text.find(' ');
  if (space == std::string_view::npos || !all_digits(text.substr(0, space))) {
    return std::string(text);
  }
  auto unit = trim(text.substr(space));
  if (unit.size() > 2 && unit.back() == 's') unit.remove_suffix(1);
  struct Unit {
    std::string_view word, suffix;
  };
  static constexpr auto kUnits = std::to_array<Unit>({{"second", "s"},
                                                      {"sec", "s"},
                                                      {"minute", "m"},
                                                      {"min", "m"},
                                                      {"hour", "h"},
                                                      {"day", "d"},
                                                      {"week", "w"},
                                                      {"year", "y"}});
  for (const auto& known : kUnits) {
    if (unit == known.word) unit = known.suffix;
  }
  return std::string(text.substr(0, space)).append(unit);
}

std::optional<std::int64_t> parse_day_or_clock(std::string_view text, std::int64_t now,
                                               const Zone& zone) {
  std::tm day = zone.at(now);
  day.tm_hour = day.tm_min = day.tm_sec = 0;
  day.tm_isdst = -1;
  if (text == "today") return zone.time_ns(day);
  if (text == "yesterday") {
    --day.tm_mday;
    return zone.time_ns(day);
  }
  if (set_clock(text, day)) {
    if (zone.time_ns(day) > now) --day.tm_mday;
    day.tm_isdst = -1;
    return zone.time_ns(day);
  }
  const auto space = text.find_first_of(" T");
  if (!set_date(text.substr(0, space), day)) return std::nullopt;
  if (space == std::string_view::npos || set_clock(text.substr(space + 1), day)) {
    return zone.time_ns(day);
  }
  return std::nullopt;
}

std::string offset_text(const std::tm& fields) {
  const long minutes = fields.tm_gmtoff / 60;
  if (minutes == 0) return "Z";
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%c%02ld:%02ld", minutes < 0 ? '-' : '+',
                std::labs(minutes) / 60 % 100, std::labs(minutes) % 60);
  return text.data();
}

std::string print_fields(const char* format, const std::tm& fields) {
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &fields)};
}

std::string relative(std::int64_t age_ns) {
  const std::int64_t seconds = std::abs(age_ns / kSecond);
  std::string amount = std::to_string(seconds) + "s";
  if (seconds >= 2 * 86'400) {
    amount = std::to_string(seconds / 86'400) + "d";
  } else if (seconds >= 2 * 3'600) {
    amount = std::to_string(seconds / 3'600) + "h";
  } else if (seconds >= 2 * 60) {
    amount = std::to_string(seconds / 60) + "m";
  }
  return age_ns < 0 ? "in " + amount : amount + " ago";
}

}  // namespace

Result<Zone> Zone::named(std::string_view name) {
  if (name.empty() || name == "local") {
    tzset();
    return Zone(false);
  }
  if (name == "UTC" || name == "utc" || name == "Z") return Zone(true);
  const char* directory = std::getenv("TZDIR");
  const auto path =
      std::string(directory ? directory : "/usr/share/zoneinfo") + "/" + std::string(name);
  if (name.front() == '/' || name.find("..") != std::string_view::npos ||
      access(path.c_str(), R_OK) != 0) {
    return fail(Errc::invalid, "--tz: unknown time zone '" + std::string(name) +
                                   "'; use local, UTC or a name such as Europe/Berlin");
  }
  setenv("TZ", std::string(name).c_str(), 1);
  tzset();
  return Zone(false);
}

std::tm Zone::at(std::int64_t time_ns) const {
  const std::time_t seconds = floor_seconds(time_ns);
  std::tm fields{};
  if (utc_) {
    gmtime_r(&seconds, &fields);
  } else {
    localtime_r(&seconds, &fields);
  }
  return fields;
}

std::int64_t Zone::time_ns(std::tm fields) const {
  return (utc_ ? timegm(&fields) : mktime(&fields)) * kSecond;
}

Result<std::int64_t> parse_when(std::string_view text, std::int64_t now, const Zone& zone) {
  const auto asked = text;
  text = trim(text);
  if (text == "now") return now;
  if (const auto day = parse_day_or_clock(text, now, zone)) return *day;
  if (const auto exact = parse_rfc3339(text)) return *exact;
  const bool at = text.starts_with('@');
  const auto digits = text.substr(at ? 1 : 0);
  if (all_digits(digits) && (at || digits.size() >= kMinUnixDigits)) {
    if (const auto exact = parse_loki_time(digits)) return *exact;
  }
  if (text.ends_with(" ago")) text = trim(text.substr(0, text.size() - 4));
  if (text.starts_with('-')) text.remove_prefix(1);
  if (const auto age = parse_duration(as_duration(text)); age && age->count() >= 0) {
    return now - age->count();
  }
  return fail(Errc::invalid, "cannot read the time '" + std::string(asked) +
                                 "'; write 2h, '3 days ago', today, yesterday, 14:05, 2026-01-31, "
                                 "'2026-01-31 14:05' or 2026-01-31T14:05:00Z");
}

Result<TimeStyle> parse_time_style(std::string_view text) {
  if (text == "short") return TimeStyle::clock;
  if (text == "iso") return TimeStyle::iso;
  if (text == "unix") return TimeStyle::unix_seconds;
  if (text == "rel") return TimeStyle::relative;
  if (text == "none") return TimeStyle::none;
  return fail(Errc::invalid, "--timestamps: unknown style '" + std::string(text) +
                                 "'; one of short, iso, unix, rel, none");
}

std::string format_when(std::int64_t time_ns, TimeStyle style, std::int64_t now, const Zone& zone) {
  const std::int64_t seconds = floor_seconds(time_ns);
  const std::int64_t rest = time_ns - seconds * kSecond;
  std::array<char, 32> fraction{};
  const std::tm fields = zone.at(time_ns);
  switch (style) {
    case TimeStyle::none:
      return "";
    case TimeStyle::clock: {
      const std::tm today = zone.at(now);
      if (fields.tm_year != today.tm_year) return print_fields("%Y-%m-%d %H:%M:%S", fields);
      if (fields.tm_yday != today.tm_yday) return print_fields("%b %d %H:%M:%S", fields);
      return print_fields("%H:%M:%S", fields);
    }
    case TimeStyle::iso:
      std::snprintf(fraction.data(), fraction.size(), ".%03d", static_cast<int>(rest / 1'000'000));
      return print_fields("%Y-%m-%dT%H:%M:%S", fields) + fraction.data() + offset_text(fields);
    case TimeStyle::unix_seconds:
      std::snprintf(fraction.data(), fraction.size(), ".%09d", static_cast<int>(rest));
      return std::to_string(seconds) + fraction.data();
    case TimeStyle::relative:
      return relative(now - time_ns);
  }
  return "";
}

}  // namespace logboom::ui::cli
