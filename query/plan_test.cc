#include "query/plan.h"

#include <catch2/catch.hpp>

#include "query/test_clauses.h"

namespace logboom::query {
namespace {

const std::vector<Labels> kStreams = {Labels({{"job", "bot"}, {"stream", "stdout"}}),
                                      Labels({{"job", "web"}})};

Plan plan(std::optional<std::string_view> query, std::optional<std::string_view> search = {}) {
  const auto question = parse_question(query, search);
  REQUIRE(question.has_value());
  auto made = Plan::make(*question, "mytool", kStreams);
  REQUIRE(made.has_value());
  return *std::move(made);
}

bool wants(const Plan& plan, std::string_view body, const std::vector<Attribute>& metadata = {},
           Level level = Level::unknown) {
  store::LineView line;
  line.stream = &kStreams[0];
  line.body = body;
  line.metadata = metadata;
  line.level = level;
  return !plan.nothing() && plan.wants(*line.stream) && plan.wants(line);
}

}  // namespace

TEST_CASE("a plan tells the store the texts and values every wanted line has") {
  using Values = std::vector<std::string>;
  const auto [query, texts, values] = GENERATE(table<std::string, std::string, Values>({
      {R"({job="bot"})", "", {}},
      {R"({job="bot"} |= "oom")", R"("oom")", {}},
      {R"({job="bot"} |= "OOM")", R"("OOM")", {}},
      {R"({job="bot"} |= "")", "", {}},
      {R"({job="bot"} |= "a" or "")", "", {}},
      {R"({job="bot"} |= "oom" or "Killed")", R"("oom"|"Killed")", {}},
      {R"({job="bot"} != "oom")", "", {}},
      {R"({job="bot"} !~ "oom.*")", "", {}},
      {R"({job="bot"} |~ "oom")", R"("oom")", {}},
      {R"({job="bot"} |~ "oom.*(Killed|Dead).*")", R"("Dead"|"Killed" & "oom")", {}},
      {R"({job="bot"} |~ "oom.*killer" or "[Dd]ead")", R"("Dead"|"dead"|"killer")", {}},
      {R"({job="bot"} |~ "oom.*" or "\\d")", "", {}},
      {R"({job="bot"} |~ "(?i)oom")", R"("oom"i)", {}},
      {R"({job="bot"} |= "b1" |= "a1" |= "b1" |= "b")", R"("a1" & "b1")", {}},
      {R"({job="bot"} |= "timeout" |~ "(?i)time")", R"("timeout")", {}},
      {R"({pod="web-5f7"})", "", {"web-5f7"}},
      {R"({pod=~"web-5f7", node="n1", pod="web-5f7"})", "", {"n1", "web-5f7"}},
      {R"({job="bot", pod!="web"})", "", {}},
      {R"({job="bot", pod=""})", "", {}},
      {R"({pod=~"web.*"})", "", {}},
      {R"({trace_id="abc"} |= "x")", R"("x")", {"abc"}},
      {R"({detected_level="error"})", "", {}},
      {R"({tool="mytool"})", "", {}},
  }));
  CAPTURE(query);
  const auto made = plan(query);
  CHECK(text_of(made.texts()) == texts);
  CHECK(made.values() == values);
}

TEST_CASE("search words are texts in any case, exclusions are none") {
  const auto [search, texts] = GENERATE(table<std::string, std::string>({
      {R"("a Connection b" OOM)", R"("a connection b"i & "oom"i)"},
      {R"(-" not this " 404)", R"("404")"},
      {"-x", ""},
      {"", ""},
  }));
  CAPTURE(search);
  CHECK(text_of(plan(std::nullopt, search).texts()) == texts);
}

TEST_CASE("a plan never asks for more texts or values than the store is promised") {
  std::string query = R"({job="bot")", search;
  for (int i = 100; i < 150; ++i) {
    query += ", c" + std::to_string(i) + "=\"v" + std::to_string(i) + '"';
    search += "word" + std::to_string(i) + ' ';
  }
  CHECK(plan(query + "}").values().size() == 16);
  CHECK(plan(std::nullopt, search).texts().size() == kMaxClauses);
}

TEST_CASE("lines are chosen by selector, columns and filters") {
  const auto [query, wanted] = GENERATE(table<std::string, bool>({
      {R"({job="bot"})", true},
      {R"({job="web"})", false},
      {R"({job=~"b.t|web"})", true},
      {R"({job=~"b"})", false},
      {R"({job!~"b", stream="stdout"})", true},
      {R"({job="bot", stream="stdout"})", true},
      {R"({job="bot", stream!=""})", true},
      {R"({job="bot", container=""})", true},
      {R"({job="bot", container!=""})", false},
      {R"({pod="web-1"})", true},
      {R"({pod="web-2"})", false},
      {R"({pod=~"web-.*"})", true},
      {R"({job="bot", pod!="web-2"})", true},
      {R"({trace_id="abc"})", true},
      {R"({job="bot", trace_id=""})", false},
      {R"({detected_level="error"})", true},
      {R"({tool="mytool"})", true},
      {R"({tool=~"my.*"})", true},
      {R"({tool="other"})", false},
      {R"({job="bot"} |= "Killed")", true},
      {R"({job="bot"} |= "killed")", false},
      {R"({job="bot"} |= "nothing" or "memory")", true},
      {R"({job="bot"} != "nothing" or "memory")", false},
      {R"({job="bot"} |~ "(?i)KILLED")", true},
      {R"({job="bot"} |~ "out.*memory$")", true},
      {R"({job="bot"} !~ "out.*memory$")", false},
      {R"({job="bot"} |= "")", true},
      {R"({job="bot"} != "")", false},
      {R"({job="bot"} |= "Killed" |= "memory" != "disk")", true},
  }));
  CAPTURE(query);
  CHECK(wants(plan(query), "Killed: out of memory", {{"pod", "web-1"}, {"trace_id", "abc"}},
              Level::error) == wanted);
}

TEST_CASE("search words match whatever their case") {
  const auto [search, wanted] = GENERATE(table<std::string, bool>({
      {"", true},
      {"killed", true},
      {"KILLED Memory", true},
      {"kill", true},
      {"killed disk", false},
      {R"("out of memory")", true},
      {R"("memory out")", false},
      {"killed -disk", true},
      {"killed -memory", false},
      {"-nothing", true},
  }));
  CAPTURE(search);
  CHECK(wants(plan(std::nullopt, search), "KiLLed: out of memory") == wanted);
  CHECK(plan(std::nullopt, search).whole_streams() == search.empty());
}

TEST_CASE("folding leaves bytes between and above the letters alone") {
  const std::string line = "@[`{ \xc3\x81 AZaz";
  CHECK(wants(plan(std::nullopt, "@[`{"), line));
  CHECK(wants(plan(std::nullopt, "azaz"), line));
  CHECK(wants(plan(std::nullopt, "\xc3\x81"), line));
  CHECK_FALSE(wants(plan(std::nullopt, "\xc3\xa1"), line));
  CHECK_FALSE(wants(plan(std::nullopt, "`{`{"), line));
}

}  // namespace logboom::query
