#include "alerts/text.h"

#include <catch2/catch.hpp>

namespace logboom::alerts {
namespace {

TEST_CASE("a line from a log is harmless on a screen") {
  auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"plain", "plain"},
      {"  indented\tby tabs  ", "  indented by tabs"},
      {"\x1b[31mred\x1b[0m and \x1b]0;title\arest", "red and rest"},
      {"two\r\nlines", "two lines"},
      {std::string("nul\0and\x01\x02\x7f bell\a", 17), "nuland bell"},
      {"bad \xff byte", "bad ? byte"},
      {"cut \xe2\x82", "cut ??"},
      {"caf\u00e9 \u2013 \U0001F4A5", "caf\u00e9 \u2013 \U0001F4A5"},
      {"turned \u202e round \u2066x\u2069 \u200bzero", "turned round x zero"},
      {"c1 \u009b31m", "c1 31m"},
      {"", ""},
      {"\x1b", ""},
      {"\x1b[", ""},
  }));
  CAPTURE(text);
  CHECK(clean_line(text) == expected);
}

TEST_CASE("text is cut where a character ends") {
  auto [text, bytes, expected] = GENERATE(table<std::string, std::size_t, std::string>({
      {"short", 10, "short"},
      {"exactly10!", 10, "exactly10!"},
      {"more than ten", 10, "more th\u2026"},
      {"\u00e9\u00e9\u00e9\u00e9", 7, "\u00e9\u00e9\u2026"},
      {"\u00e9\u00e9\u00e9\u00e9", 6, "\u00e9\u2026"},
      {"\U0001F4A5\U0001F4A5", 7, "\U0001F4A5\u2026"},
      {"abcdef", 2, ""},
  }));
  CAPTURE(text, bytes);
  CHECK(cut(text, bytes) == expected);
}

TEST_CASE("text is broken at blanks, and inside a word that is too long") {
  auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"one two three four", "one two\n  three\n  four\n"},
      {"onetwothreefour", "onetwothr\n  eefour\n"},
      {"", "\n"},
      {"  x: aaaa bbbb", "  x: aaaa\n  bbbb\n"},
      {"\u00e9\u00e9\u00e9\u00e9 \u00e9\u00e9\u00e9\u00e9\u00e9",
       "\u00e9\u00e9\u00e9\u00e9\n  \u00e9\u00e9\u00e9\u00e9\u00e9\n"},
  }));
  CAPTURE(text);
  CHECK(wrapped(text, "  ", 9) == expected);
}

TEST_CASE("times and sizes in words") {
  constexpr std::int64_t kSecond = 1'000'000'000;
  auto [ns, expected] = GENERATE(table<std::int64_t, std::string>({
      {1'234'000'000, "1.2 s"},
      {59 * kSecond, "59 s"},
      {600 * kSecond, "10 min"},
      {7800 * kSecond, "2 h 10 min"},
      {200'000 * kSecond, "2 days 7 h"},
      {-5, "0.0 s"},
  }));
  CHECK(duration_words(ns) == expected);
  CHECK(mail_date(1'764'000'000 * kSecond) == "Mon, 24 Nov 2025 16:00:00 +0000");
  CHECK(clock_words(1'764'000'000 * kSecond, 1'764'003'600 * kSecond) == "16:00 UTC");
  CHECK(clock_words(1'764'000'000 * kSecond, 1'764'090'000 * kSecond) == "11-24 16:00 UTC");
  CHECK(size_words(512) == "512 B");
  CHECK(size_words(36'000'000) == "34.3 MiB");
  CHECK(signal_words(9) == "SIGKILL");
  CHECK(signal_words(99) == "signal 99");
  CHECK(counted(1, "run") == "1 run");
  CHECK(counted(3, "run") == "3 runs");
}

}  // namespace
}  // namespace logboom::alerts
