#include "query/search.h"

#include <catch2/catch.hpp>

#include "query/logql/printer.h"

namespace logboom::query {

TEST_CASE("plain words become what must and must not be in a line") {
  using Words = std::vector<std::string>;
  const auto [text, words, excluded] = GENERATE(table<std::string, Words, Words>({
      {"", {}, {}},
      {"  \t ", {}, {}},
      {"Timeout", {"timeout"}, {}},
      {"timeout  after", {"timeout", "after"}, {}},
      {R"("Connection Refused" bot)", {"connection refused", "bot"}, {}},
      {"a -b -\"c d\"", {"a"}, {"b", "c d"}},
      {"-", {"-"}, {}},
      {"a - b", {"a", "-", "b"}, {}},
      {"--flag", {}, {"-flag"}},
      {R"("open phrase)", {"open phrase"}, {}},
      {R"("say \"hi\"" C:\x)", {"say \"hi\"", R"(c:\x)"}, {}},
      {R"(key="a b")", {"key=\"a", "b\""}, {}},
      {R"("" -"")", {}, {}},
      {"\xc3\x89T\xc3\x89", {"\xc3\x89t\xc3\x89"}, {}},
  }));
  CAPTURE(text);
  const auto search = parse_search(text);
  REQUIRE(search.has_value());
  CHECK(search->words == words);
  CHECK(search->excluded == excluded);
}

TEST_CASE("a search of too many words is refused") {
  std::string text;
  for (std::size_t i = 0; i <= kMaxSearchWords; ++i) text += "w ";
  CHECK(parse_search(text).error().message == "the search has more than 100 words");
  CHECK_FALSE(parse_search(std::string(200'000, 'x')).has_value());
}

TEST_CASE("query and search parameters make one question") {
  using Text = std::optional<std::string_view>;
  struct Row {
    Text query, search;
    std::string logql;  // "none", or printed
    std::vector<std::string> words;
  };
  const auto row = GENERATE(values<Row>({
      {R"({a="b"})", std::nullopt, R"({a="b"})", {}},
      {std::nullopt, "oom", "none", {"oom"}},
      {std::nullopt, "", "none", {}},
      {"", "oom", "none", {"oom"}},
      {R"({a="b"})", "oom", R"({a="b"})", {"oom"}},
      {std::nullopt, R"( {a="b"} |= "c")", R"({a="b"} |= "c")", {}},
      {R"({a="b"} != "x")", R"({c="d"} |= "y")", R"({a="b", c="d"} != "x" |= "y")", {}},
  }));
  const auto question = parse_question(row.query, row.search);
  REQUIRE(question.has_value());
  CHECK((question->logql ? logql::print(*question->logql) : "none") == row.logql);
  CHECK(question->search.words == row.words);
}

TEST_CASE("a question needs a query or a search") {
  CHECK(parse_question(std::nullopt, std::nullopt).error().message ==
        "parse error at line 1, col 1: syntax error: unexpected $end, expecting {");
  CHECK_FALSE(parse_question("", std::nullopt).has_value());
  CHECK_FALSE(parse_question("oom", "oom").has_value());
  CHECK_FALSE(parse_question(std::nullopt, "{oom").has_value());
}

}  // namespace logboom::query
