#include "query/why/rank.h"

#include <catch2/catch.hpp>
#include <string>

#include "query/why/findings.h"

namespace logboom::query::why {
namespace {

struct Log {
  explicit Log(std::vector<std::string> texts) : texts_(std::move(texts)) {
    for (const auto& text : texts_) {
      lines.push_back({.number = static_cast<std::uint32_t>(lines.size() + 1), .text = text});
    }
    prepared = prepare(lines);
  }
  std::vector<LogLine> lines;
  Prepared prepared;

 private:
  std::vector<std::string> texts_;
};

std::string best(const std::vector<std::string>& failed,
                 const std::vector<std::vector<std::string>>& good = {}) {
  std::vector<Sketch> sketches;
  for (const auto& texts : good) sketches.push_back(sketch(Log(texts).lines, {}));
  const Log log(failed);
  const auto ranking = rank(log.prepared, {}, sketches);
  return ranking.best.empty() ? "" : failed[ranking.best.front().line];
}

TEST_CASE("the cause ranks above what surrounds and follows it") {
  auto [log, cause] = GENERATE(table<std::vector<std::string>, std::string>({
      {{"start", "loading 3 files", "config.yml:7: error: unknown key 'hots'", "2 files loaded",
        "make: *** [all] Error 1"},
       "config.yml:7: error: unknown key 'hots'"},
      {{"test 1 ok", "test 2 ok", "--- FAIL: TestSum (0.00s)", "    sum_test.go:12: got 3, want 4",
        "FAIL", "exit status 1"},
       "    sum_test.go:12: got 3, want 4"},
      {{"$ npm run build", "src/app.ts:3:1 - error TS2304: Cannot find name 'x'.", "",
        "npm ERR! code ELIFECYCLE", "npm ERR! errno 1",
        "npm ERR! A complete log of this run can be found in:"},
       "src/app.ts:3:1 - error TS2304: Cannot find name 'x'."},
      {{"fetching list",
        "Traceback (most recent call last):", "  File \"a.py\", line 3, in <module>", "    main()",
        "KeyError: 'currency'", "job left with status 1"},
       "KeyError: 'currency'"},
  }));
  CHECK(best(log) == cause);
}

TEST_CASE("what good runs also say is not the cause") {
  const std::vector<std::string> usual = {"start", "ERROR: cache is cold, continuing",
                                          "read 5 rows", "done"};
  const std::vector<std::string> failed = {"start", "ERROR: cache is cold, continuing",
                                           "read 7 rows", "row 8 has no price", "stop"};
  CHECK(best(failed, {usual, usual}) == "row 8 has no price");
}

TEST_CASE("novelty compares counts and runs") {
  const std::vector<std::string> usual = {"start", "tick 1", "tick 2"};
  const std::vector<std::string> noisy = {"start", "tick 1", "tick 2", "retry 1"};
  std::vector<Sketch> good;
  for (const auto& texts : {usual, usual, usual, noisy}) {
    good.push_back(sketch(Log(texts).lines, {}));
  }
  std::vector<std::string> failed = {"start", "retry 9", "lost", ""};
  for (int i = 0; i < 40; ++i) failed.push_back("tick " + std::to_string(i));
  const Log log(failed);
  const auto known = novelty(log.prepared, good);
  CHECK(known[0] == Novelty::usual);
  CHECK(known[1] == Novelty::rare);
  CHECK(known[2] == Novelty::absent);
  CHECK(known[4] == Novelty::frequent);
  CHECK(novelty(log.prepared, {})[2] == Novelty::unknown);
}

TEST_CASE("findings move lines") {
  const Log log({"alpha went by", "beta went by", "gamma went by", "delta went by"});
  const auto place = [&](const std::vector<Finding>& findings, std::uint32_t line) {
    const auto ranking = rank(log.prepared, findings, {});
    std::size_t above = 0;
    while (ranking.best[above].line != line) ++above;
    return above;
  };
  Finding finding;
  finding.line = finding.first = finding.last = 1;
  finding.strength = 100;
  CHECK(place({finding}, 1) == 0);
  finding.consequence = true;
  CHECK(place({finding}, 1) == 3);
  SECTION("and no line of a trace stands above its root") {
    Finding trace;
    trace.line = 3;
    trace.first = 0;
    trace.last = 3;
    trace.trace = true;
    CHECK(place({trace}, 3) == 0);
  }
}

TEST_CASE("the excerpt is the block around the best lines") {
  std::vector<std::string> texts;
  for (int i = 0; i < 40; ++i) texts.push_back("compiling part " + std::to_string(i));
  texts.push_back("");
  texts.push_back("src/sum.cc:12:5: error: 'total' was not declared in this scope");
  texts.push_back("   12 |     total += 1;");
  texts.push_back("      |     ^~~~~");
  texts.push_back("");
  for (int i = 0; i < 20; ++i) texts.push_back("cleaning part " + std::to_string(i));
  const Log log(texts);
  const auto ranking = rank(log.prepared, {}, {});
  const auto ranges = excerpt(log.prepared, {}, ranking);
  REQUIRE(!ranges.empty());
  CHECK(ranking.best.front().line == 41);
  bool covered = false;
  for (const auto& [first, last] : ranges) covered |= first == 41 && last >= 43 && last <= 45;
  CHECK(covered);
}

TEST_CASE("an excerpt keeps its limits, whatever the log") {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 500; ++i) {
    texts.push_back("E   AssertionError: expected " + std::string(1 + i % 7, 'x') + " at line 7");
    if (i % 11 == 0) texts.push_back("");
  }
  const Log log(texts);
  const auto ranges = excerpt(log.prepared, {}, rank(log.prepared, {}, {}));
  CHECK(ranges.size() <= 3);
  std::size_t shown = 0;
  std::uint32_t next = 0;
  for (const auto& [first, last] : ranges) {
    CHECK(first >= next);
    CHECK(first <= last);
    CHECK(last < log.prepared.size());
    shown += last - first + 1;
    next = last + 1;
  }
  CHECK(shown <= kMaxExcerpt);
}

TEST_CASE("a log without words has no best line") {
  CHECK(best({}).empty());
  CHECK(best({"", "  "}).empty());
  const Log log({"", " "});
  CHECK(excerpt(log.prepared, {}, rank(log.prepared, {}, {})).empty());
}

TEST_CASE("of lines of one kind, one is listed, and ties keep the log's order") {
  const Log log({"item 1 failed", "item 2 failed", "other thing failed"});
  const auto ranking = rank(log.prepared, {}, {});
  CHECK(ranking.best.size() == 2);
}

}  // namespace
}  // namespace logboom::query::why
