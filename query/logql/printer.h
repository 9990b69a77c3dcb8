// LogQL's canonical text. print(parse(print(q))) == print(q), and the same query is meant.
#pragma once

#include <string>
#include <string_view>

#include "query/logql/ast.h"

namespace logboom::query::logql {

[[nodiscard]] std::string print(const LogQuery& query);
[[nodiscard]] std::string print(const std::vector<Matcher>& matchers);
// In double quotes with Go's escapes; bytes that are not UTF-8 become \xHH.
[[nodiscard]] std::string quote(std::string_view text);

}  // namespace logboom::query::logql
