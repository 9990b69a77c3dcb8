// Follows live lines for ever: reconnects with back-off and goes on exactly where it was.
//
// With our server the position is its cursor, so nothing is missed and nothing repeated. A stock
// Loki has none: there we ask again from the last line's time and drop the lines of that instant we
// have shown (lines that arrive later than their time can be missed, which the notice says).
//
// Errors: those of the first connection; later only what trying again cannot mend (denied,
// invalid).
//         cancelled: the stop was asked for.
// Limits: kMaxSameInstant lines are remembered for a server without cursors.
#pragma once

#include <functional>
#include <stop_token>
#include <string_view>
#include <vector>

#include "core/http/client.h"
#include "ui/cli/line.h"
#include "ui/cli/server.h"

namespace logboom::ui::cli {

inline constexpr std::size_t kMaxSameInstant = 100'000;

struct Follow {
  http::ClientOptions client;
  Query query;
  TailStart start;
  // Gets each frame's lines, in order; false ends the following (the reader has gone).
  std::function<bool(const std::vector<Line>&)> visit;
  std::function<void(std::string_view)> notice;  // "connection lost, retrying ..."
  std::stop_token stop;
};

[[nodiscard]] Result<void> follow(Follow options);

}  // namespace logboom::ui::cli
