#include "query/execute.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "query/render.h"
#include "query/test_store.h"

namespace logboom::query {
namespace {

// What was stored, and the naive answer to every question.
struct TwinLine {
  TestLine line;
  store::Place place;
  std::uint32_t index = 0;
};

struct Case {
  std::string query, search;
  std::function<bool(const TestLine&)> wanted;
};

bool has(const std::string& body, std::string_view text) {
  return body.find(text) != std::string::npos;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {R"({job=~".+"})", "", [](const TestLine&) { return true; }},
      {R"({job="bot"})", "", [](const TestLine& l) { return l.labels.get("job") == "bot"; }},
      {R"({job!="bot", job=~".+"})", "",
       [](const TestLine& l) { return l.labels.get("job") != "bot"; }},
      {R"({pod="pod-1"})", "", [](const TestLine& l) { return l.pod == "pod-1"; }},
      {R"({job="bot", pod=""})", "",
       [](const TestLine& l) { return l.labels.get("job") == "bot" && l.pod.empty(); }},
      {R"({pod=~"pod-[12]"} |= " error ")", "",
       [](const TestLine& l) {
         return (l.pod == "pod-1" || l.pod == "pod-2") && has(l.body, " error ");
       }},
      {R"({job=~".+"} |= "rare" )", "", [](const TestLine& l) { return has(l.body, "rare"); }},
      {R"({job=~".+"} |= "absent word nowhere" )", "", [](const TestLine&) { return false; }},
      {R"({job=~".+"} |= " timeout " != "error")", "",
       [](const TestLine& l) { return has(l.body, " timeout ") && !has(l.body, "error"); }},
      {R"({job=~".+"} |= "rare" or "timeout")", "",
       [](const TestLine& l) { return has(l.body, "rare") || has(l.body, "timeout"); }},
      {R"({job=~".+"} |~ "Ti?meout|r.re")", "",
       [](const TestLine& l) { return has(l.body, "Timeout") || has(l.body, "rare"); }},
      {R"({job=~".+"} |~ "(?i)TIMEOUT|RARE")", "",
       [](const TestLine& l) {
         return has(l.body, "timeout") || has(l.body, "Timeout") || has(l.body, "rare");
       }},
      {R"({job=~".+"} |~ "(error|oom) [Tt]imeout" |~ "\\w")", "",
       [](const TestLine& l) {
         return has(l.body, "error timeout") || has(l.body, "error Timeout") ||
                has(l.body, "oom timeout") || has(l.body, "oom Timeout");
       }},
      {"", "TIMEOUT",
       [](const TestLine& l) { return has(l.body, "timeout") || has(l.body, "Timeout"); }},
      {"", R"("ERROR timeout" -rare)",
       [](const TestLine& l) {
         return (has(l.body, "error timeout") || has(l.body, "error Timeout")) &&
                !has(l.body, "rare");
       }},
      {R"({detected_level="error"})", "",
       [](const TestLine& l) { return l.level == Level::error; }},
      {R"({tool="other"})", "", [](const TestLine&) { return false; }},
      {R"({tool="local"})", "oom", [](const TestLine& l) { return has(l.body, "oom"); }},
  };
  return kCases;
}

class Twin {
 public:
  explicit Twin(unsigned seed) : random_(seed) {}

  // Few distinct times, so that many lines share one.
  std::vector<TestLine> batch() {
    static const std::string kWords[] = {"error", "timeout", "oom", "ok", "Timeout", "fine"};
    std::vector<TestLine> lines;
    for (auto count = 1 + any(20); count > 0; --count) {
      TestLine line;
      line.time_ns = 1'000 + static_cast<std::int64_t>(any(60));
      for (auto words = any(6); words > 0; --words) line.body += kWords[any(6)] + " ";
      if (any(40) == 0) line.body += "rare";
      line.labels = any(3) == 0 ? Labels({{"job", "web"}}) : Labels({{"job", "bot"}});
      if (any(3) != 0) line.pod = "pod-" + std::to_string(any(4));
      line.level = any(2) == 0 ? Level::error : Level::unknown;
      lines.push_back(line);
    }
    return lines;
  }

  void add(TestStore& store) {
    auto lines = batch();
    const auto place = store.add(lines);
    for (std::uint32_t i = 0; i < lines.size(); ++i) lines_.push_back({lines[i], place, i});
  }

  std::vector<std::string> expect(const Case& one, Range range, Order order, std::size_t limit) {
    std::vector<const TwinLine*> found;
    for (const auto& stored : lines_) {
      const auto time = stored.line.time_ns;
      if (time >= range.start && time < range.end && one.wanted(stored.line)) {
        found.push_back(&stored);
      }
    }
    std::ranges::sort(found, {}, [](const TwinLine* l) {
      return std::tuple(l->line.time_ns, l->place, l->index);
    });
    if (order == Order::newest_first) std::ranges::reverse(found);
    if (found.size() > limit) found.resize(limit);
    std::vector<std::string> out;
    for (const auto* l : found) {
      out.push_back(std::to_string(l->line.time_ns) + " " + std::to_string(l->place.offset) + "." +
                    std::to_string(l->index) + " " + l->line.body + " " + l->line.pod);
    }
    return out;
  }

  std::size_t any(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
  }

 private:
  std::mt19937 random_;
  std::vector<TwinLine> lines_;
};

std::vector<std::string> answer_of(const store::Snapshot& snapshot, const Case& one, Range range,
                                   Order order, std::size_t limit) {
  using Text = std::optional<std::string_view>;
  const auto question = parse_question(one.query.empty() ? Text() : Text(one.query),
                                       one.search.empty() ? Text() : Text(one.search));
  REQUIRE(question.has_value());
  const auto plan = Plan::make(*question, "local", snapshot.streams(range.start, range.end));
  REQUIRE(plan.has_value());
  const auto answer = newest_or_oldest(snapshot, *plan, {range, order, limit, {}}, {}, {});
  REQUIRE(answer.has_value());
  std::vector<std::string> out;
  for (const auto& line : answer->lines) {
    std::string pod;
    for (const auto& [name, value] : line.metadata) pod += name == "pod" ? value : "";
    out.push_back(std::to_string(line.time_ns) + " " + std::to_string(line.place.offset) + "." +
                  std::to_string(line.index) + " " + line.body + " " + pod);
  }
  return out;
}

void check_all(TestStore& store, Twin& twin) {
  const auto snapshot = store->snapshot("local");
  for (const auto& one : cases()) {
    for (const auto order : {Order::oldest_first, Order::newest_first}) {
      for (const std::size_t limit : {std::size_t{1}, std::size_t{7}, std::size_t{5'000}}) {
        for (const Range range : {Range{0, 5'000}, Range{1'020, 1'040}, Range{1'030, 1'031}}) {
          CAPTURE(one.query, one.search, order, limit, range.start, range.end);
          CHECK(answer_of(snapshot, one, range, order, limit) ==
                twin.expect(one, range, order, limit));
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("queries answer like a naive scan, whatever state the lines are in") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  Twin twin(seed);
  const auto state =
      GENERATE(as<std::string>(), "inbox", "sealed", "both", "reopened", "many blocks");
  CAPTURE(state);
  TestStore store;
  for (int i = 0; i < 25; ++i) {
    twin.add(store);
    if (state == "many blocks" && i % 3 == 0) REQUIRE(store->seal_all().has_value());
    if (state == "both" && i == 12) REQUIRE(store->seal_all().has_value());
  }
  if (state == "sealed") REQUIRE(store->seal_all().has_value());
  if (state == "reopened") {
    REQUIRE(store->seal_all().has_value());
    twin.add(store);
    store.reopen();
  }
  check_all(store, twin);
}

TEST_CASE("the lines of another tool are never seen") {
  TestStore store;
  store.add({{1, "mine"}}, "local");
  store.add({{1, "theirs"}}, "other");
  const Case everything{R"({job=~".+"})", "", {}};
  const auto mine =
      answer_of(store->snapshot("local"), everything, {0, 10}, Order::oldest_first, 10);
  REQUIRE(mine.size() == 1);
  CHECK(has(mine[0], "mine"));
}

TEST_CASE("a query over its limits ends with an error that says what to do") {
  TestStore store;
  for (int i = 0; i < 20; ++i) store.add({{i, std::string(1'000, 'x')}});
  const auto snapshot = store->snapshot("local");
  const auto plan = Plan::make({}, "local", {});
  REQUIRE(plan.has_value());
  Limits limits;
  std::stop_source stop;
  Errc code{};
  std::string words;
  SECTION("kept") {
    limits.answer_bytes = 5'000;
    code = Errc::too_large;
    words = "ask for fewer lines (limit=) or a shorter range";
  }
  SECTION("scanned") {
    limits.scanned_bytes = 5'000;
    code = Errc::too_large;
    words = "narrow the time range or the stream selector";
  }
  SECTION("time") {
    limits.time = std::chrono::milliseconds(-1);
    code = Errc::timeout;
    words = "the query took longer than";
  }
  SECTION("cancelled") {
    stop.request_stop();
    code = Errc::cancelled;
    words = "cancelled";
  }
  const auto answer = newest_or_oldest(snapshot, *plan, {{0, 100}, Order::newest_first, 100, {}},
                                       limits, stop.get_token());
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == code);
  CHECK(has(answer.error().message, words));
  CHECK_FALSE(each_line(snapshot, *plan, {0, 100},
                        {.scanned_bytes = 5'000, .time = std::chrono::milliseconds(-1)},
                        stop.get_token(), [](const store::LineView&) { return true; })
                  .has_value());
}

TEST_CASE("the limit bounds what is kept, not what is looked at") {
  TestStore store;
  for (int i = 0; i < 50; ++i) store.add({{i, std::string(1'000, 'x')}});
  const auto plan = Plan::make({}, "local", {});
  REQUIRE(plan.has_value());
  const auto answer =
      newest_or_oldest(store->snapshot("local"), *plan, {{0, 100}, Order::oldest_first, 3, {}},
                       {.answer_bytes = 8'000}, {});
  REQUIRE(answer.has_value());
  CHECK(answer->lines.size() == 3);
}

TEST_CASE("pages meet exactly, also inside one instant") {
  TestStore store;
  for (int i = 0; i < 7; ++i)
    store.add({{5, "a" + std::to_string(i)}, {5, "b" + std::to_string(i)}});
  store.add({{4, "first"}, {6, "last"}});
  const auto plan = Plan::make({}, "local", {});
  REQUIRE(plan.has_value());
  for (const auto order : {Order::oldest_first, Order::newest_first}) {
    std::vector<std::string> paged;
    Page page{{0, 100}, order, 3, {}};
    for (;;) {
      const auto answer = newest_or_oldest(store->snapshot("local"), *plan, page, {}, {});
      REQUIRE(answer.has_value());
      if (answer->lines.empty()) break;
      for (const auto& line : answer->lines) paged.push_back(line.body);
      const Line& last = answer->lines.back();
      page.after = LineKey{last.time_ns, last.place, last.index};
      const auto id = parse_line_id(line_id(last.place, last.index));
      REQUIRE(id);
      CHECK(*id == std::pair(last.place, last.index));
    }
    page = {{0, 100}, order, 100, {}};
    const auto whole = newest_or_oldest(store->snapshot("local"), *plan, page, {}, {});
    REQUIRE(whole.has_value());
    REQUIRE(paged.size() == 16);
    for (std::size_t i = 0; i < paged.size(); ++i) CHECK(paged[i] == whole->lines[i].body);
  }
  for (const char* bad : {"", "1", "1.2", "1.2.", "x.1.1", "1.2.3.4", "1.2.fffffffff"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_line_id(bad));
  }
}

TEST_CASE("matching streams are those with a matching line") {
  TestStore store;
  store.add(
      {{1, "a", Labels({{"job", "bot"}}), "pod-1"}, {2, "b", Labels({{"job", "web"}}), "pod-2"}});
  REQUIRE(store->seal_all().has_value());
  store.add({{3, "c", Labels({{"job", "cron"}})}});
  const auto snapshot = store->snapshot("local");
  const auto streams = [&](std::string_view query) {
    const auto question = parse_question(query, std::nullopt);
    const auto plan = Plan::make(*question, "local", snapshot.streams(0, 10));
    std::string out;
    const auto found = matching_streams(snapshot, *plan, {0, 10}, {}, {});
    for (const auto& labels : *found) out += labels.text();
    return out;
  };
  CHECK(streams(R"({job=~".+"})") == R"({job="bot"}{job="cron"}{job="web"})");
  CHECK(streams(R"({pod="pod-2"})") == R"({job="web"})");
  CHECK(streams(R"({job=~".+", pod=""})") == R"({job="cron"})");
  CHECK(streams(R"({tool="other"})") == "");
}

}  // namespace logboom::query
