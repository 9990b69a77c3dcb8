#include "query/why/text.h"

#include <catch2/catch.hpp>
#include <string>

namespace logboom::query::why {
namespace {

TEST_CASE("a clean line is what a terminal shows, without its time stamp") {
  auto [text, expected, red] = GENERATE(table<std::string, std::string, bool>({
      {"plain", "plain", false},
      {"  indented stays  ", "  indented stays", false},
      {"ends with CR\r", "ends with CR", false},
      {"\x1b[31mboom\x1b[0m", "boom", true},
      {"\x1b[1;31mboom", "boom", true},
      {"\x1b[91mboom\x1b[39m", "boom", true},
      {"\x1b[38;5;196mboom\x1b[m", "boom", true},
      {"\x1b[38;5;31mteal", "teal", false},
      {"\x1b[31m \x1b[0mnothing red", " nothing red", false},
      {"\x1b[32mfine\x1b[0m", "fine", false},
      {"\x1b]0;a title\x07shown", "shown", false},
      {"\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link", false},
      {"cut \x1b[", "cut ", false},
      {"cut \x1b", "cut ", false},
      {" 10%\r 50%\r100%", "100%", false},
      {"half\r", "half", false},
      {"fold:start\r\x1b[0K$ make", "$ make", false},
      {"time:end:9\r\x1b[0K", "", false},
      {"2024-05-01T12:03:04Z hello", "hello", false},
      {"2024-05-01T12:03:04Z     at frame", "    at frame", false},
      {"\x1b[2m2024-05-01 12:03:04\x1b[0m ERROR x", "ERROR x", false},
  }));
  CAPTURE(text);
  Arena arena;
  const auto line = clean_line(text, arena);
  std::string trimmed = expected;
  while (!trimmed.empty() && trimmed.back() == ' ') trimmed.pop_back();
  CHECK(line.text == trimmed);
  CHECK(line.red == red);
}

TEST_CASE("a leading time stamp is measured with the space behind it") {
  auto [text, length] = GENERATE(table<std::string, std::size_t>({
      {"2024-05-01T12:03:04.123Z x", 25},
      {"2024-05-01 12:03:04,123 x", 24},
      {"2024-05-01 12:03:04 +0200 x", 26},
      {"[2024-05-01 12:03:04] x", 22},
      {"2024/05/01 12:03:04 x", 20},
      {"May  1 12:03:04 host x", 16},
      {"Wed May  1 12:03:04 UTC 2024 x", 29},
      {"Wed, 01 May 2024 12:03:04 GMT x", 30},
      {"[   12.345678] x", 15},
      {"1714564984.123 x", 15},
      {"1714564984123 x", 14},
      {"12:03:04 x", 9},
      {"12:03:04", 8},
      {"12 monkeys", 0},
      {"1:2", 0},
      {"[12] x", 0},
      {"2024-05-01", 0},
      {"12:03:04x", 0},
      {"May be", 0},
      {"Sunday", 0},
      {"", 0},
  }));
  CAPTURE(text);
  CHECK(leading_time(text) == length);
}

TEST_CASE("a prepared log runs parallel to its lines and stays valid when moved") {
  const std::vector<std::string> texts = {"a\r\n", "", "\tdeep", "\x1b[31mred\x1b[0m"};
  std::vector<LogLine> lines;
  for (const auto& text : texts) {
    lines.push_back({.number = static_cast<std::uint32_t>(lines.size() + 1), .text = text});
  }
  const Prepared log = [&] {
    Prepared made = prepare(lines);
    return made;
  }();
  REQUIRE(log.size() == 4);
  CHECK(log.clean[0] == "a");
  CHECK(log.blank(1));
  CHECK(log.indent[2] == 8);
  CHECK(log.clean[3] == "red");
  CHECK(log.red[3]);
  CHECK(log.hash[3] == template_hash("red"));
}

TEST_CASE("a line of any length is cut, not copied whole") {
  const std::string text(2 * kMaxLineBytes, 'x');
  Arena arena;
  CHECK(clean_line(text, arena).text.size() == kMaxLineBytes);
  CHECK(arena.size_bytes() == 0);
}

}  // namespace
}  // namespace logboom::query::why
