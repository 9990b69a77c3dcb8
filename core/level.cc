#include "core/level.h"

#include <array>
#include <utility>

namespace logboom {
namespace {

struct Word {
  std::string_view text;  // lower case
  Level level;
};

constexpr std::array kWords = {
    Word{"trace", Level::trace},        Word{"trc", Level::trace},
    Word{"verbose", Level::trace},      Word{"debug", Level::debug},
    Word{"dbg", Level::debug},          Word{"fine", Level::debug},
    Word{"info", Level::info},          Word{"inf", Level::info},
    Word{"information", Level::info},   Word{"informational", Level::info},
    Word{"notice", Level::info},        Word{"log", Level::info},
    Word{"warn", Level::warn},          Word{"warning", Level::warn},
    Word{"wrn", Level::warn},           Word{"error", Level::error},
    Word{"err", Level::error},          Word{"eror", Level::error},
    Word{"severe", Level::error},       Word{"critical", Level::critical},
    Word{"crit", Level::critical},      Word{"fatal", Level::critical},
    Word{"panic", Level::critical},     Word{"emerg", Level::critical},
    Word{"emergency", Level::critical}, Word{"alert", Level::critical},
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

bool equals(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lower_case[i]) return false;
  }
  return true;
}

std::optional<Level> word_level(std::string_view text) {
  if (text.size() < 3 || text.size() > 13) return std::nullopt;
  for (const auto& word : kWords) {
    if (equals(text, word.text)) return word.level;
  }
  return std::nullopt;
}

// klog and glog: E0102 15:04:05.
std::optional<Level> klog_level(std::string_view line) {
  if (line.size() < 6 || line[5] != ' ') return std::nullopt;
  for (std::size_t i = 1; i < 5; ++i) {
    if (!is_digit(line[i])) return std::nullopt;
  }
  switch (line[0]) {
    case 'I':
      return Level::info;
    case 'W':
      return Level::warn;
    case 'E':
      return Level::error;
    case 'F':
      return Level::critical;
    default:
      return std::nullopt;
  }
}

// The kernel's and systemd's <0> to <7>.
std::optional<Level> priority_level(std::string_view line) {
  if (line.size() < 3 || line[0] != '<' || line[2] != '>' || line[1] < '0' || line[1] > '7') {
    return std::nullopt;
  }
  const int priority = line[1] - '0';
  if (priority <= 2) return Level::critical;
  if (priority == 3) return Level::error;
  if (priority == 4) return Level::warn;
  return priority == 7 ? Level::debug : Level::info;
}

// What ends an uncaught error: ValueError: ..., app.errors.LoadError, java.io.IOException: ...
bool names_exception(std::string_view line) {
  constexpr std::string_view kUncaught = "Uncaught ";
  if (line.starts_with(kUncaught)) line.remove_prefix(kUncaught.size());
  std::size_t end = 0, last = 0;  // of the name, where its last part begins
  while (end < line.size() && (is_letter(line[end]) || is_digit(line[end]) || line[end] == '_' ||
                               line[end] == '.' || line[end] == '$')) {
    if (line[end++] == '.') last = end;
  }
  const auto name = line.substr(last, end - last);
  return !name.empty() && is_upper(name[0]) &&
         (name.ends_with("Error") || name.ends_with("Exception")) &&
         (end == line.size() || line[end] == ':');
}

bool is_level_key(std::string_view word) {
  return equals(word, "level") || equals(word, "lvl") || equals(word, "severity") ||
         equals(word, "loglevel") || equals(word, "log_level") || equals(word, "levelname");
}

// A word alone says a level when it is written as one: in capitals, or fenced ([error], error:).
bool stands_as_level(std::string_view head, std::size_t begin, std::size_t end) {
  bool capitals = true;
  for (std::size_t i = begin; i < end; ++i) capitals = capitals && is_upper(head[i]);
  const char before = begin == 0 ? ' ' : head[begin - 1];
  const char after = end < head.size() ? head[end] : ' ';
  const auto fence = [](char c) {
    return c == ' ' || c == '\t' || c == '[' || c == '(' || c == '|' || c == '<' || c == ':' ||
           c == '-' || c == '/';
  };
  if (capitals) {
    return fence(before) && (fence(after) || after == ']' || after == ')' || after == '>' ||
                             after == ',' || after == '.');
  }
  return (before == '[' && after == ']') || (before == '<' && after == '>') ||
         ((begin == 0 || before == ' ') && after == ':');
}

struct Words {  // letters and '_' runs of the head, in order
  std::string_view head;
  std::size_t at = 0;
  std::optional<std::pair<std::size_t, std::size_t>> next() {
    const auto part = [](char c) { return is_letter(c) || c == '_'; };
    while (at < head.size() && !part(head[at])) ++at;
    if (at == head.size()) return std::nullopt;
    const std::size_t begin = at;
    while (at < head.size() && part(head[at])) ++at;
    return std::pair{begin, at};
  }
};

// The value after a level key: level=warn, "level":"info", "severity": "ERROR", level=40 (bunyan).
std::optional<Level> value_level(std::string_view head, std::size_t at) {
  std::size_t separators = 0;
  while (at < head.size() && separators < 6 &&
         (head[at] == '"' || head[at] == '\\' || head[at] == ':' || head[at] == '=' ||
          head[at] == ' ')) {
    ++at;
    ++separators;
  }
  if (separators == 0) return std::nullopt;
  std::size_t end = at;
  while (end < head.size() && is_letter(head[end])) ++end;
  if (end > at) return parse_level(head.substr(at, end - at));
  while (end < head.size() && is_digit(head[end])) ++end;
  if (end - at != 2 || head[at + 1] != '0') return std::nullopt;
  switch (head[at]) {
    case '1':
      return Level::trace;
    case '2':
      return Level::debug;
    case '3':
      return Level::info;
    case '4':
      return Level::warn;
    case '5':
      return Level::error;
    case '6':
      return Level::critical;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string_view name(Level level) {
  switch (level) {
    case Level::unknown:
      return "unknown";
    case Level::trace:
      return "trace";
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
    case Level::critical:
      return "critical";
  }
  return "unknown";
}

std::optional<Level> parse_level(std::string_view text) {
  if (text.size() == 1) {
    switch (lower(text[0])) {
      case 't':
        return Level::trace;
      case 'd':
        return Level::debug;
      case 'i':
        return Level::info;
      case 'w':
        return Level::warn;
      case 'e':
        return Level::error;
      case 'c':
      case 'f':
        return Level::critical;
      default:
        return std::nullopt;
    }
  }
  if (equals(text, "unknown")) return Level::unknown;
  return word_level(text);
}

Level level_of_severity(std::uint32_t number) {
  if (number == 0 || number > 24) return Level::unknown;
  return static_cast<Level>((number - 1) / 4 + 1);
}

std::uint32_t severity_of_level(Level level) {
  return level == Level::unknown ? 0 : (static_cast<std::uint32_t>(level) - 1) * 4 + 1;
}

Level detect_level(std::string_view line) {
  const std::string_view head = line.substr(0, 256);
  if (const auto level = klog_level(head)) return *level;
  if (const auto level = priority_level(head)) return *level;
  if (head.starts_with("Traceback (most recent call last)") || head.starts_with("panic: ") ||
      head.starts_with("Exception in thread ") || names_exception(head)) {
    return Level::error;
  }
  Words words{head};
  std::optional<Level> alone;
  while (const auto word = words.next()) {
    const auto [begin, end] = *word;
    const std::string_view text = head.substr(begin, end - begin);
    if (is_level_key(text)) {
      if (const auto level = value_level(head, end)) return *level;
      continue;
    }
    if (alone) continue;
    const auto level = word_level(text);
    if (level && stands_as_level(head, begin, end)) alone = level;
  }
  return alone.value_or(Level::unknown);
}

}  // namespace logboom
