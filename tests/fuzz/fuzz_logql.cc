// LogQL and plain-word search: the printed form means the same and prints the same.
#include "query/logql/parser.h"
#include "query/logql/printer.h"
#include "query/search.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using logboom::fuzz::hold;
  namespace logql = logboom::query::logql;
  const auto text = logboom::fuzz::text_of(data, size);
  const auto query = logql::parse(text);
  if (query) {
    const auto printed = logql::print(*query);
    const auto again = logql::parse(printed);
    hold(printed.size() > logql::kMaxQuery || again.has_value(), "the printed form parses");
    if (again) {
      hold(*again == *query, "the printed form means the same");
      hold(logql::print(*again) == printed, "the printed form prints as itself");
    }
  } else {
    hold(!query.error().message.empty(), "an error says what is wrong");
  }
  if (const auto selector = logql::parse_selector(text)) {
    const auto printed = logql::print(*selector);
    const auto again = logql::parse_selector(printed);
    hold(printed.size() > logql::kMaxQuery || (again && *again == *selector),
         "a printed selector means the same");
  }
  (void)logql::parse_labels(text).has_value();
  (void)logboom::query::parse_search(text).has_value();
  (void)logboom::query::parse_question(std::nullopt, text).has_value();
  return 0;
}
