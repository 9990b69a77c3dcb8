// LogQL text to tree.
//
// Today: selectors and the four line filters with `or`. The rest of the grammar is recognised and
// refused by name ("not supported yet: the stage json, at line 1, col 12"), so that a user knows
// that the query is right and the server is behind.
//
// Errors: invalid, worded as Loki words them where users search for the words.
// Limits: kMaxQuery bytes, kMaxDepth parentheses, kMaxMatchers, kMaxAlternatives over all filters,
//         kMaxRegexes, each with a bounded program (query/regex.h).
#pragma once

#include <cstddef>
#include <string_view>

#include "core/labels.h"
#include "core/result.h"
#include "query/logql/ast.h"

namespace logboom::query::logql {

inline constexpr std::size_t kMaxQuery = 128 * 1024;
inline constexpr std::size_t kMaxDepth = 64;
inline constexpr std::size_t kMaxMatchers = 100;
inline constexpr std::size_t kMaxAlternatives = 1'000;
inline constexpr std::size_t kMaxRegexes = 50;

// A whole log query: at least one matcher cannot match the empty value.
[[nodiscard]] Result<LogQuery> parse(std::string_view query);
// A selector alone, as the labels and series endpoints take it: {} means every stream.
[[nodiscard]] Result<std::vector<Matcher>> parse_selector(std::string_view selector);
// The label text of a protobuf push: {app="web", pod="x"}. Order and repeats are kept.
[[nodiscard]] Result<std::vector<Labels::Pair>> parse_labels(std::string_view labels);

}  // namespace logboom::query::logql
