#include "query/why/text.h"

#include <algorithm>
#include <array>
#include <string>

#include "query/why/mask.h"

namespace logboom::query::why {
namespace {

constexpr char kEscape = '\x1b', kBell = '\x07';

bool digit(char c) { return c >= '0' && c <= '9'; }
bool space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

// Whether a colour sequence's numbers leave red on, given whether it was on before.
bool red_after(std::string_view numbers, bool red) {
  if (numbers.empty()) return false;
  int value = 0, previous = -1, before_previous = -1;
  const auto apply = [&] {
    const bool indexed = before_previous == 38 && previous == 5;
    if (indexed) {
      red = value == 1 || value == 9 || value == 160 || value == 196;
    } else if (value == 31 || value == 91 || value == 41 || value == 101) {
      red = true;
    } else if (value == 0 || (value >= 30 && value <= 39) || (value >= 90 && value <= 97)) {
      red = false;
    }
    before_previous = previous;
    previous = value;
    value = 0;
  };
  for (const char c : numbers) {
    if (digit(c)) {
      value = std::min(value * 10 + (c - '0'), 1000);
    } else {
      apply();
    }
  }
  apply();
  return red;
}

struct Stripped {
  std::string text;
  bool red = false;     // something visible was red
  bool erased = false;  // it cleared the line
};

// The end of the escape sequence that starts at `at`.
std::size_t sequence_end(std::string_view text, std::size_t at) {
  if (at + 1 >= text.size()) return text.size();
  const char kind = text[at + 1];
  std::size_t i = at + 2;
  if (kind == '[') {
    while (i < text.size() && (text[i] < '@' || text[i] > '~')) ++i;
    return std::min(i + 1, text.size());
  }
  if (kind == ']') {
    while (i < text.size() && text[i] != kBell && text[i] != kEscape) ++i;
    if (i + 1 < text.size() && text[i] == kEscape && text[i + 1] == '\\') ++i;
    return std::min(i + 1, text.size());
  }
  if (kind == '(' || kind == ')' || kind == '#') return std::min(i + 1, text.size());
  return i;
}

void strip(std::string_view text, Stripped& out) {
  bool red = false;
  out.text.clear();
  out.erased = false;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != kEscape) {
      out.red |= red && !space(text[i]);
      out.text += text[i++];
      continue;
    }
    const auto end = sequence_end(text, i);
    if (end - i > 2 && text[i + 1] == '[') {
      if (text[end - 1] == 'm') red = red_after(text.substr(i + 2, end - i - 3), red);
      if (text[end - 1] == 'K') out.erased = true;
    }
    i = end;
  }
}

std::string_view without_end_space(std::string_view text) {
  while (!text.empty() && (space(text.back()) || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

// A walk over the forms a time stamp can have; every step says whether it matched.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::size_t at = 0;

  bool digits(std::size_t least, std::size_t most) {
    std::size_t n = 0;
    while (at + n < text_.size() && n <= most && digit(text_[at + n])) ++n;
    if (n < least || n > most) return false;
    at += n;
    return true;
  }
  bool one_of(std::string_view chars) {
    if (at >= text_.size() || chars.find(text_[at]) == std::string_view::npos) return false;
    ++at;
    return true;
  }
  bool word(const auto& words) {
    for (const std::string_view word : words) {
      if (text_.substr(at).starts_with(word)) {
        at += word.size();
        return true;
      }
    }
    return false;
  }
  bool attempt(const auto& step) {
    const auto before = at;
    if (step()) return true;
    at = before;
    return false;
  }
  [[nodiscard]] char next() const { return at < text_.size() ? text_[at] : '\0'; }

 private:
  std::string_view text_;
};

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

bool clock_time(Scanner& s) {
  if (!s.digits(1, 2) || !s.one_of(":") || !s.digits(2, 2)) return false;
  s.attempt([&] { return s.one_of(":") && s.digits(2, 2); });
  s.attempt([&] { return s.one_of(".,") && s.digits(1, 9); });
  return true;
}

void zone(Scanner& s) {
  s.attempt([&] {
    s.one_of(" ");
    if (s.word(std::array<std::string_view, 4>{"UTC", "GMT", "CEST", "CET"})) return true;
    if (s.one_of("Z")) return true;
    if (!s.one_of("+-") || !s.digits(2, 4)) return false;
    s.attempt([&] { return s.one_of(":") && s.digits(2, 2); });
    return true;
  });
}

bool date_time(Scanner& s) {  // 2024-05-01T12:03:04, 2024/05/01 12:03:04
  return s.digits(4, 4) && s.one_of("-/.") && s.digits(2, 2) && s.one_of("-/.") && s.digits(2, 2) &&
         s.one_of("T _:") && clock_time(s);
}

bool month_time(Scanner& s) {  // Wed May  1 12:03:04 UTC 2024, 01/May/2024:12:03:04
  s.attempt([&] { return s.word(kDays) && (s.one_of(","), s.one_of(" ")); });
  if (s.word(kMonths)) {
    if (!s.one_of(" ")) return false;
    s.one_of(" ");
    if (!s.digits(1, 2) || !s.one_of(" ") || !clock_time(s)) return false;
    zone(s);
    s.attempt([&] { return s.one_of(" ") && s.digits(4, 4) && s.next() != '-'; });
    return true;
  }
  return s.digits(1, 2) && s.one_of(" /-") && s.word(kMonths) && s.one_of(" /-") &&
         s.digits(4, 4) && s.one_of(" :") && clock_time(s);
}

bool seconds(Scanner& s, bool bracketed) {  // 1714564984.123, [   12.345678]
  if (bracketed) {
    while (s.one_of(" ")) {
    }
    return s.digits(1, 10) && s.one_of(".") && s.digits(3, 9);
  }
  if (s.next() != '1') return false;
  if (s.attempt([&] { return s.digits(13, 13); })) return true;
  if (!s.digits(10, 10)) return false;
  s.attempt([&] { return s.one_of(".") && s.digits(1, 9); });
  return true;
}

}  // namespace

std::size_t leading_time(std::string_view text) {
  if (text.size() < 5) return 0;
  const char first = text[0];
  const bool bracketed = first == '[';
  if (!bracketed && !digit(first) && (first < 'A' || first > 'W')) return 0;
  Scanner s(text);
  if (bracketed) s.at = 1;
  if (!s.attempt([&] { return date_time(s); }) && !s.attempt([&] { return clock_time(s); }) &&
      !s.attempt([&] { return month_time(s); }) &&
      !s.attempt([&] { return seconds(s, bracketed); })) {
    return 0;
  }
  zone(s);
  if (bracketed && !s.one_of("]")) return 0;
  if (s.at == text.size()) return s.at;
  s.one_of(":");
  if (s.at < text.size() && !s.one_of(" \t")) return 0;
  return s.at;
}

CleanLine shown_line(std::string_view text, Arena& arena) {
  text = without_end_space(text.substr(0, kMaxLineBytes));
  CleanLine line;
  const bool escaped = text.find(kEscape) != std::string_view::npos;
  if (!escaped && text.find('\r') == std::string_view::npos) {
    line.text = text;
    return line;
  }
  // What a terminal shows in the end: the last part that is not empty, or nothing if it was erased.
  Stripped stripped;
  std::string_view rest = text;
  for (;;) {
    const auto at = rest.rfind('\r');
    const auto part = at == std::string_view::npos ? rest : rest.substr(at + 1);
    strip(part, stripped);
    if (!without_end_space(stripped.text).empty() || stripped.erased ||
        at == std::string_view::npos) {
      break;
    }
    rest = rest.substr(0, at);
  }
  line.text = arena.copy(without_end_space(stripped.text));
  line.red = stripped.red;
  return line;
}

CleanLine clean_line(std::string_view text, Arena& arena) {
  auto line = shown_line(text, arena);
  line.text.remove_prefix(leading_time(line.text));
  return line;
}

Prepared prepare(const std::vector<LogLine>& lines) {
  Prepared log;
  log.lines = lines;
  log.clean.reserve(lines.size());
  log.hash.reserve(lines.size());
  log.indent.reserve(lines.size());
  log.red.reserve(lines.size());
  Mask mask;
  for (const auto& line : lines) {
    const auto clean = clean_line(line.text, log.copied);
    std::uint16_t indent = 0;
    for (const char c : clean.text) {
      if (!space(c) || indent > 1000) break;
      indent = static_cast<std::uint16_t>(indent + (c == '\t' ? 8 : 1));
    }
    mask_line(clean.text, mask);
    log.clean.push_back(clean.text);
    log.hash.push_back(hash_of(mask));
    log.indent.push_back(indent);
    log.red.push_back(clean.red);
  }
  return log;
}

}  // namespace logboom::query::why
