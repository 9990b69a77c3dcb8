// Search for people who know no query language: plain words.
//
//   timeout "connection refused" -healthz
//
// All words must occur in the line, upper and lower case alike (ASCII), anywhere; "..." is one word
// with its blanks (\" inside is a quote), a leading '-' excludes. Text that starts with '{' is
// LogQL. Nothing a person types is an error here, except too much of it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "query/logql/ast.h"

namespace logboom::query {

inline constexpr std::size_t kMaxSearchWords = 100;

struct Search {
  std::vector<std::string> words, excluded;  // lower-cased
  friend bool operator==(const Search&, const Search&) = default;
};

// What a request asks for. Both parts apply; without LogQL all streams are meant.
struct Question {
  std::optional<logql::LogQuery> logql;
  Search search;
};

// Words only; a '{' means nothing here. Errors: invalid (over kMaxSearchWords or logql::kMaxQuery).
[[nodiscard]] Result<Search> parse_search(std::string_view text);

// The parameters query= and search= of one request. Errors: LogQL's; without both, or with an empty
// query= alone, LogQL's error for the empty query.
[[nodiscard]] Result<Question> parse_question(std::optional<std::string_view> query,
                                              std::optional<std::string_view> search);

}  // namespace logboom::query
