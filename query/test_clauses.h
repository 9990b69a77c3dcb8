// Clauses as the tests of this folder write them: "Error"|"fail"i & "x", where i is any case.
#pragma once

#include <string>
#include <vector>

#include "query/clauses.h"

namespace logboom::query {

inline std::string text_of(const std::vector<Clause>& clauses) {
  std::string out;
  for (const auto& clause : clauses) {
    if (!out.empty()) out += " & ";
    for (std::size_t i = 0; i < clause.size(); ++i) {
      if (i > 0) out += '|';
      out += '"' + clause[i].text + '"' + (clause[i].any_case ? "i" : "");
    }
  }
  return out;
}

}  // namespace logboom::query
