#include "query/search.h"

#include <algorithm>
#include <iterator>

#include "query/logql/parser.h"

namespace logboom::query {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Takes the text up to the closing quote, or all of it where none follows.
std::string take_phrase(std::string_view& text) {
  std::string phrase;
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '"') {
    if (text.starts_with("\\\"")) text.remove_prefix(1);
    phrase += lower(text.front());
    text.remove_prefix(1);
  }
  if (!text.empty()) text.remove_prefix(1);
  return phrase;
}

std::string take_word(std::string_view& text) {
  const auto end = std::find_if(text.begin(), text.end(), is_space);
  std::string word;
  std::transform(text.begin(), end, std::back_inserter(word), lower);
  text.remove_prefix(word.size());
  return word;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

}  // namespace

Result<Search> parse_search(std::string_view text) {
  if (text.size() > logql::kMaxQuery) {
    return fail(Errc::invalid,
                "the search is longer than " + std::to_string(logql::kMaxQuery) + " bytes");
  }
  Search search;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    const bool excludes = text.size() > 1 && text[0] == '-' && !is_space(text[1]);
    if (excludes) text.remove_prefix(1);
    auto word = text.front() == '"' ? take_phrase(text) : take_word(text);
    if (word.empty()) continue;
    if (search.words.size() + search.excluded.size() == kMaxSearchWords) {
      return fail(Errc::invalid,
                  "the search has more than " + std::to_string(kMaxSearchWords) + " words");
    }
    (excludes ? search.excluded : search.words).push_back(std::move(word));
  }
  return search;
}

Result<Question> parse_question(std::optional<std::string_view> query,
                                std::optional<std::string_view> search) {
  Question question;
  if (!search || (query && !trimmed(*query).empty())) {
    auto logql = logql::parse(query.value_or(""));
    if (!logql) return fail(std::move(logql).error());
    question.logql = *std::move(logql);
  }
  if (!search) return question;
  if (!trimmed(*search).starts_with('{')) {
    auto words = parse_search(*search);
    if (!words) return fail(std::move(words).error());
    question.search = *std::move(words);
    return question;
  }
  auto second = logql::parse(*search);
  if (!second) return fail(std::move(second).error());
  if (!question.logql) {
    question.logql = *std::move(second);
    return question;
  }
  std::ranges::move(second->matchers, std::back_inserter(question.logql->matchers));
  std::ranges::move(second->stages, std::back_inserter(question.logql->stages));
  return question;
}

}  // namespace logboom::query
