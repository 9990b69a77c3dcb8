#include "ui/cli/phrases.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "ui/cli/utf8.h"

namespace logboom::ui::cli {
namespace {

// The end of the first `width` columns.
std::size_t prefix_bytes(std::string_view text, std::size_t width) {
  std::size_t bytes = 0;
  for (; width > 0 && bytes < text.size(); --width) bytes += next_symbol(text.substr(bytes)).bytes;
  return bytes;
}

std::string pair_of(std::int64_t whole, const char* unit, std::int64_t part,
                    const char* part_unit) {
  auto out = std::to_string(whole) + " " + unit;
  if (part > 0) out += " " + std::to_string(part) + " " + part_unit;
  return out;
}

}  // namespace

std::string duration_words(std::int64_t milliseconds) {
  if (milliseconds < 0) return "";
  if (milliseconds < 1000) return std::to_string(milliseconds) + " ms";
  if (milliseconds < 10'000) {
    char text[16];
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(milliseconds) / 1000);
    return text;
  }
  const auto seconds = milliseconds / 1000;
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) return pair_of(seconds / 60, "min", seconds % 60, "s");
  if (seconds < 86'400) return pair_of(seconds / 3600, "h", seconds / 60 % 60, "min");
  return pair_of(seconds / 86'400, "d", seconds / 3600 % 24, "h");
}

std::string size_words(std::int64_t bytes) {
  if (bytes < 0) return "";
  if (bytes < 1024) return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  static constexpr auto kUnits = std::to_array<const char*>({"B", "KiB", "MiB", "GiB", "TiB"});
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, value < 10 ? "%.1f %s" : "%.0f %s", value, kUnits[unit]);
  return text;
}

std::string_view confidence_words(int percent) {
  if (percent >= 90) return "almost certain";
  if (percent >= 70) return "likely";
  if (percent >= 40) return "possible";
  return "a guess";
}

Look look_of(std::string_view word) {
  struct Row {
    std::string_view word;
    Look look;
  };
  static constexpr std::string_view kRed = "\x1b[31m", kYellow = "\x1b[33m", kGreen = "\x1b[32m",
                                    kCyan = "\x1b[36m", kGrey = "\x1b[2m";
  static constexpr auto kRows = std::to_array<Row>({
      {"succeeded", {"\xe2\x9c\x93", kGreen}},
      {"ok", {"\xe2\x9c\x93", kGreen}},
      {"failed", {"\xe2\x9c\x97", kRed}},
      {"failing", {"\xe2\x9c\x97", kRed}},
      {"lost", {"\xe2\x9c\x97", kRed}},
      {"suspect", {"!", kYellow}},
      {"missed", {"\xe2\x88\x85", kRed}},
      {"late", {"\xe2\x88\x85", kRed}},
      {"frozen", {"=", kRed}},
      {"skipped", {"\xc2\xbb", kGrey}},
      {"running", {"\xe2\x80\xa6", kCyan}},
      {"ended", {"?", kGrey}},
  });
  const auto found = std::ranges::find(kRows, word, &Row::word);
  return found == kRows.end() ? Look{"?", kGrey} : found->look;
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(next_symbol(text).bytes);
  return count;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  width = std::max<std::size_t>(width, 1);
  while (columns(text) > width) {
    const auto most = prefix_bytes(text, width);
    auto end = text[most] == ' ' ? most : text.rfind(' ', most);
    if (end == std::string_view::npos || end == 0) end = most;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  if (!text.empty() || lines.empty()) lines.emplace_back(text);
  return lines;
}

std::string clipped(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  if (width == 0) return "";
  return std::string(text.substr(0, prefix_bytes(text, width - 1))) + "\xe2\x80\xa6";
}

std::string padded(std::string_view text, std::size_t width) {
  auto out = clipped(text, width);
  return out.append(width - columns(out), ' ');
}

std::string bars(const std::vector<std::int64_t>& values) {
  std::int64_t most = 0;
  for (const auto value : values) most = std::max(most, value);
  std::string out;
  for (const auto value : values) {
    if (value < 0) {
      out += ' ';
      continue;
    }
    const auto step =
        most == 0 ? 0
                  : static_cast<int>(static_cast<double>(value) * 7.0 / static_cast<double>(most));
    out += "\xe2\x96";
    out += static_cast<char>(0x81 + step);
  }
  return out;
}

}  // namespace logboom::ui::cli
