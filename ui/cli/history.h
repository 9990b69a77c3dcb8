// Reads more lines than one answer holds: page by page, by time, without loss or repeat.
//
// Pages meet at an instant that may hold many lines. A server of ours is asked for what comes after
// the last page's last line. A stock Loki is asked for the last instant again, and what was seen is
// dropped, by labels and text, counted; there an instant with a whole page of lines is an error
// (limit), never a silent hole. Units: nanoseconds; [start, end). Errors: those of `fetch`; limit;
// cancelled.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include "ui/cli/line.h"
#include "ui/cli/server.h"

namespace logboom::ui::cli {

// Lines of the range, oldest first, at most `limit` from the end that `direction` starts at.
using Fetch = std::function<Result<std::vector<Line>>(Range, std::size_t limit, Direction)>;

struct Reading {
  Fetch fetch;
  Range range;
  std::function<bool(const Line&)> accept;  // which lines count; empty: all
  std::size_t page = kMaxPage;
  std::stop_token stop;
};

// The newest `count` accepted lines, oldest first.
[[nodiscard]] Result<std::vector<Line>> read_newest(const Reading& reading, std::size_t count);

// All accepted lines, oldest first, a page at a time, until `visit` returns false.
[[nodiscard]] Result<void> read_all(const Reading& reading,
                                    const std::function<bool(const std::vector<Line>&)>& visit);

}  // namespace logboom::ui::cli
