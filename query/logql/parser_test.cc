#include "query/logql/parser.h"

#include <catch2/catch.hpp>
#include <random>

#include "query/logql/printer.h"

namespace logboom::query::logql {
namespace {

std::string error_of(std::string_view query) {
  const auto parsed = parse(query);
  return parsed ? "parsed as " + print(*parsed) : parsed.error().message;
}

constexpr const char* kUnbounded =
    "parse error : queries require at least one regexp or equality matcher that does not have an "
    "empty-compatible value. For instance, app=~\".*\" does not meet this requirement, but "
    "app=~\".+\" will";

}  // namespace

TEST_CASE("a query prints as its canonical form") {
  const auto [text, canonical] = GENERATE(table<std::string, std::string>({
      {R"({job="bot"}|="oom")", R"({job="bot"} |= "oom")"},
      {R"({job=~".+"})", R"({job=~".+"})"},
      {"{ a = `x` , b != \"y\" }", R"({a="x", b!="y"})"},
      {R"({a="x",b=~"y.*",c!~"z"})", R"({a="x", b=~"y.*", c!~"z"})"},
      {R"({a!=""})", R"({a!=""})"},
      {R"(({a="x"} |= "y"))", R"({a="x"} |= "y")"},
      {R"(((({a="x"}))))", R"({a="x"})"},
      {R"({a="x"} |= "y" or "z" or `w`)", R"({a="x"} |= "y" or "z" or "w")"},
      {R"({a="x"} != "y" or "z" |~ "q" !~ "r")", R"({a="x"} != "y" or "z" |~ "q" !~ "r")"},
      {"{a=\"x\"} # a comment |= \"no\"\n |= \"yes\" # and more", R"({a="x"} |= "yes")"},
      {R"({a="x"} |= "#not a comment")", R"({a="x"} |= "#not a comment")"},
      {R"({a="\n\t\r\"\\\a\x41\101é\U0001F600"})", "{a=\"\\n\\t\\r\\\"\\\\\\x07AAé😀\"}"},
      {R"({a="x"} |= "\xff\xc3")", R"({a="x"} |= "\xff\xc3")"},
      {R"({a="x"} |= `a"b\c`)", R"({a="x"} |= "a\"b\\c")"},
      {R"({a="x"} |= "")", R"({a="x"} |= "")"},
      {"{a=\"x\"} |= `two\nlines`", R"({a="x"} |= "two\nlines")"},
  }));
  CAPTURE(text);
  const auto parsed = parse(text);
  REQUIRE(parsed.has_value());
  CHECK(print(*parsed) == canonical);
  const auto again = parse(canonical);
  REQUIRE(again.has_value());
  CHECK(*again == *parsed);
}

TEST_CASE("a wrong query says where and what") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"", "parse error at line 1, col 1: syntax error: unexpected $end, expecting {"},
      {"timeout", "parse error at line 1, col 1: syntax error: unexpected IDENTIFIER, expecting {"},
      {"{", "parse error at line 1, col 2: syntax error: unexpected $end, expecting IDENTIFIER"},
      {R"({a="x")",
       "parse error at line 1, col 7: syntax error: unexpected $end, expecting , or }"},
      {R"({a})",
       "parse error at line 1, col 3: syntax error: unexpected }, expecting = or != or =~ "
       "or !~"},
      {"{a=x}",
       "parse error at line 1, col 4: syntax error: unexpected IDENTIFIER, expecting STRING"},
      {R"({a="x",})",
       "parse error at line 1, col 8: syntax error: unexpected }, expecting "
       "IDENTIFIER"},
      {"{a=\"x\"}\n  |= oom",
       "parse error at line 2, col 6: syntax error: unexpected IDENTIFIER, expecting STRING"},
      {"{a=\"é\"} ;", "parse error at line 1, col 9: syntax error: unexpected character"},
      {R"({a="x"} |= "y)", "parse error at line 1, col 12: literal not terminated"},
      {"{a=\"x\"} |= `y", "parse error at line 1, col 12: literal not terminated"},
      {R"({a="\q"})", "parse error at line 1, col 5: invalid char escape"},
      {R"({a="\'"})", "parse error at line 1, col 5: invalid char escape"},
      {R"({a="\x4"})", "parse error at line 1, col 5: invalid char escape"},
      {R"({a="\ud800"})", "parse error at line 1, col 5: invalid char escape"},
      {R"({a="\400"})", "parse error at line 1, col 5: invalid char escape"},
      {R"({a=~"["})", "parse error at line 1, col 5: error parsing regexp: missing ]: ["},
      {R"({a="x"} |~ "a" or "(")",
       "parse error at line 1, col 19: error parsing regexp: missing ): ("},
      {R"({a="x"} {b="y"})", "parse error at line 1, col 9: syntax error: unexpected {"},
      {R"(({a="x"})", "parse error at line 1, col 9: syntax error: unexpected $end, expecting )"},
      {R"({a="x"} | nonsense)",
       "parse error at line 1, col 11: syntax error: unexpected IDENTIFIER"},
      {R"({a="x"} [5m])", "parse error at line 1, col 9: syntax error: unexpected ["},
      {"{}", kUnbounded},
      {R"({a=""})", kUnbounded},
      {R"({a!="x"})", kUnbounded},
      {R"({a=~".*", b!~"x"})", kUnbounded},
  }));
  CAPTURE(text);
  CHECK(error_of(text) == message);
}

TEST_CASE("the rest of LogQL is refused by its name") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {R"({a="x"} | json)", "not supported yet: the stage json, at line 1, col 11"},
      {R"({a="x"} |= "y" | logfmt --strict | b="c")",
       "not supported yet: the stage logfmt, at line 1, col 18"},
      {R"({a="x"} | level="error")", "not supported yet: label filters, at line 1, col 11"},
      {R"({a="x"} | status >= 500)", "not supported yet: label filters, at line 1, col 11"},
      {R"({a="x"} | (a="b"))", "not supported yet: label filters, at line 1, col 11"},
      {R"({a="x"} |> "<_> b")", "not supported yet: pattern filters, at line 1, col 9"},
      {R"({a="x"} |= ip("10.0.0.0/8"))",
       "not supported yet: ip() in a line filter, at line 1, col 12"},
      {"vector(1)+vector(1)", "not supported yet: metric queries, at line 1, col 1"},
      {R"(sum by (level) (count_over_time({a="x"}[5m])))",
       "not supported yet: metric queries, at line 1, col 1"},
      {R"((rate({a="x"}[5m])))", "not supported yet: metric queries, at line 1, col 2"},
      {"1 + 1", "not supported yet: metric queries, at line 1, col 1"},
      {"-2", "not supported yet: metric queries, at line 1, col 1"},
  }));
  CAPTURE(text);
  CHECK(error_of(text) == message);
}

TEST_CASE("limits of a query are named") {
  std::string text;
  std::string message;
  SECTION("length") {
    text = "{a=\"" + std::string(kMaxQuery, 'x') + "\"}";
    message = "parse error : the query is longer than 131072 bytes";
  }
  SECTION("depth") {
    text = std::string(kMaxDepth + 1, '(') + "{a=\"x\"}";
    message = "parse error at line 1, col 66: parentheses nest deeper than 64";
  }
  SECTION("matchers") {
    text = "{a=\"x\"";
    for (std::size_t i = 0; i < kMaxMatchers; ++i) text += ",a=\"x\"";
    text += "}";
    message = "parse error at line 1, col 607: more matchers than 100";
  }
  SECTION("alternatives") {
    text = "{a=\"x\"} |= \"x\"";
    for (std::size_t i = 0; i < kMaxAlternatives; ++i) text += " or \"x\"";
    message = "parse error at line 1, col 7015: more line filters than 1000";
  }
  SECTION("regular expressions") {
    text = "{a=\"x\"}";
    for (std::size_t i = 0; i <= kMaxRegexes; ++i) text += "|~\"x\"";
    message = "parse error at line 1, col 260: more regular expressions than 50";
  }
  CHECK(error_of(text) == message);
  CHECK(error_of(R"({a=~"((a{1000}){1000}){1000}"})").find("error parsing regexp: ") !=
        std::string::npos);
}

TEST_CASE("a selector alone may be empty, but takes no filter") {
  CHECK(parse_selector("{}")->empty());
  CHECK(parse_selector(R"({a="x"})")->size() == 1);
  CHECK(parse_selector(R"({a!="x"})").error().message == kUnbounded);
  CHECK(parse_selector(R"({a="x"} |= "y")").error().message ==
        "parse error at line 1, col 9: syntax error: unexpected |=, expecting $end");
}

TEST_CASE("a push's label text is read as pairs") {
  using Pairs = std::vector<Labels::Pair>;
  CHECK(*parse_labels(R"({b="1", a="\"2\"", b="3"})") ==
        Pairs{{"b", "1"}, {"a", "\"2\""}, {"b", "3"}});
  CHECK(parse_labels("{}")->empty());
  CHECK_FALSE(parse_labels(R"({a=~"x"})").has_value());
  CHECK_FALSE(parse_labels("a=b").has_value());
}

TEST_CASE("any query that is printed parses to itself") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto any = [&](std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
  };
  const auto text = [&] {
    std::string out;
    for (auto length = any(12); length > 0; --length) out += static_cast<char>(any(256));
    return out;
  };
  for (int round = 0; round < 500; ++round) {
    LogQuery query;
    query.matchers.push_back({"a", MatchOp::equal, "x"});
    for (auto count = any(3); count > 0; --count) {
      const bool equal = any(2) == 0;
      query.matchers.push_back(
          {"name_" + std::to_string(any(9)), equal ? MatchOp::equal : MatchOp::not_equal, text()});
    }
    for (auto count = any(4); count > 0; --count) {
      LineFilter filter{any(2) == 0 ? FilterOp::contains : FilterOp::not_contains, {text()}};
      for (auto more = any(3); more > 0; --more) filter.alternatives.push_back(text());
      query.stages.emplace_back(filter);
    }
    const auto printed = print(query);
    CAPTURE(printed);
    const auto parsed = parse(printed);
    REQUIRE(parsed.has_value());
    REQUIRE(*parsed == query);
  }
}

TEST_CASE("no bytes make the parser crash or hang") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::string pieces[] = {"{", "}",    "a",  "=",  "\"x\"", ",",    "|=", "|~", "!=", "(",
                                ")", "or",   "\\", "`",  "\"",    "#",    "\n", "|",  "[",  "sum",
                                "1", "\xff", "ip", "!>", "{}",    "json", "by", "-",  " "};
  for (int round = 0; round < 3'000; ++round) {
    std::string text;
    for (auto count = random() % 20; count > 0; --count)
      text += pieces[random() % std::size(pieces)];
    if (const auto parsed = parse(text)) CHECK(parse(print(*parsed)).has_value());
  }
}

}  // namespace logboom::query::logql
