#include "query/filters.h"

#include <string.h>

#include <algorithm>

#include "query/regex_literals.h"

namespace logboom::query {
namespace {

bool contains(std::string_view line, std::string_view text) {
  return memmem(line.data(), line.size(), text.data(), text.size()) != nullptr;
}

// A pattern without any operator means itself, and memmem beats RE2 at that.
bool is_literal(std::string_view pattern) {
  return pattern.find_first_of("\\.+*?()|[]{}^$") == std::string_view::npos;
}

// `out` keeps its capacity between lines: at most one line's length per thread.
void fold(std::string_view line, std::string& out) {
  out.resize(line.size());
  const char* from = line.data();
  char* to = out.data();
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto c = static_cast<unsigned char>(from[i]);
    const bool upper = static_cast<unsigned char>(c - 'A') < 26;
    to[i] = static_cast<char>(c | (upper ? 0x20 : 0));
  }
}

// What every line contains that passes one of the alternatives.
std::vector<Clause> texts_of(const logql::LineFilter& filter, bool is_regex) {
  std::optional<std::vector<Clause>> texts;
  for (const auto& alternative : filter.alternatives) {
    auto own = is_regex && !is_literal(alternative)
                   ? required_texts(alternative)
                   : simplify({{{.text = alternative, .any_case = false}}});
    if (own.empty()) return {};
    texts = texts ? simplify({either(*texts, own)}) : std::move(own);
  }
  return texts.value_or(std::vector<Clause>());
}

}  // namespace

Result<ValueMatcher> ValueMatcher::compile(const logql::Matcher& matcher) {
  ValueMatcher compiled;
  compiled.matcher_ = matcher;
  if (matcher.op == logql::MatchOp::equal || matcher.op == logql::MatchOp::not_equal) {
    return compiled;
  }
  auto regex = Regex::compile(matcher.value);
  if (!regex) return fail(std::move(regex).error());
  compiled.regex_ = *std::move(regex);
  return compiled;
}

bool ValueMatcher::matches(std::string_view value) const {
  switch (matcher_.op) {
    case logql::MatchOp::equal:
      return value == matcher_.value;
    case logql::MatchOp::not_equal:
      return value != matcher_.value;
    case logql::MatchOp::regex:
      return regex_->matches_whole(value);
    case logql::MatchOp::not_regex:
      return !regex_->matches_whole(value);
  }
  return false;
}

std::optional<std::string_view> ValueMatcher::only_value() const {
  const bool literal = matcher_.op == logql::MatchOp::equal ||
                       (matcher_.op == logql::MatchOp::regex && is_literal(matcher_.value));
  if (!literal || matcher_.value.empty()) return std::nullopt;
  return matcher_.value;
}

Result<LineMatcher> LineMatcher::compile(const logql::LineFilter& filter) {
  LineMatcher compiled;
  compiled.positive_ =
      filter.op == logql::FilterOp::contains || filter.op == logql::FilterOp::regex;
  const bool is_regex =
      filter.op == logql::FilterOp::regex || filter.op == logql::FilterOp::not_regex;
  for (const auto& text : filter.alternatives) {
    if (!is_regex || is_literal(text)) {
      compiled.literals_.push_back(text);
      continue;
    }
    auto regex = Regex::compile(text);
    if (!regex) return fail(std::move(regex).error());
    compiled.regexes_.push_back(*std::move(regex));
  }
  if (compiled.positive_) compiled.texts_ = texts_of(filter, is_regex);
  return compiled;
}

bool LineMatcher::matches(std::string_view line) const {
  const bool found =
      std::ranges::any_of(literals_, [&](const auto& text) { return contains(line, text); }) ||
      std::ranges::any_of(regexes_, [&](const auto& regex) { return regex.found_in(line); });
  return found == positive_;
}

bool WordMatcher::matches(std::string_view line) const {
  if (search_.words.empty() && search_.excluded.empty()) return true;
  thread_local std::string folded;
  fold(line, folded);
  const auto in_line = [](const std::string& word) { return contains(folded, word); };
  return std::ranges::all_of(search_.words, in_line) &&
         std::ranges::none_of(search_.excluded, in_line);
}

}  // namespace logboom::query
