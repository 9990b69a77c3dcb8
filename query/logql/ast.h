// LogQL as a tree: what the parser makes, the printer writes and the planner reads.
//
// A new kind of stage is one more alternative of Stage; a metric query will be a type of its own
// around LogQuery. Nothing here knows how a query runs.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace logboom::query::logql {

enum class MatchOp : std::uint8_t { equal, not_equal, regex, not_regex };

// One name="value" of a selector. Regexes are anchored at both ends.
struct Matcher {
  std::string name;
  MatchOp op = MatchOp::equal;
  std::string value;
  friend bool operator==(const Matcher&, const Matcher&) = default;
};

enum class FilterOp : std::uint8_t { contains, not_contains, regex, not_regex };

// A line passes a positive filter when any alternative matches, a negative one when none does.
struct LineFilter {
  FilterOp op = FilterOp::contains;
  std::vector<std::string> alternatives;  // at least one
  friend bool operator==(const LineFilter&, const LineFilter&) = default;
};

using Stage = std::variant<LineFilter>;

struct LogQuery {
  std::vector<Matcher> matchers;
  std::vector<Stage> stages;
  friend bool operator==(const LogQuery&, const LogQuery&) = default;
};

}  // namespace logboom::query::logql
