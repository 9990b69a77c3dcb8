// The parameters of Loki's read API, with its defaults and its wording.
//
// Errors: invalid, for 400.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/http/message.h"
#include "core/result.h"
#include "query/execute.h"
#include "query/render.h"

namespace logboom::query {

inline constexpr std::size_t kDefaultLines = 100;
inline constexpr std::int64_t kMaxPoints = 11'000;  // of a range by its step

// X-Scope-OrgID, or the parameter `tool` (a browser cannot set headers on a WebSocket); `local`
// where neither is. Several tools at once (a|b) are refused.
[[nodiscard]] Result<std::string> tool_of(const http::Request& request);
// The same for writers: the header alone.
[[nodiscard]] Result<std::string> pushing_tool_of(const http::Request& request);

// start, end, since: [start, end), by default the last hour. With an end in the future `since`
// counts from now.
[[nodiscard]] Result<Range> range_of(const http::Request& request, std::int64_t now_ns);
// At least 1, at most `most`.
[[nodiscard]] Result<std::size_t> limit_of(const http::Request& request, std::size_t most);
// Ours: after=<time ns>.<line id>, the last line of the page before. Nothing where it is absent.
[[nodiscard]] Result<std::optional<LineKey>> after_of(const http::Request& request);
[[nodiscard]] Result<Order> order_of(const http::Request& request);
// step and interval mean nothing to a query for lines, but a wrong one is an error as in Loki.
[[nodiscard]] Result<void> check_step(const http::Request& request, Range range);
// Ours: step of /api/v1/counts; 0 where it is absent.
[[nodiscard]] Result<std::int64_t> counts_step_of(const http::Request& request);
[[nodiscard]] Encoding encoding_of(const http::Request& request);

}  // namespace logboom::query
