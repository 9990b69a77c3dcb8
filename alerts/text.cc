#include "alerts/text.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "core/utf8.h"

namespace logboom::alerts {
namespace {

constexpr std::string_view kEllipsis = "\u2026";
constexpr std::int64_t kSecond = 1'000'000'000;

std::tm utc(std::int64_t ns) {
  // Rounded down also before 1970.
  const std::time_t seconds = static_cast<std::time_t>(ns / kSecond - (ns % kSecond < 0 ? 1 : 0));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

template <class... Numbers>
std::string printed(const char* format, Numbers... numbers) {
  char text[80];
  std::snprintf(text, sizeof text, format, numbers...);
  return text;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

std::size_t width(std::string_view text) {
  std::size_t columns = 0;
  for (const char c : text) columns += is_continuation(c) ? 0 : 1;
  return columns;
}

// Past ESC [ ... letter, ESC ] ... BEL and the like; `at` stands on the ESC.
std::size_t after_escape(std::string_view text, std::size_t at) {
  ++at;
  if (at >= text.size()) return at;
  if (text[at] == '[') {
    ++at;
    while (at < text.size() && (text[at] < '@' || text[at] > '~')) ++at;
    return at + 1;
  }
  if (text[at] == ']') {
    while (at < text.size() && text[at] != '\a' && text[at] != '\x1b') ++at;
    return at + 1;
  }
  return at + 1;
}

// Controls of the upper half, joiners, direction marks, line separators, the byte order mark: they
// show nothing and can make a line read as another.
bool is_hidden(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 2) return byte(0) == 0xc2 && byte(1) < 0xa0;
  if (character.size() != 3) return false;
  if (byte(0) == 0xef) return byte(1) == 0xbb && byte(2) == 0xbf;
  if (byte(0) != 0xe2) return false;
  if (byte(1) == 0x80)
    return (byte(2) >= 0x8b && byte(2) <= 0x8f) || (byte(2) >= 0xa8 && byte(2) <= 0xae);
  return byte(1) == 0x81 && byte(2) >= 0xa0 && byte(2) <= 0xaf;
}

}  // namespace

std::string clean_line(std::string_view text) {
  std::string out;
  bool blank = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '\x1b') {
      at = after_escape(text, at);
      continue;
    }
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f') {
      if (out.find_first_not_of(' ') == std::string::npos) {
        if (c == ' ' || c == '\t') out += ' ';
      } else {
        blank = true;
      }
      ++at;
      continue;
    }
    const std::size_t length = utf8_length(text.substr(at));
    const auto character = text.substr(at, length == 0 ? 1 : length);
    at += character.size();
    if (length == 1 && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)) continue;
    if (is_hidden(character)) continue;
    if (blank) out += ' ';
    blank = false;
    out += length == 0 ? "?" : character;
  }
  return out;
}

std::string cut(std::string_view text, std::size_t most_bytes) {
  if (text.size() <= most_bytes) return std::string(text);
  if (most_bytes < kEllipsis.size()) return {};
  std::size_t end = most_bytes - kEllipsis.size();
  while (end > 0 && is_continuation(text[end])) --end;
  return std::string(text.substr(0, end)) + std::string(kEllipsis);
}

std::string wrapped(std::string_view text, std::string_view indent, std::size_t columns) {
  std::string out;
  std::size_t column = 0, line_start = 0, word_start = 0;  // word_start 0: no blank to break at
  for (const char c : text) {
    if (is_continuation(c)) {
      out += c;
      continue;
    }
    if (column >= columns) {
      const std::size_t word = width(std::string_view(out).substr(word_start));
      const bool at_blank = c == ' ' || (word_start > 0 && indent.size() + word < columns);
      const std::string rest = at_blank && c != ' ' ? out.substr(word_start) : std::string();
      if (at_blank && c != ' ') out.resize(word_start - 1);
      out.append("\n").append(indent);
      line_start = out.size();
      out += rest;
      column = indent.size() + width(rest);
      word_start = 0;
      if (c == ' ') continue;
    }
    out += c;
    ++column;
    if (c == ' ' && out.find_first_not_of(' ', line_start) != std::string::npos) {
      word_start = out.size();
    }
  }
  return out + "\n";
}

std::string duration_words(std::int64_t ns) {
  const auto ms = static_cast<long long>(ns < 0 ? 0 : ns / 1'000'000);
  if (ms < 10'000) return printed("%lld.%lld s", ms / 1000, ms % 1000 / 100);
  const long long s = ms / 1000;
  if (s < 120) return printed("%lld s", s);
  if (s < 7200) return printed("%lld min", s / 60);
  if (s < 48 * 3600) return printed("%lld h %lld min", s / 3600, s % 3600 / 60);
  return printed("%lld days %lld h", s / 86400, s % 86400 / 3600);
}

std::string time_words(std::int64_t ns) {
  const std::tm t = utc(ns);
  return printed("%04d-%02d-%02d %02d:%02d UTC", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
                 t.tm_hour, t.tm_min);
}

std::string clock_words(std::int64_t ns, std::int64_t now_ns) {
  const std::tm t = utc(ns), now = utc(now_ns);
  const std::string clock = printed("%02d:%02d UTC", t.tm_hour, t.tm_min);
  if (t.tm_year == now.tm_year && t.tm_yday == now.tm_yday) return clock;
  if (t.tm_year == now.tm_year) return printed("%02d-%02d ", t.tm_mon + 1, t.tm_mday) + clock;
  return time_words(ns);
}

std::string mail_date(std::int64_t ns) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm t = utc(ns);
  return printed("%s, %02d %s %04d %02d:%02d:%02d +0000", kDays[t.tm_wday], t.tm_mday,
                 kMonths[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

std::string size_words(std::int64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= 1024 && unit + 1 < std::size(kUnits)) {
    size /= 1024;
    ++unit;
  }
  return printed(size < 100 && unit > 0 ? "%.1f %s" : "%.0f %s", size, kUnits[unit]);
}

std::string signal_words(std::int64_t signal) {
  const char* name = sigabbrev_np(static_cast<int>(signal));
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

std::string counted(std::int64_t count, std::string_view one) {
  return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

}  // namespace logboom::alerts
