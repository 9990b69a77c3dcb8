// The command that failed, where the log itself says which: its output holds the cause far more
// often than the rest of the log does.
//
// Read are a runner's own words (`The command "x" exited with 1`, `##[error]Process completed with
// exit code 1`), docker's and npm's, with the echo of the command before them. A shell's trace
// (`+ cmd`) names no failing command: what comes last is often a trap that cleans up. All this is
// text and no proof of an exit code: it bounds where to look, nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "query/why/text.h"

namespace logboom::query::why {

struct Step {
  std::uint32_t first = 0, last = 0;  // indexes of lines: from the command's echo to its verdict
  std::uint32_t verdict = 0;          // where that begins; past `last` where there is none
  std::string_view command;           // as echoed; may be cut
};

// Nothing where no line names a failing command.
[[nodiscard]] std::optional<Step> failing_step(const Prepared& log);

}  // namespace logboom::query::why
