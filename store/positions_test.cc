// The rules of spans: what of a batch is new, and what is remembered.
#include "store/positions.h"

#include <set>

#include "store/keys.h"
#include "store/store_fixture.h"

namespace logboom::store {
namespace {

using Hole = Position::Hole;
using Ranges = std::vector<std::pair<std::size_t, std::size_t>>;

std::vector<Record> records_at(const std::vector<std::uint64_t>& positions) {
  std::vector<Record> records;
  for (const auto position : positions) records.emplace_back().position = position;
  return records;
}

struct Rule {
  std::string what;
  Position before;
  std::uint64_t previous, next;
  std::vector<std::uint64_t> records;
  bool any;
  Ranges kept;
  Position after;
};

TEST_CASE("a span keeps what is missing and remembers what it jumped over") {
  const auto rule = GENERATE(values<Rule>({
      {"the first batch", {}, 0, 30, {10, 20, 30}, true, {{0, 3}}, {30, 0, {}}},
      {"the next batch", {30, 0, {}}, 30, 50, {40, 50}, true, {{0, 2}}, {50, 0, {}}},
      {"seen before", {50, 0, {}}, 30, 50, {40, 50}, false, {}, {50, 0, {}}},
      {"seen long ago", {50, 0, {}}, 0, 10, {10}, false, {}, {50, 0, {}}},
      {"its end is new", {40, 0, {}}, 20, 60, {30, 40, 50, 60}, true, {{2, 4}}, {60, 0, {}}},
      {"only bytes without a record", {40, 0, {}}, 40, 44, {}, true, {}, {44, 0, {}}},
      {"new bytes without a record", {40, 0, {}}, 20, 44, {30, 40}, true, {}, {44, 0, {}}},
      {"nothing at all", {40, 0, {}}, 40, 40, {}, false, {}, {40, 0, {}}},
      {"a jump", {10, 0, {}}, 30, 40, {35, 40}, true, {{0, 2}}, {40, 0, {{10, 30}}}},
      {"a jump of an unknown source", {}, 30, 40, {40}, true, {{0, 1}}, {40, 0, {{0, 30}}}},
      {"a late fill of all", {40, 0, {{10, 30}}}, 10, 30, {20, 30}, true, {{0, 2}}, {40, 0, {}}},
      {"a late fill of the start",
       {40, 0, {{10, 30}}},
       10,
       20,
       {20},
       true,
       {{0, 1}},
       {40, 0, {{20, 30}}}},
      {"a late fill of the middle",
       {40, 0, {{10, 30}}},
       15,
       20,
       {20},
       true,
       {{0, 1}},
       {40, 0, {{10, 15}, {20, 30}}}},
      {"a late fill with seen neighbours",
       {40, 0, {{10, 20}}},
       0,
       40,
       {10, 15, 20, 30, 40},
       true,
       {{1, 3}},
       {40, 0, {}}},
      {"a late fill that also goes on",
       {40, 0, {{10, 20}}},
       5,
       50,
       {10, 20, 40, 50},
       true,
       {{1, 2}, {3, 4}},
       {50, 0, {}}},
      {"over two holes",
       {60, 0, {{10, 20}, {30, 40}}},
       0,
       35,
       {10, 20, 30, 35},
       true,
       {{1, 2}, {3, 4}},
       {60, 0, {{35, 40}}}},
      {"a filled hole again", {40, 0, {}}, 10, 30, {20, 30}, false, {}, {40, 0, {}}},
      {"a gap's record at the start of the span",
       {40, 0, {}},
       40,
       50,
       {40, 50},
       true,
       {{0, 2}},
       {50, 0, {}}},
  }));
  CAPTURE(rule.what);
  auto position = rule.before;
  const auto news = advance(position, {"s", rule.previous, rule.next}, records_at(rule.records));
  CHECK(news.any == rule.any);
  CHECK(news.records == rule.kept);
  CHECK(position == rule.after);
}

TEST_CASE("of too many holes the oldest is forgotten") {
  Position position;
  std::size_t forgotten = 0;
  for (std::uint64_t i = 0; i < kMaxHoles + 3; ++i)
    forgotten += advance(position, {"s", i * 10 + 5, i * 10 + 10}, {}).forgotten_holes;
  CHECK(forgotten == 3);
  CHECK(position.holes.size() == kMaxHoles);
  CHECK(position.holes.front() == Hole{30, 35});
}

TEST_CASE("any order of any pieces of a source stores each record once") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    Position position;
    std::set<std::uint64_t> stored, covered;
    for (int i = 0; i < 20; ++i) {
      const std::uint64_t previous = random() % 100, next = previous + random() % 30;
      std::vector<std::uint64_t> all;
      for (auto at = previous + 1; at <= next; ++at)
        if (at % 3 == 0) all.push_back(at);
      const auto news = advance(position, {"s", previous, next}, records_at(all));
      for (const auto& [begin, end] : news.records)
        for (auto n = begin; n < end; ++n) REQUIRE(stored.insert(all[n]).second);
      covered.insert(all.begin(), all.end());
      REQUIRE(stored == covered);
      REQUIRE(decode_position(encode_position(position)) == position);
    }
  }
}

TEST_CASE("a stored position that is cut off or longer is corrupt") {
  const auto value = encode_position({500, kStart, {{10, 20}, {30, 40}}});
  CHECK(decode_position(value));
  for (std::size_t size = 0; size < value.size(); ++size)
    CHECK_FALSE(decode_position(value.substr(0, size)));
  CHECK_FALSE(decode_position(value + "x"));
}

TEST_CASE("impossible spans are refused in words") {
  const auto [span, positions, reason] =
      GENERATE(table<SourceSpan, std::vector<std::uint64_t>, std::string>({
          {{"", 0, 10}, {10}, "1 to 1024 bytes"},
          {{std::string(1025, 's'), 0, 10}, {10}, "1 to 1024 bytes"},
          {{"s", 10, 0}, {}, "`next` is before `previous`"},
          {{"s", 0, 10}, {11}, "not in order"},
          {{"s", 5, 10}, {4}, "not in order"},
          {{"s", 0, 10}, {8, 7}, "not in order"},
      }));
  const auto checked = check_span(span, records_at(positions));
  REQUIRE_FALSE(checked);
  CHECK(checked.error().code == Errc::invalid);
  CHECK(checked.error().message.find(reason) != std::string::npos);
}

TEST_CASE("keys sort as they were committed and parse back") {
  CHECK(inbox_key(1, {2, 3}) < inbox_key(1, {2, 4}));
  CHECK(inbox_key(1, {255, 0}) < inbox_key(1, {256, 0}));
  CHECK(inbox_key(1, {9, 9}) < inbox_key(kLocalPartition, {0, 0}));
  const auto inbox = parse_inbox_key(inbox_key(7, {1ULL << 40, 12}));
  REQUIRE(inbox);
  CHECK(inbox->partition == 7);
  CHECK(inbox->first == Cursor::Next{1ULL << 40, 12});
  CHECK_FALSE(parse_inbox_key("short"));
  const auto entry = parse_directory_key(directory_key(20'000, 99));
  REQUIRE(entry);
  CHECK(entry->day == 20'000);
  CHECK(entry->block == 99);
  CHECK(parse_partition_key(partition_key(12)) == 12U);
  CHECK_FALSE(parse_partition_key("partition/"));
}

TEST_CASE("a family's name tells its day") {
  CHECK(family_name(20'000, "default") == "blocks-20241004.default");
  const auto [name, day] = GENERATE(table<std::string, std::optional<std::int32_t>>({
      {"blocks-20241004.default", 20'000},
      {"blocks-19700101.a", 0},
      {"blocks-20241304.default", std::nullopt},
      {"blocks-2024100.default", std::nullopt},
      {"blocks-20241004", std::nullopt},
      {"inbox", std::nullopt},
  }));
  CAPTURE(name);
  CHECK(parse_family_day(name) == day);
}

TEST_CASE("a cursor parses from its text and from nothing else") {
  Cursor cursor;
  cursor.next[0] = {};
  cursor.next[3] = {123456789012345, 77};
  cursor.next[kLocalPartition] = {UINT64_MAX, UINT32_MAX};
  const auto parsed = Cursor::parse(cursor.text());
  REQUIRE(parsed);
  CHECK(parsed->next == cursor.next);
  CHECK(Cursor::parse(Cursor{}.text())->next.empty());
  const auto wrong =
      GENERATE(as<std::string>(), "", "2", "1_", "1_1.2", "1_1.2.x", "1_1.2.3_1.2.3", "1_-1.2.3",
               "1_1.2.99999999999", "1_1.2.3 ", "x", std::string(70'000, '1'));
  CAPTURE(wrong);
  const auto refused = Cursor::parse(wrong);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::invalid);
}

}  // namespace
}  // namespace logboom::store
