#include <catch2/catch.hpp>
#include <string>

#include "query/why/why.h"

namespace logboom::query::why {
namespace {

std::vector<LogLine> lines_of(const std::vector<std::string>& texts) {
  std::vector<LogLine> lines;
  for (const auto& text : texts) {
    lines.push_back({.number = static_cast<std::uint32_t>(lines.size() + 1), .text = text});
  }
  return lines;
}

void check_same(const Sketch& one, const Sketch& other) {
  CHECK(one.templates == other.templates);
  CHECK(one.numbers == other.numbers);
  CHECK(one.lines == other.lines);
  CHECK(one.wall_ms == other.wall_ms);
  CHECK(one.cpu_ms == other.cpu_ms);
  CHECK(one.memory_bytes == other.memory_bytes);
  CHECK(one.max_quiet_ms == other.max_quiet_ms);
}

TEST_CASE("a sketch counts kinds of lines and keeps the greatest number of each") {
  const std::vector<std::string> texts = {"edited 3 of 10", "edited 7 of 12", "", "done"};
  Facts facts;
  facts.end.emplace();
  facts.end->wall_ms = 1200;
  facts.end->memory_bytes = 1 << 20;
  const auto made = sketch(lines_of(texts), facts);
  CHECK(made.lines == 4);
  CHECK(made.wall_ms == 1200);
  CHECK(made.cpu_ms == -1);
  REQUIRE(made.templates.size() == 2);
  const auto edited = template_hash("edited 1 of 1");
  for (const auto& [hash, count] : made.templates) CHECK(count == (hash == edited ? 2 : 1));
  REQUIRE(made.numbers.size() == 1);
  CHECK(made.numbers[0] == std::pair<std::uint64_t, std::int64_t>(edited, 12));
}

TEST_CASE("a sketch comes back from its bytes") {
  Sketch made;
  SECTION("empty") {}
  SECTION("full") {
    made.lines = UINT64_MAX;
    made.wall_ms = INT64_MAX;
    made.cpu_ms = INT64_MIN;
    made.memory_bytes = 0;
    made.templates = {{1, 1}, {2, UINT32_MAX}, {UINT64_MAX, 7}};
    made.numbers = {{2, -5}, {UINT64_MAX, INT64_MAX}};
  }
  const auto bytes = made.encode();
  const auto again = Sketch::decode(bytes);
  REQUIRE(again);
  check_same(made, *again);
}

TEST_CASE("bytes that are no sketch are refused") {
  Sketch made;
  made.templates = {{1, 1}, {300, 2}};
  made.numbers = {{300, 9}};
  const auto bytes = made.encode();
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    CAPTURE(n);
    CHECK_FALSE(Sketch::decode(bytes.substr(0, n)));
  }
  CHECK_FALSE(Sketch::decode(bytes + '\0'));
  made.templates = {{300, 2}, {1, 1}};
  CHECK_FALSE(Sketch::decode(made.encode()));
  made.templates = {{1, 0}};
  CHECK_FALSE(Sketch::decode(made.encode()));
}

TEST_CASE("a sketch is bounded, whatever the log") {
  std::vector<std::string> texts;
  std::string name = "aaaa";
  for (std::size_t i = 0; i < kMaxTemplates + 100; ++i) {
    texts.push_back("kind " + name);
    for (std::size_t k = name.size(); k-- > 0;) {
      if (++name[k] <= 'z') break;
      name[k] = 'a';
    }
  }
  const auto made = sketch(lines_of(texts), {});
  CHECK(made.templates.size() == kMaxTemplates);
  CHECK(made.lines == texts.size());
  CHECK(Sketch::decode(made.encode()));
}

}  // namespace
}  // namespace logboom::query::why
