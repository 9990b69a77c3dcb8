#include "collector/cri.h"

#include <catch2/catch.hpp>
#include <vector>

namespace logboom::collector {
namespace {

TEST_CASE("a CRI record is taken apart") {
  struct Expected {
    std::uint32_t stream;
    bool partial;
    std::string text;
  };
  auto [line, expected] = GENERATE(table<std::string, Expected>({
      {"2026-01-31T12:00:00.123456789Z stdout F hello", {kStdout, false, "hello"}},
      {"2026-01-31T13:00:00.123456789+01:00 stderr P half", {kStderr, true, "half"}},
      {"2026-01-31T12:00:00.123456789Z stdout F", {kStdout, false, ""}},
      {"2026-01-31T12:00:00.123456789Z stdout F ", {kStdout, false, ""}},
      {"2026-01-31T12:00:00.123456789Z stdout F  two spaces", {kStdout, false, " two spaces"}},
      {"2026-01-31T12:00:00.123456789Z stderr P:tag:other x", {kStderr, true, "x"}},
      {std::string("2026-01-31T12:00:00.123456789Z stdout F a\0\xff", 43),
       {kStdout, false, std::string("a\0\xff", 3)}},
  }));
  CAPTURE(line);
  const auto piece = parse_cri(line);
  REQUIRE(piece);
  CHECK(piece->time_ns == 1'769'860'800'123'456'789);
  CHECK(piece->stream == expected.stream);
  CHECK(piece->partial == expected.partial);
  CHECK(piece->text == expected.text);
}

TEST_CASE("what is no CRI record is refused") {
  auto line = GENERATE(as<std::string>{}, "", " ", "hello", "2026-01-31T12:00:00Z",
                       "2026-01-31T12:00:00Z stdout", "2026-01-31T12:00:00Z stdout X text",
                       "2026-01-31T12:00:00Z stdin F text", "2026-13-31T12:00:00Z stdout F text",
                       "2026-01-31 12:00:00Z stdout F text", "2026-01-31T12:00:00Z stdout FF text",
                       "xxxx-xxTxxTxx:xx:xxxZ stdout F text", "\xff\xfe garbage \x01 F x");
  CAPTURE(line);
  CHECK_FALSE(parse_cri(line));
}

TEST_CASE("a Docker json-file record is taken apart") {
  struct Expected {
    std::uint32_t stream;
    bool partial;
    std::string text;
  };
  auto [line, expected] = GENERATE(table<std::string, Expected>({
      {R"({"log":"hello\n","stream":"stdout","time":"2026-01-31T12:00:00.5Z"})",
       {kStdout, false, "hello"}},
      {R"({"log":"half","stream":"stderr","time":"2026-01-31T12:00:00.5Z"})",
       {kStderr, true, "half"}},
      {R"({"time":"2026-01-31T12:00:00.5Z","log":"\"q\" \u00e9\n","attrs":{"a":"b"}})",
       {kStdout, false, "\"q\" \xc3\xa9"}},
  }));
  CAPTURE(line);
  std::string scratch;
  const auto piece = parse_docker(line, scratch);
  REQUIRE(piece);
  CHECK(piece->time_ns == 1'769'860'800'500'000'000);
  CHECK(piece->stream == expected.stream);
  CHECK(piece->partial == expected.partial);
  CHECK(piece->text == expected.text);
}

TEST_CASE("what is no Docker record is refused") {
  auto line = GENERATE(as<std::string>{}, "{", "{}", R"({"log":"x\n"})", R"({"log":1,"time":"x"})",
                       R"({"log":"x\n","time":"yesterday"})", R"(["log"])",
                       "{\"log\":\"\xff\",\"time\":\"2026-01-31T12:00:00Z\"}");
  CAPTURE(line);
  std::string scratch;
  CHECK_FALSE(parse_docker(line, scratch));
}

struct Joined {
  std::uint32_t stream;
  std::string text;
  std::uint64_t end, size;
  bool operator==(const Joined&) const = default;
};

TEST_CASE("pieces of two streams that interleave are joined each for itself") {
  PieceJoiner joiner;
  std::vector<Joined> joined;
  std::vector<std::uint64_t> oldest;
  std::uint64_t position = 0;
  const auto add = [&](std::uint32_t stream, bool partial, const std::string& text) {
    const auto line = joiner.add({1, stream, partial, text}, position, position + 10, 0);
    position += 10;
    if (line) joined.push_back({line->stream, std::string(line->text), line->end, line->size});
    oldest.push_back(joiner.oldest_begin().value_or(position));
  };
  add(kStdout, true, "a");
  add(kStderr, true, "x");
  add(kStdout, true, "b");
  add(kStdout, false, "c");
  add(kStdout, false, "whole");
  add(kStderr, false, "y");
  CHECK(joined == std::vector<Joined>{
                      {kStdout, "abc", 40, 3}, {kStdout, "whole", 50, 5}, {kStderr, "xy", 60, 2}});
  CHECK(oldest == std::vector<std::uint64_t>{0, 0, 0, 10, 10, 60});
}

TEST_CASE("a joined line is cut at the limit and its size still told") {
  PieceJoiner joiner(8);
  CHECK_FALSE(joiner.add({1, kStdout, true, "12345"}, 0, 10, 0));
  CHECK_FALSE(joiner.add({2, kStdout, true, "67890"}, 10, 20, 0));
  // Something was left out before this piece: it may not close the hole unseen.
  const auto line = joiner.add({3, kStdout, false, "end"}, 20, 30, 100);
  REQUIRE(line);
  CHECK(line->text == "12345678");
  CHECK(line->size == 113);
  CHECK(line->time_ns == 1);
}

TEST_CASE("an unfinished line can be taken as it is") {
  PieceJoiner joiner;
  CHECK_FALSE(joiner.flush(kStdout, 5));
  CHECK_FALSE(joiner.add({1, kStderr, true, "half"}, 0, 10, 0));
  const auto line = joiner.flush(kStderr, 12);
  REQUIRE(line);
  CHECK(line->text == "half");
  CHECK(line->end == 12);
  CHECK_FALSE(joiner.oldest_begin());
}

}  // namespace
}  // namespace logboom::collector
