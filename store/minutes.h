// Lines per minute, by stream and level: what a histogram needs, without a look at the lines.
//
// Errors:  corrupt, when the bytes are not what was encoded.
// Threads: all functions from any.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/level.h"
#include "core/result.h"
#include "store/block.h"

namespace logboom::store {

inline constexpr std::int64_t kMinuteNs = 60'000'000'000;

// The minute a time is in, since 1970; also of times before.
[[nodiscard]] constexpr std::int64_t minute_of(std::int64_t time_ns) {
  return time_ns / kMinuteNs - (time_ns % kMinuteNs < 0 ? 1 : 0);
}

// Of lines sorted by stream and time.
[[nodiscard]] std::string encode_minutes(const Lines& lines);
// `visit` gets the stream's number in the block, the minute, and what was counted.
[[nodiscard]] Result<void> each_minute(
    std::string_view value,
    const std::function<void(std::size_t stream, std::int64_t minute, const LevelCounts& counts)>&
        visit);
[[nodiscard]] LevelCounts count_levels(const Lines& lines);

}  // namespace logboom::store
