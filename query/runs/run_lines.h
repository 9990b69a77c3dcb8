// The lines of one run, as its verdict and its page number them.
//
// Order: of a single source by position, which is the order of capture; of several by time.
// Limits: as many as a verdict looks at (why::kMaxLines): the first kHeadLines and the last; the
//         texts of both together at most kMaxRunBytes. What lies between is only counted.
// Errors: the store's; cancelled.
// Threads: any.
#pragma once

#include <cstdint>
#include <deque>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.h"
#include "query/why/why.h"
#include "store/store.h"

namespace logboom::query {

inline constexpr std::size_t kMaxRunBytes = 256 << 20;

struct RunLines {
  std::vector<why::LogLine> lines;  // views of `texts`
  std::uint64_t total = 0;          // of the run
  std::deque<std::string> texts;

  RunLines() = default;
  RunLines(RunLines&&) = default;
  RunLines& operator=(RunLines&&) = default;
  RunLines(const RunLines&) = delete;
  RunLines& operator=(const RunLines&) = delete;

  [[nodiscard]] std::uint64_t dropped() const { return total - lines.size(); }
};

struct RunLimits {
  std::size_t head = why::kHeadLines, lines = why::kMaxLines, bytes = kMaxRunBytes;
};
[[nodiscard]] Result<RunLines> read_run_lines(store::Store& store, const store::Run& run,
                                              std::stop_token stop = {},
                                              const RunLimits& limits = {});

}  // namespace logboom::query
