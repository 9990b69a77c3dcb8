// Runs a plan over a snapshot: the newest (or oldest) lines that match, or the streams they are of.
//
// Order: by (time, place, index), ascending or exactly reversed, so that a page boundary is sharp.
// Errors: too_large (over Limits::answer_bytes or scanned_bytes: ask for less, says how), timeout,
//         cancelled; the store's.
// Memory: the lines kept, at most Limits::answer_bytes; everything else is looked at in place.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <tuple>
#include <vector>

#include "core/result.h"
#include "query/line.h"
#include "query/plan.h"
#include "store/store.h"

namespace logboom::query {

struct Limits {
  std::size_t lines = 5'000;  // what a request may ask for
  std::size_t answer_bytes = 64 << 20;
  std::uint64_t scanned_bytes = 1ULL << 40;  // looked at by one query
  std::chrono::milliseconds time{60'000};
};

struct Range {
  std::int64_t start = 0, end = 0;  // [start, end)
};

// Where a line stands among all of its tool.
using LineKey = std::tuple<std::int64_t, store::Place, std::uint32_t>;

enum class Order : std::uint8_t { oldest_first, newest_first };

struct Answer {
  std::vector<Line> lines;  // in order
  LabelSets streams;        // owns their label sets
  store::ScanStats scanned;
  std::chrono::nanoseconds took{0};
};

struct Page {
  Range range;
  Order order = Order::newest_first;
  std::size_t limit = 0;
  std::optional<LineKey> after;  // only lines behind this one, in that order
};

[[nodiscard]] Result<Answer> newest_or_oldest(const store::Snapshot& snapshot, const Plan& plan,
                                              const Page& page, const Limits& limits,
                                              std::stop_token stop);

// Shows every line that matches, in no promised order; `visit` returns false to end.
[[nodiscard]] Result<store::ScanStats> each_line(
    const store::Snapshot& snapshot, const Plan& plan, Range range, const Limits& limits,
    std::stop_token stop, const std::function<bool(const store::LineView&)>& visit);

// The streams with a line that matches.
[[nodiscard]] Result<std::set<Labels>> matching_streams(const store::Snapshot& snapshot,
                                                        const Plan& plan, Range range,
                                                        const Limits& limits, std::stop_token stop);

}  // namespace logboom::query
