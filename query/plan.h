// A question made ready for one tool: which streams, which lines, which texts
// and values the store may look for.
//
// A matcher is decided by the stream where its name is a label of one, else by the line's columns
// and structured metadata (DESIGN 4.11: {pod="x"} works although pod is no label). `tool` is a
// label every stream seems to have; `detected_level` is the line's level. What is absent is "".
//
// Errors:  invalid (a regular expression over its budget).
// Threads: const from any.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/labels.h"
#include "core/result.h"
#include "query/filters.h"
#include "query/search.h"
#include "store/store.h"

namespace logboom::query {

inline constexpr std::string_view kToolLabel = "tool";
inline constexpr std::string_view kLevelLabel = "detected_level";

class Plan {
 public:
  // `streams`: the tool's streams in the range that is asked for.
  [[nodiscard]] static Result<Plan> make(const Question& question, std::string_view tool,
                                         std::span<const Labels> streams);

  // Nothing can match: the tool is another.
  [[nodiscard]] bool nothing() const { return nothing_; }
  // The stream alone decides: line() is true for every line of a wanted stream.
  [[nodiscard]] bool whole_streams() const;
  [[nodiscard]] bool wants(const Labels& stream) const;
  // Of a line of a wanted stream.
  [[nodiscard]] bool wants(const store::LineView& line) const;
  // Each wanted line has a literal of every clause, and metadata with every value (store::Scan).
  [[nodiscard]] const std::vector<Clause>& texts() const { return texts_; }
  [[nodiscard]] const std::vector<std::string>& values() const { return values_; }

 private:
  bool nothing_ = false;
  std::vector<ValueMatcher> stream_matchers_, column_matchers_;
  std::vector<LineMatcher> line_matchers_;
  WordMatcher words_{{}};
  std::vector<Clause> texts_;
  std::vector<std::string> values_;
};

}  // namespace logboom::query
