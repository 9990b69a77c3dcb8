#include "core/cron_schedule.h"

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <exception>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "core/time.h"

namespace logboom {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kDayMinutes = 24 * 60;
// Larger changes are corrections of a wrong clock: cron then only follows it.
constexpr std::int64_t kLargestJump = 3 * 3600;
constexpr std::int64_t kFarSeconds = std::int64_t{1} << 40;
constexpr std::int64_t kHorizonSeconds = CronSchedule::kHorizonYears * std::int64_t{366} * 86'400;
// The last day an int64 of nanoseconds can name is left out.
constexpr std::int64_t kLastSecond = std::numeric_limits<std::int64_t>::max() / kSecond - 86'400;
constexpr std::size_t kMaxText = 256;

constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                        "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view kWeekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Field {
  std::string_view name;
  int least, most;
  std::span<const std::string_view> words;  // the first of them is `least`
};
const std::array<Field, 5> kFields{{{"minute", 0, 59, {}},
                                    {"hour", 0, 23, {}},
                                    {"day of month", 1, 31, {}},
                                    {"month", 1, 12, kMonths},
                                    {"day of week", 0, 7, kWeekdays}}};

struct Named {
  std::string_view name, fields;
};
constexpr Named kNamed[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
    {"@hourly", "0 * * * *"},
};

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return -floor_div(-a, b); }

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return words;
    const auto end = std::min(text.find_first_of(" \t", begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

std::optional<int> number(const Field& field, std::string_view text) {
  const auto same = [&](std::string_view word) {
    return std::ranges::equal(word, text, [](char a, char b) {
      return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b);
    });
  };
  const auto word = std::ranges::find_if(field.words, same);
  if (word != field.words.end()) return field.least + static_cast<int>(word - field.words.begin());
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value >= field.least && value <= field.most ? std::optional(value) : std::nullopt;
}

Error wrong(const Field& field, std::string_view text) {
  return {Errc::invalid, "schedule: " + std::string(field.name) + " '" + std::string(text) +
                             "': wanted are *, numbers from " + std::to_string(field.least) +
                             " to " + std::to_string(field.most) +
                             ", ranges a-b, steps */n, and lists of these"};
}

// One part of a list: *, n, a-b, each with /step.
bool add_part(const Field& field, std::string_view part, std::uint64_t& bits) {
  const auto slash = part.find('/');
  const auto range = part.substr(0, slash);
  int step = 1, first = field.least, last = field.most;
  if (slash != std::string_view::npos) {
    const auto text = part.substr(slash + 1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), step);
    if (error != std::errc{} || end != text.data() + text.size() || step < 1) return false;
  }
  if (range != "*") {
    const auto dash = range.find('-');
    const auto from = number(field, range.substr(0, dash));
    if (!from) return false;
    first = *from;
    if (dash != std::string_view::npos) {
      const auto to = number(field, range.substr(dash + 1));
      if (!to || *to < first) return false;
      last = *to;
    } else if (slash == std::string_view::npos) {
      last = first;
    }
  }
  for (int value = first; value <= last; value += std::min(step, last + 1)) {
    bits |= std::uint64_t{1} << value;
  }
  return true;
}

Result<std::uint64_t> parse_field(const Field& field, std::string_view text) {
  std::uint64_t bits = 0;
  for (auto rest = text;;) {
    const auto comma = rest.find(',');
    if (!add_part(field, rest.substr(0, comma), bits)) return fail(wrong(field, text));
    if (comma == std::string_view::npos) return bits;
    rest.remove_prefix(comma + 1);
  }
}

// A stretch of time in which the local clock has one offset from UTC; seconds, end excluded.
struct Stretch {
  std::int64_t begin = -kFarSeconds, end = kFarSeconds, offset = 0;
};

const date::time_zone* find_zone(std::string_view name) {
  if (name.empty() || name == "UTC" || name == "Etc/UTC") return nullptr;
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {  // no such zone, or no database
    return nullptr;
  }
}

Stretch stretch_at(const date::time_zone* zone, std::int64_t seconds) {
  if (zone == nullptr) return {};
  const auto info = zone->get_info(date::sys_seconds(std::chrono::seconds(seconds)));
  return {std::max<std::int64_t>(info.begin.time_since_epoch().count(), -kFarSeconds),
          std::min<std::int64_t>(info.end.time_since_epoch().count(), kFarSeconds),
          info.offset.count()};
}

}  // namespace

Result<CronSchedule> CronSchedule::parse(std::string_view text) {
  CronSchedule schedule;
  if (text.size() > kMaxText) return fail(Errc::invalid, "schedule: longer than 256 bytes");
  auto words = words_of(text);
  if (words.size() == 2 && words.front() == "every") {
    const auto period = parse_duration(words.back());
    if (!period || *period < std::chrono::minutes(1)) {
      return fail(Errc::invalid, "schedule: '" + std::string(text) +
                                     "': wanted is a duration of at least a minute: every 1h");
    }
    schedule.period_ = std::chrono::floor<std::chrono::seconds>(*period);
    return schedule;
  }
  if (words.size() == 1 && words.front() == "@reboot") {
    schedule.reboot_ = true;
    return schedule;
  }
  if (words.size() == 1) {
    const auto* const named = std::ranges::find(kNamed, words.front(), &Named::name);
    if (named != std::end(kNamed)) words = words_of(named->fields);
  }
  if (words.size() != kFields.size()) {
    return fail(Errc::invalid,
                "schedule: '" + std::string(text) +
                    "': wanted are five fields (minute, hour, day of month, month, day of week), "
                    "@hourly, @daily, @weekly, @monthly, @yearly, @reboot, or every DURATION");
  }
  std::array<std::uint64_t, 5> bits{};
  for (std::size_t i = 0; i < bits.size(); ++i) {
    auto parsed = parse_field(kFields[i], words[i]);
    if (!parsed) return fail(std::move(parsed).error());
    bits[i] = *parsed;
  }
  const auto star = [&](std::size_t i) { return words[i].starts_with('*'); };
  schedule.minutes_ = bits[0];
  schedule.hours_ = static_cast<std::uint32_t>(bits[1]);
  schedule.days_ = static_cast<std::uint32_t>(bits[2]);
  schedule.months_ = static_cast<std::uint16_t>(bits[3]);
  schedule.weekdays_ = static_cast<std::uint8_t>((bits[4] | bits[4] >> 7) & 0x7f);
  schedule.both_days_ = star(2) || star(4);
  schedule.follows_wall_ = star(0) || star(1);
  return schedule;
}

bool CronSchedule::day_fits(std::int64_t day) const {
  const std::chrono::sys_days at{std::chrono::days(day)};
  const std::chrono::year_month_day date(at);
  if ((months_ >> static_cast<unsigned>(date.month()) & 1) == 0) return false;
  const bool of_month = (days_ >> static_cast<unsigned>(date.day()) & 1) != 0;
  const bool of_week = (weekdays_ >> std::chrono::weekday(at).c_encoding() & 1) != 0;
  return both_days_ ? of_month && of_week : of_month || of_week;
}

std::optional<std::int64_t> CronSchedule::find(std::int64_t from, std::int64_t to) const {
  while (from < to) {
    const auto day = floor_div(from, kDayMinutes);
    if (day_fits(day)) {
      const auto of_day = static_cast<int>(from - day * kDayMinutes);
      for (int hour = of_day / 60; hour < 24; ++hour) {
        if ((hours_ >> hour & 1) == 0) continue;
        const int least = hour == of_day / 60 ? of_day % 60 : 0;
        const auto left = minutes_ >> least;
        if (left == 0) continue;
        const auto found = day * kDayMinutes + hour * 60 + least + std::countr_zero(left);
        return found < to ? std::optional(found) : std::nullopt;
      }
    }
    from = (day + 1) * kDayMinutes;
  }
  return std::nullopt;
}

std::optional<std::int64_t> CronSchedule::next(std::int64_t after_ns, std::string_view name) const {
  if (reboot_) return std::nullopt;
  if (period_) {
    const auto more = period_->count();
    if (more > (std::numeric_limits<std::int64_t>::max() - std::max<std::int64_t>(after_ns, 0)) /
                   kSecond) {
      return std::nullopt;
    }
    return after_ns + more * kSecond;
  }
  const auto* const zone = find_zone(name);
  const auto after = floor_div(after_ns, kSecond);
  const auto horizon = std::min(after + kHorizonSeconds, kLastSecond);
  auto from = after + 1;
  auto stretch = stretch_at(zone, after);
  while (from < horizon) {
    auto first = ceil_div(from + stretch.offset, 60);
    if (!follows_wall_ && stretch.begin > -kFarSeconds) {
      const auto before = stretch_at(zone, stretch.begin - 1).offset;
      const bool repeats = before > stretch.offset && before - stretch.offset < kLargestJump;
      if (repeats) first = std::max(first, ceil_div(stretch.begin + before, 60));
    }
    const auto end = std::min(stretch.end, horizon);
    if (const auto found = find(first, ceil_div(end + stretch.offset, 60))) {
      return (*found * 60 - stretch.offset) * kSecond;
    }
    if (stretch.end >= horizon) return std::nullopt;
    const auto later = stretch_at(zone, stretch.end);
    const auto jump = later.offset - stretch.offset;
    if (!follows_wall_ && jump > 0 && jump < kLargestJump &&
        find(ceil_div(stretch.end + stretch.offset, 60),
             ceil_div(stretch.end + later.offset, 60))) {
      return ceil_div(stretch.end, 60) * 60 * kSecond;
    }
    from = stretch.end;
    stretch = later;
  }
  return std::nullopt;
}

// The latest moment whose next tick still lies before the time, by halving.
std::optional<std::int64_t> CronSchedule::prev(std::int64_t before_ns,
                                               std::string_view zone) const {
  if (reboot_) return std::nullopt;
  if (period_) {
    const auto less = period_->count();
    if (less > before_ns / kSecond) return std::nullopt;
    return before_ns - less * kSecond;
  }
  const auto before = ceil_div(before_ns, kSecond);  // ticks are full seconds
  const auto tick_after = [&](std::int64_t seconds) -> std::optional<std::int64_t> {
    const auto tick = next(seconds * kSecond, zone);
    return tick && *tick < before_ns ? tick : std::nullopt;
  };
  std::int64_t back = 60;
  auto tick = tick_after(before - back);
  while (!tick) {
    back *= 2;
    if (back > kHorizonSeconds) return std::nullopt;
    tick = tick_after(before - back);
  }
  auto low = before - back, high = before;
  while (high - low > 1) {
    const auto middle = low + (high - low) / 2;
    if (const auto later = tick_after(middle)) {
      tick = later;
      low = middle;
    } else {
      high = middle;
    }
  }
  return tick;
}

bool zone_known(std::string_view zone) {
  return zone.empty() || zone == "UTC" || zone == "Etc/UTC" || find_zone(zone) != nullptr;
}

}  // namespace logboom
