#include "core/time.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace logboom {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;

// Reads exactly `digits` decimal digits from the front.
bool take_digits(std::string_view& text, int digits, int& value) {
  value = 0;
  if (text.size() < static_cast<std::size_t>(digits)) return false;
  for (int i = 0; i < digits; ++i) {
    const char c = text[static_cast<std::size_t>(i)];
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(static_cast<std::size_t>(digits));
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool take_fraction(std::string_view& text, std::int64_t& nanoseconds) {
  nanoseconds = 0;
  if (!take(text, '.')) return true;
  std::int64_t unit = kSecond / 10;
  std::size_t used = 0;
  while (used < text.size() && text[used] >= '0' && text[used] <= '9') {
    nanoseconds += unit * (text[used] - '0');
    unit /= 10;
    ++used;
  }
  text.remove_prefix(used);
  return used > 0;
}

bool take_offset(std::string_view& text, int& minutes) {
  minutes = 0;
  if (take(text, 'Z') || take(text, 'z')) return true;
  const bool west = !text.empty() && text.front() == '-';
  if (!take(text, '+') && !take(text, '-')) return false;
  int hour = 0, minute = 0;
  if (!take_digits(text, 2, hour) || !take(text, ':') || !take_digits(text, 2, minute))
    return false;
  if (hour > 23 || minute > 59) return false;
  minutes = (hour * 60 + minute) * (west ? -1 : 1);
  return true;
}

std::unexpected<Error> bad_time(std::string_view text) {
  return fail(Errc::invalid, "cannot parse \"" + std::string(text.substr(0, 64)) +
                                 "\" to a valid timestamp: use RFC 3339 "
                                 "(2026-01-31T12:00:00Z), or seconds or nanoseconds since 1970");
}

struct Unit {
  std::string_view name;
  double nanoseconds;
};
constexpr Unit kUnits[] = {
    {"ns", 1},   {"us", 1e3},   {"µs", 1e3},    {"ms", 1e6},        {"s", 1e9},
    {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}, {"w", 7 * 86400e9}, {"y", 365 * 86400e9},
};

}  // namespace

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Result<std::int64_t> parse_rfc3339(std::string_view text) {
  const std::string_view whole = text;
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offset = 0;
  std::int64_t fraction = 0;
  const bool shape = take_digits(text, 4, year) && take(text, '-') && take_digits(text, 2, month) &&
                     take(text, '-') && take_digits(text, 2, day) &&
                     (take(text, 'T') || take(text, 't') || take(text, ' ')) &&
                     take_digits(text, 2, hour) && take(text, ':') &&
                     take_digits(text, 2, minute) && take(text, ':') &&
                     take_digits(text, 2, second) && take_fraction(text, fraction) &&
                     take_offset(text, offset) && text.empty();
  // Years outside these do not fit nanoseconds in 64 bits.
  if (!shape || year < 1678 || year > 2261 || hour > 23 || minute > 59 || second > 60) {
    return bad_time(whole);
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return bad_time(whole);
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * kDay + (hour * 3600 + minute * 60 + second - offset * 60) * kSecond + fraction;
}

Result<std::int64_t> parse_loki_time(std::string_view text) {
  const bool numeric = !text.empty() && text.find_first_not_of("0123456789.-+eE") == text.npos;
  if (!numeric || text.find('-', 1) != text.npos) return parse_rfc3339(text);
  const char* end = text.data() + text.size();
  if (text.find('.') != text.npos) {
    double seconds = 0;
    auto [stop, error] = std::from_chars(text.data(), end, seconds);
    if (error != std::errc() || stop != end || !(std::abs(seconds) < 9e9)) return bad_time(text);
    // Whole seconds apart, so that the fraction keeps its microseconds.
    const double whole = std::floor(seconds);
    return static_cast<std::int64_t>(whole) * kSecond + std::llround((seconds - whole) * 1e9);
  }
  std::int64_t number = 0;
  auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return bad_time(text);
  const std::size_t digits = text.size() - (text[0] == '-' ? 1 : 0);
  return digits <= 10 ? number * kSecond : number;
}

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const std::string_view whole = text;
  auto bad = [&] {
    return fail(Errc::invalid, "not a valid duration string: \"" +
                                   std::string(whole.substr(0, 64)) +
                                   "\": write it as 90s, 15m, 1h30m, 7d");
  };
  const bool negative = take(text, '-');
  if (text.empty()) return bad();
  double total = 0;
  while (!text.empty()) {
    double number = 0;
    auto [stop, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc() || !(number >= 0)) return bad();
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    const Unit* unit = nullptr;
    for (const auto& candidate : kUnits) {
      if (text.starts_with(candidate.name) &&
          (unit == nullptr || candidate.name.size() > unit->name.size())) {
        unit = &candidate;
      }
    }
    if (unit == nullptr) {
      // A bare number is seconds, but only alone.
      if (!text.empty() || total != 0) return bad();
      total = number * 1e9;
      break;
    }
    text.remove_prefix(unit->name.size());
    total += number * unit->nanoseconds;
  }
  if (!(total < 9.2e18)) return bad();
  const auto count = static_cast<std::int64_t>(total + 0.5);
  return std::chrono::nanoseconds(negative ? -count : count);
}

std::string format_duration(std::chrono::nanoseconds duration) {
  std::int64_t rest = duration.count();
  if (rest == 0) return "0s";
  std::string out;
  if (rest < 0) {
    out = "-";
    rest = rest == std::numeric_limits<std::int64_t>::min()
               ? std::numeric_limits<std::int64_t>::max()
               : -rest;
  }
  static constexpr std::pair<std::string_view, std::int64_t> kSteps[] = {
      {"d", kDay},    {"h", 3600 * kSecond}, {"m", 60 * kSecond},
      {"s", kSecond}, {"ms", 1'000'000},     {"us", 1'000},
      {"ns", 1}};
  for (const auto& [unit, size] : kSteps) {
    if (rest < size) continue;
    out += std::to_string(rest / size);
    out += unit;
    rest %= size;
  }
  return out;
}

std::string format_rfc3339(std::int64_t time_ns, int digits) {
  const std::int32_t day = day_of(time_ns);
  const std::int64_t in_day = time_ns - day * kDay;
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  const auto seconds = static_cast<int>(in_day / kSecond);
  char buffer[64];
  int size = std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d",
                           static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                           static_cast<unsigned>(date.day()), seconds / 3600, seconds / 60 % 60,
                           seconds % 60);
  std::string out(buffer, static_cast<std::size_t>(size));
  if (digits > 0) {
    size =
        std::snprintf(buffer, sizeof buffer, ".%09lld", static_cast<long long>(in_day % kSecond));
    out.append(buffer, static_cast<std::size_t>(std::min(digits, 9)) + 1);
  }
  return out + "Z";
}

std::int32_t day_of(std::int64_t time_ns) {
  std::int64_t day = time_ns / kDay;
  if (time_ns % kDay < 0) --day;
  return static_cast<std::int32_t>(day);
}

std::string day_name(std::int32_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  char buffer[32];
  const int size =
      std::snprintf(buffer, sizeof buffer, "%04d%02u%02u", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return {buffer, static_cast<std::size_t>(size)};
}

}  // namespace logboom
