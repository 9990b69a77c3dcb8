// Regular expressions: a first line that is the pattern, then lines. One that the pattern is found
// in has a literal of each of its clauses.
#include "query/regex.h"
#include "query/regex_literals.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using logboom::fuzz::hold;
  namespace query = logboom::query;
  const auto text = logboom::fuzz::text_of(data, size);
  const auto end = text.find('\n');
  const auto pattern = text.substr(0, end);
  const auto clauses = query::required_texts(pattern);
  hold(clauses.size() <= query::kMaxClauses, "there are few clauses");
  for (const auto& clause : clauses) {
    hold(!clause.empty() && clause.size() <= query::kMaxLiterals, "a clause has few literals");
    for (const auto& literal : clause) {
      hold(!literal.text.empty() && literal.text.size() <= query::kMaxLiteralBytes,
           "a literal is short, and never empty");
    }
  }
  const auto regex = query::Regex::compile(pattern);
  if (!regex) {
    hold(clauses.empty(), "a pattern that does not compile asks for nothing");
    return 0;
  }
  auto lines = end == text.npos ? text.substr(text.size()) : text.substr(end + 1);
  while (!lines.empty()) {
    const auto line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(line.size() + (line.size() < lines.size() ? 1 : 0));
    if (!regex->found_in(line)) continue;
    for (const auto& clause : clauses) {
      hold(query::holds(clause, line), "a line that matches has a literal of each clause");
    }
  }
  return 0;
}
