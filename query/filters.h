// Predicates over one value or one line, compiled once per query.
//
// Why words fold the whole line first: one pass that the compiler turns into vector code, then one
// memmem per word, is faster than a search that compares two cases at each byte.
// Threads: const from any.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "query/clauses.h"
#include "query/logql/ast.h"
#include "query/regex.h"
#include "query/search.h"

namespace logboom::query {

class ValueMatcher {
 public:
  [[nodiscard]] static Result<ValueMatcher> compile(const logql::Matcher& matcher);
  [[nodiscard]] bool matches(std::string_view value) const;
  [[nodiscard]] const std::string& name() const { return matcher_.name; }
  // The one value it accepts, where there is just one and it is not empty.
  [[nodiscard]] std::optional<std::string_view> only_value() const;

 private:
  logql::Matcher matcher_;
  std::optional<Regex> regex_;
};

class LineMatcher {
 public:
  [[nodiscard]] static Result<LineMatcher> compile(const logql::LineFilter& filter);
  [[nodiscard]] bool matches(std::string_view line) const;
  // What every passing line contains.
  [[nodiscard]] const std::vector<Clause>& texts() const { return texts_; }

 private:
  bool positive_ = true;
  std::vector<std::string> literals_;
  std::vector<Regex> regexes_;
  std::vector<Clause> texts_;
};

class WordMatcher {
 public:
  explicit WordMatcher(Search search) : search_(std::move(search)) {}
  [[nodiscard]] bool matches(std::string_view line) const;
  [[nodiscard]] const Search& search() const { return search_; }

 private:
  Search search_;
};

}  // namespace logboom::query
