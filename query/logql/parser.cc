#include "query/logql/parser.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "query/logql/lexer.h"
#include "query/regex.h"

namespace logboom::query::logql {
namespace {

constexpr std::array<std::string_view, 29> kMetricWords = {"absent_over_time",
                                                           "approx_topk",
                                                           "avg",
                                                           "avg_over_time",
                                                           "bottomk",
                                                           "bytes_over_time",
                                                           "bytes_rate",
                                                           "count",
                                                           "count_over_time",
                                                           "first_over_time",
                                                           "label_replace",
                                                           "last_over_time",
                                                           "max",
                                                           "max_over_time",
                                                           "min",
                                                           "min_over_time",
                                                           "quantile_over_time",
                                                           "rate",
                                                           "rate_counter",
                                                           "sort",
                                                           "sort_desc",
                                                           "stddev",
                                                           "stddev_over_time",
                                                           "stdvar",
                                                           "stdvar_over_time",
                                                           "sum",
                                                           "sum_over_time",
                                                           "topk",
                                                           "vector"};

constexpr std::array<std::string_view, 12> kStages = {
    "json",   "logfmt",      "regexp",       "pattern", "unpack", "decolorize",
    "unwrap", "line_format", "label_format", "drop",    "keep",   "distinct"};

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return !word.empty() && std::find(words.begin(), words.end(), word) != words.end();
}

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::end:
      return "$end";
    case TokenKind::identifier:
      return "IDENTIFIER";
    case TokenKind::string:
      return "STRING";
    case TokenKind::number:
      return "NUMBER";
    case TokenKind::sign:
      break;
  }
  return token.text;
}

std::optional<MatchOp> match_op(std::string_view sign) {
  if (sign == "=") return MatchOp::equal;
  if (sign == "!=") return MatchOp::not_equal;
  if (sign == "=~") return MatchOp::regex;
  if (sign == "!~") return MatchOp::not_regex;
  return std::nullopt;
}

std::optional<FilterOp> filter_op(std::string_view sign) {
  if (sign == "|=") return FilterOp::contains;
  if (sign == "!=") return FilterOp::not_contains;
  if (sign == "|~") return FilterOp::regex;
  if (sign == "!~") return FilterOp::not_regex;
  return std::nullopt;
}

class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens)
      : text_(text), tokens_(std::move(tokens)) {}

  Result<LogQuery> query() {
    std::size_t depth = 0;
    for (; take("("); ++depth) {
      if (depth == kMaxDepth) return limit("parentheses nest deeper than", kMaxDepth);
    }
    if (starts_metric()) return not_supported("metric queries");
    LogQuery query;
    auto matchers = selector();
    if (!matchers) return fail(std::move(matchers).error());
    query.matchers = *std::move(matchers);
    if (auto done = pipeline(query.stages); !done) return fail(std::move(done).error());
    for (; depth > 0; --depth) {
      if (!take(")")) return unexpected("expecting )");
    }
    if (here().kind != TokenKind::end) return unexpected("");
    return query;
  }

  Result<std::vector<Matcher>> only_selector() {
    auto matchers = selector();
    if (!matchers) return matchers;
    if (here().kind != TokenKind::end) return unexpected("expecting $end");
    return matchers;
  }

 private:
  const Token& here() const { return tokens_[at_]; }
  const Token& after() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  bool is_sign(std::string_view sign) const {
    return here().kind == TokenKind::sign && here().text == sign;
  }
  bool take(std::string_view sign) {
    if (!is_sign(sign)) return false;
    ++at_;
    return true;
  }

  bool starts_metric() const {
    if (here().kind == TokenKind::number) return true;
    if (is_sign("-") || is_sign("+")) return after().kind == TokenKind::number;
    const bool call = after().kind == TokenKind::sign && after().text == "(";
    const bool grouped = after().text == "by" || after().text == "without";
    return here().kind == TokenKind::identifier && is_one_of(here().text, kMetricWords) &&
           (call || grouped);
  }

  Result<std::vector<Matcher>> selector() {
    std::vector<Matcher> matchers;
    if (!take("{")) return unexpected("expecting {");
    if (take("}")) return matchers;
    for (;;) {
      auto one = matcher();
      if (!one) return fail(std::move(one).error());
      if (matchers.size() == kMaxMatchers) return limit("more matchers than", kMaxMatchers);
      matchers.push_back(*std::move(one));
      if (take("}")) return matchers;
      if (!take(",")) return unexpected("expecting , or }");
    }
  }

  Result<Matcher> matcher() {
    Matcher matcher;
    if (here().kind != TokenKind::identifier) return unexpected("expecting IDENTIFIER");
    matcher.name = here().text;
    ++at_;
    const auto op = here().kind == TokenKind::sign ? match_op(here().text) : std::nullopt;
    if (!op) return unexpected("expecting = or != or =~ or !~");
    matcher.op = *op;
    ++at_;
    auto value = string(*op == MatchOp::regex || *op == MatchOp::not_regex);
    if (!value) return fail(std::move(value).error());
    matcher.value = *std::move(value);
    return matcher;
  }

  Result<void> pipeline(std::vector<Stage>& stages) {
    while (here().kind == TokenKind::sign) {
      if (is_sign("|>") || is_sign("!>")) return not_supported("pattern filters");
      if (is_sign("|")) return refuse_stage();
      const auto op = filter_op(here().text);
      if (!op) return {};
      ++at_;
      auto filter = line_filter(*op);
      if (!filter) return fail(std::move(filter).error());
      stages.push_back(*std::move(filter));
    }
    return {};
  }

  Result<LineFilter> line_filter(FilterOp op) {
    LineFilter filter{op, {}};
    do {
      if (here().text == "ip" && here().kind == TokenKind::identifier && after().text == "(") {
        return not_supported("ip() in a line filter");
      }
      auto value = string(op == FilterOp::regex || op == FilterOp::not_regex);
      if (!value) return fail(std::move(value).error());
      if (++alternatives_ > kMaxAlternatives)
        return limit("more line filters than", kMaxAlternatives);
      filter.alternatives.push_back(*std::move(value));
    } while (take_or());
    return filter;
  }

  bool take_or() {
    if (here().kind != TokenKind::identifier || here().text != "or") return false;
    ++at_;
    return true;
  }

  Result<std::string> string(bool is_regex) {
    if (here().kind != TokenKind::string) return unexpected("expecting STRING");
    const Token& token = here();
    if (is_regex) {
      if (++regexes_ > kMaxRegexes) return limit("more regular expressions than", kMaxRegexes);
      const auto regex = Regex::compile(token.text);
      if (!regex) return fail(parse_error(text_, token.offset, regex.error().message));
    }
    ++at_;
    return token.text;
  }

  // At a '|': every stage of the grammar is refused by name, anything else is a syntax error.
  std::unexpected<Error> refuse_stage() {
    ++at_;
    if (here().kind == TokenKind::identifier) {
      if (is_one_of(here().text, kStages)) return not_supported("the stage " + here().text);
      constexpr std::array<std::string_view, 9> kComparisons = {
          "=", "!=", "=~", "!~", "==", ">", ">=", "<", "<="};
      if (is_one_of(after().text, kComparisons)) return not_supported("label filters");
    }
    if (is_sign("(")) return not_supported("label filters");
    return unexpected("");
  }

  std::unexpected<Error> unexpected(std::string_view expecting) const {
    std::string message = "syntax error: unexpected " + describe(here());
    if (!expecting.empty()) message += ", " + std::string(expecting);
    return fail(parse_error(text_, here().offset, message));
  }
  std::unexpected<Error> not_supported(const std::string& what) const {
    return fail(Errc::invalid,
                "not supported yet: " + what + ", at " + place_text(text_, here().offset));
  }
  std::unexpected<Error> limit(const std::string& what, std::size_t most) const {
    return fail(parse_error(text_, here().offset, what + " " + std::to_string(most)));
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t alternatives_ = 0, regexes_ = 0;
};

Result<Parser> parser_of(std::string_view text) {
  if (text.size() > kMaxQuery) {
    return fail(Errc::invalid,
                "parse error : the query is longer than " + std::to_string(kMaxQuery) + " bytes");
  }
  auto tokens = lex(text);
  if (!tokens) return fail(std::move(tokens).error());
  return Parser(text, *std::move(tokens));
}

bool matches_empty(const Matcher& matcher) {
  switch (matcher.op) {
    case MatchOp::equal:
      return matcher.value.empty();
    case MatchOp::not_equal:
      return !matcher.value.empty();
    case MatchOp::regex:
    case MatchOp::not_regex:
      break;
  }
  const auto regex = Regex::compile(matcher.value);
  const bool matches = regex && regex->matches_whole("");
  return matches == (matcher.op == MatchOp::regex);
}

Result<void> check_bounded(const std::vector<Matcher>& matchers) {
  if (!std::all_of(matchers.begin(), matchers.end(), matches_empty)) return {};
  return fail(Errc::invalid,
              "parse error : queries require at least one regexp or equality matcher that does not "
              "have an empty-compatible value. For instance, app=~\".*\" does not meet this "
              "requirement, but app=~\".+\" will");
}

}  // namespace

Result<LogQuery> parse(std::string_view text) {
  auto parser = parser_of(text);
  if (!parser) return fail(std::move(parser).error());
  auto query = parser->query();
  if (!query) return query;
  if (auto bounded = check_bounded(query->matchers); !bounded) {
    return fail(std::move(bounded).error());
  }
  return query;
}

Result<std::vector<Matcher>> parse_selector(std::string_view text) {
  auto parser = parser_of(text);
  if (!parser) return fail(std::move(parser).error());
  auto matchers = parser->only_selector();
  if (!matchers || matchers->empty()) return matchers;
  if (auto bounded = check_bounded(*matchers); !bounded) return fail(std::move(bounded).error());
  return matchers;
}

Result<std::vector<Labels::Pair>> parse_labels(std::string_view text) {
  auto parser = parser_of(text);
  if (!parser) return fail(std::move(parser).error());
  auto matchers = parser->only_selector();
  if (!matchers) return fail(std::move(matchers).error());
  std::vector<Labels::Pair> pairs;
  for (auto& matcher : *matchers) {
    if (matcher.op != MatchOp::equal) {
      return fail(Errc::invalid,
                  "parse error : a stream's label takes =, not a matcher: " + matcher.name);
    }
    pairs.emplace_back(std::move(matcher.name), std::move(matcher.value));
  }
  return pairs;
}

}  // namespace logboom::query::logql
