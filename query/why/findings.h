// What lines say by themselves: stack traces folded to one event, and lines whose words are known.
//
// Indexes are those of Prepared::lines; `cause` is a class ("external/dns") and lives for ever.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "query/why/text.h"

namespace logboom::query::why {

struct Finding {
  std::uint32_t line = 0;             // the line that says it; of a trace: its root
  std::uint32_t first = 0, last = 0;  // the block it belongs to, both included
  std::string_view cause = {};        // "" when it only proves that something went wrong
  int strength = 0;                   // 0..100: how surely these words mean that cause
  bool consequence = false;           // says that something failed, not why
  std::vector<std::pair<std::string, std::string>> slots = {};
  bool trace = false;
  std::string frame = {};  // of a trace: the program's own function nearest to the error
};

// In order of `line`.
[[nodiscard]] std::vector<Finding> find(const Prepared& log);

}  // namespace logboom::query::why
