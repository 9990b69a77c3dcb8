// Counts over time by level: the store's, and as they come over HTTP.
#include <catch2/catch.hpp>
#include <limits>
#include <random>

#include "query/test_api.h"

namespace logboom::query {
namespace {

constexpr std::int64_t kMinute = 60'000'000'000;
constexpr std::int64_t kBase = 28'333'333 * kMinute;  // 2023-11-14T22:13:00Z, just before kNow
const Labels kBot{{"job", "bot"}}, kWeb{{"job", "web"}};

TestLine line(std::int64_t time_ns, Level level, const Labels& labels = kBot) {
  return {.time_ns = time_ns, .body = "x", .labels = labels, .level = level};
}

store::Counts counts(TestApi& test, store::CountsQuery query) {
  auto counted = test.store->snapshot("local").counts(query);
  if (!counted) FAIL(counted.error().message);
  return *std::move(counted);
}

std::size_t at(Level level) { return static_cast<std::size_t>(level); }

TEST_CASE("lines are counted by level, in buckets that begin with the range's first minute") {
  TestApi test;
  test.store.add({line(kBase, Level::error), line(kBase + kMinute - 1, Level::error),
                  line(kBase + kMinute, Level::info), line(kBase + 3 * kMinute, Level::critical),
                  line(kBase - 1, Level::warn), line(kBase + 4 * kMinute, Level::warn),
                  line(kBase + kMinute, Level::debug, kWeb)});
  const bool sealed = GENERATE(false, true);
  if (sealed) REQUIRE(test.store->seal_all().has_value());
  // From within the first minute to within the fourth: both are counted whole.
  const auto by_minute =
      counts(test, {.start = kBase + 5, .end = kBase + 3 * kMinute + 1, .step_ns = kMinute});
  CHECK(by_minute.start == kBase);
  CHECK(by_minute.end == kBase + 4 * kMinute);
  REQUIRE(by_minute.buckets.size() == 4);
  CHECK(by_minute.buckets[0] == std::array<std::uint64_t, 7>{0, 0, 0, 0, 0, 2, 0});
  CHECK(by_minute.buckets[1] == std::array<std::uint64_t, 7>{0, 0, 1, 1, 0, 0, 0});
  CHECK(by_minute.buckets[2] == std::array<std::uint64_t, 7>{});
  CHECK(by_minute.buckets[3] == std::array<std::uint64_t, 7>{0, 0, 0, 0, 0, 0, 1});

  const auto of_bot = counts(test, {.start = kBase,
                                    .end = kBase + 4 * kMinute,
                                    .step_ns = 3 * kMinute,
                                    .stream = [](const Labels& l) { return l == kBot; }});
  REQUIRE(of_bot.buckets.size() == 2);  // the second is cut off by the end of the range
  CHECK(of_bot.buckets[0] == std::array<std::uint64_t, 7>{0, 0, 0, 1, 0, 2, 0});
  CHECK(of_bot.buckets[1] == std::array<std::uint64_t, 7>{0, 0, 0, 0, 0, 0, 1});
}

TEST_CASE("without a step there is one bucket, also for the whole of time") {
  TestApi test;
  test.store.add({line(kBase, Level::error), line(0, Level::info), line(-1, Level::info)});
  const auto all = counts(test, {.start = std::numeric_limits<std::int64_t>::min(),
                                 .end = std::numeric_limits<std::int64_t>::max()});
  REQUIRE(all.buckets.size() == 1);
  CHECK(all.buckets[0][at(Level::error)] == 1);
  CHECK(all.buckets[0][at(Level::info)] == 2);
  // Before 1970 minutes are taken down too, not towards it.
  const auto before = counts(test, {.start = -1, .end = 0});
  CHECK(before.start == -kMinute);
  CHECK(before.buckets.at(0)[at(Level::info)] == 1);
  CHECK(counts(test, {.start = kMinute, .end = kMinute}).buckets.empty());
}

TEST_CASE("a step that minutes do not make up, and too many buckets, are refused with the remedy") {
  TestApi test;
  const auto asked = [&](std::int64_t end, std::int64_t step) {
    return test.store->snapshot("local").counts({.start = 0, .end = end, .step_ns = step});
  };
  for (const std::int64_t step : {kMinute - 1, kMinute + 1, -kMinute}) {
    const auto refused = asked(kMinute, step);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::invalid);
    CHECK(refused.error().message.find("whole number of minutes") != std::string::npos);
  }
  CHECK(asked(11'000 * kMinute, kMinute)->buckets.size() == 11'000);
  const auto refused = asked(11'000 * kMinute + 1, kMinute);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::invalid);
  CHECK(refused.error().message.find("a longer step or a shorter range") != std::string::npos);
  CHECK(asked(11'000 * kMinute + 1, 2 * kMinute)->buckets.size() == 5'501);
}

TEST_CASE("counts stop when they are told to") {
  TestApi test;
  test.store.add({line(kBase, Level::error)});
  std::stop_source source;
  source.request_stop();
  const auto stopped = test.store->snapshot("local").counts(
      {.start = kBase, .end = kBase + 1, .stop = source.get_token()});
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().code == Errc::cancelled);
}

TEST_CASE("counts equal those of the lines themselves") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  TestApi test;
  std::vector<TestLine> lines;
  for (int batch = 0; batch < 8; ++batch) {
    std::vector<TestLine> some;
    for (int i = 0; i < 50; ++i) {
      some.push_back(line(kBase + static_cast<std::int64_t>(random() % 3'600) * kMinute / 60,
                          static_cast<Level>(random() % 7), random() % 2 == 0 ? kBot : kWeb));
    }
    test.store.add(some);
    lines.insert(lines.end(), some.begin(), some.end());
    if (random() % 2 == 0) REQUIRE(test.store->seal_all().has_value());
  }
  for (int i = 0; i < 20; ++i) {
    const auto start = kBase + static_cast<std::int64_t>(random() % 60) * kMinute;
    const auto end = start + static_cast<std::int64_t>(1 + random() % 60) * kMinute;
    const auto step = static_cast<std::int64_t>(1 + random() % 20) * kMinute;
    const bool one = random() % 2 == 0;
    std::vector<std::array<std::uint64_t, 7>> expected(
        static_cast<std::size_t>((end - start + step - 1) / step));
    for (const auto& l : lines) {
      if (l.time_ns < start || l.time_ns >= end || (one && l.labels != kWeb)) continue;
      ++expected[static_cast<std::size_t>((l.time_ns - start) / step)][at(l.level)];
    }
    store::CountsQuery query{.start = start, .end = end, .step_ns = step};
    if (one) query.stream = [](const Labels& l) { return l == kWeb; };
    CHECK(counts(test, query).buckets == expected);
  }
}

constexpr const char* kAround = "start=2023-11-14T22:13:05Z&end=2023-11-14T22:15:01Z";

TEST_CASE("counts over HTTP say what they count, with every level") {
  TestApi test;
  test.store.add({line(kBase, Level::error), line(kBase + 2 * kMinute, Level::error),
                  line(kBase + kMinute, Level::unknown, kWeb), line(kBase - 1, Level::info)});
  const auto [parameters, body] = GENERATE(table<std::string, std::string>({
      {"&step=1m&by=level",
       R"("step_s":60,"start":"2023-11-14T22:13:00Z","end":"2023-11-14T22:16:00Z",)"
       R"("counts":{"unknown":[0,1,0],"trace":[0,0,0],"debug":[0,0,0],"info":[0,0,0],)"
       R"("warn":[0,0,0],"error":[1,0,1],"critical":[0,0,0]},"totals":{"unknown":1,"trace":0,)"
       R"("debug":0,"info":0,"warn":0,"error":2,"critical":0},"lines":3)"},
      {"&query={job=\"bot\"}",
       R"("step_s":180,"start":"2023-11-14T22:13:00Z","end":"2023-11-14T22:16:00Z",)"
       R"("counts":{"unknown":[0],"trace":[0],"debug":[0],"info":[0],)"
       R"("warn":[0],"error":[2],"critical":[0]},"totals":{"unknown":0,"trace":0,)"
       R"("debug":0,"info":0,"warn":0,"error":2,"critical":0},"lines":2)"},
  }));
  CAPTURE(parameters);
  const auto answer = test.get("/api/v1/counts?" + std::string(kAround) + parameters);
  CHECK(answer.status == 200);
  CHECK(answer.body == "{" + body + "}");
}

TEST_CASE("counts of nothing are zeros") {
  TestApi test;
  const auto [parameters, lines] = GENERATE(table<std::string, std::string>({
      {"&tool=nobody", R"("lines":0)"},
      {"&query={tool=\"other\"}", R"("lines":0)"},
      {"&query={tool=\"local\"}", R"("lines":1)"},
      {"&search=", R"("lines":1)"},
  }));
  CAPTURE(parameters);
  test.store.add({line(kBase, Level::error)});
  const auto answer = test.get("/api/v1/counts?" + std::string(kAround) + parameters);
  CHECK(answer.status == 200);
  CHECK(answer.body.find(lines) != std::string::npos);
}

TEST_CASE("what cannot be counted is refused in words") {
  TestApi test;
  test.store.add({line(kBase, Level::error)});
  const auto [parameters, text] = GENERATE(table<std::string, std::string>({
      {"&step=90s", "whole number of minutes"},
      {"&step=0", "whole number of minutes"},
      {"&step=-1m", "whole number of minutes"},
      {"&step=x", "could not parse 'step' parameter"},
      {"&by=pod", "counts are by level"},
      {"&search=timeout", "counts are of whole streams"},
      {"&query={job=\"bot\"}|=\"x\"", "counts are of whole streams"},
      {"&query={pod=\"p\"}", "counts are of whole streams"},
      {"&query={job", "parse error"},
      {"&tool=-bad", ""},
      {"&since=x", "could not parse 'since' parameter"},
  }));
  CAPTURE(parameters);
  const auto answer = test.get("/api/v1/counts?" + std::string(kAround) + parameters);
  CAPTURE(answer.body);
  CHECK(answer.status == 400);
  CHECK(answer.body.find(text) != std::string::npos);
  CHECK(test.get("/api/v1/counts?start=0&end=1700000000&step=1m").status == 400);
}

}  // namespace
}  // namespace logboom::query
