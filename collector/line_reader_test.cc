#include "collector/line_reader.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace logboom::collector {
namespace {

struct Line {
  std::string text;
  std::uint64_t begin, end, size;
  bool operator==(const Line&) const = default;
};

// Reads `bytes` offered in chunks that end at `cuts`, as turns of reading would.
std::vector<Line> read_all(const std::string& bytes, const std::vector<std::size_t>& cuts,
                           std::size_t max_line) {
  LineReader reader(max_line);
  std::vector<Line> lines;
  std::uint64_t position = 0;
  std::string_view left;
  const auto keep = [&](const RawLine& line) {
    lines.push_back({std::string(line.text), line.begin, line.end, line.size});
  };
  for (const auto cut : cuts) {
    left = std::string_view(bytes).substr(position, cut - position);
    while (const auto line = reader.next(left, position)) keep(*line);
  }
  if (const auto line = reader.rest(left, position)) keep(*line);
  return lines;
}

TEST_CASE("lines carry where they begin and end, and long ones are cut but still counted") {
  using Lines = std::vector<Line>;
  auto [bytes, expected] = GENERATE(table<std::string, Lines>({
      {"a\nbb\n", {{"a", 0, 2, 1}, {"bb", 2, 5, 2}}},
      {"\n\n", {{"", 0, 1, 0}, {"", 1, 2, 0}}},
      {"12345678\nx\n", {{"12345678", 0, 9, 8}, {"x", 9, 11, 1}}},
      {"123456789\nx\n", {{"12345678", 0, 10, 9}, {"x", 10, 12, 1}}},
      {"123456789abcdefghi\nx\n", {{"12345678", 0, 19, 18}, {"x", 19, 21, 1}}},
      {"no newline", {{"no newli", 0, 10, 10}}},
      {"a\nrest", {{"a", 0, 2, 1}, {"rest", 2, 6, 4}}},
      {std::string("\0\xff\0\n", 4), {{std::string("\0\xff\0", 3), 0, 4, 3}}},
  }));
  CAPTURE(bytes);
  CHECK(read_all(bytes, {bytes.size()}, 8) == expected);
  std::vector<std::size_t> every_byte;
  for (std::size_t i = 1; i <= bytes.size(); ++i) every_byte.push_back(i);
  CHECK(read_all(bytes, every_byte, 8) == expected);
}

TEST_CASE("where the bytes happen to be cut makes no difference") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::string bytes;
    for (auto lines = random() % 8; lines > 0; --lines) {
      bytes += std::string(random() % 40, 'x');
      if (random() % 8 != 0) bytes += '\n';
    }
    std::vector<std::size_t> cuts{bytes.size()};
    for (auto more = random() % 6; more > 0; --more) cuts.push_back(random() % (bytes.size() + 1));
    std::ranges::sort(cuts);
    CHECK(read_all(bytes, cuts, 16) == read_all(bytes, {bytes.size()}, 16));
  }
}

TEST_CASE("only a line over the limit is held, and the reader says from where") {
  LineReader reader(4);
  std::string_view bytes = "ok\n12345";
  std::uint64_t position = 0;
  CHECK(reader.next(bytes, position));
  CHECK_FALSE(reader.held_from());
  CHECK_FALSE(reader.next(bytes, position));
  CHECK(bytes.empty());
  CHECK(reader.held_from() == 3U);
  bytes = "6\n";
  CHECK(reader.next(bytes, position));
  CHECK_FALSE(reader.held_from());
}

}  // namespace
}  // namespace logboom::collector
