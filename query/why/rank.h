// Which lines say why: a fixed linear ranker. Every line has some of about a hundred yes/no
// features (features.h); its score is the sum of their integer weights (weights.h says how they
// were found) and of what its findings add. So the same log always gets the same order, and every
// place can be argued.
//
// Lines are indexes into Prepared::lines here, not line numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "query/why/step.h"
#include "query/why/text.h"
#include "query/why/why.h"

namespace logboom::query::why {

struct Finding;  // findings.h

// What the job's good runs know of a line.
enum class Novelty : std::uint8_t {
  unknown,   // there is no good run to compare with
  absent,    // its kind came in none of them
  frequent,  // it came in some, but now far more often than in any
  rare,      // it came in fewer than half of them
  usual,
};
[[nodiscard]] std::vector<Novelty> novelty(const Prepared& log, const std::vector<Sketch>& good);

struct Ranked {
  std::uint32_t line = 0;
  std::int32_t score = 0;
};

inline constexpr std::size_t kMaxRanked = 100;

struct Ranking {
  std::vector<Ranked> best;          // best first; of lines of one kind only the best; kMaxRanked
  std::vector<std::int32_t> scores;  // of every line; blank lines have kBlankScore
  std::vector<std::int32_t> block;   // of every line: how well it fits into a block around a cause
  std::vector<Novelty> novelty;      // of every line
  std::optional<Step> step;          // the failing command
};
inline constexpr std::int32_t kBlankScore = -1'000'000;

[[nodiscard]] Ranking rank(const Prepared& log, const std::vector<Finding>& findings,
                           const std::vector<Sketch>& good);

// What to show: at most 3 ranges of lines around the best ones, at most kMaxExcerpt lines in all,
// ascending, as indexes of the first and last line; none ends in a stack trace if there is room.
using Ranges = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
[[nodiscard]] Ranges excerpt(const Prepared& log, const std::vector<Finding>& findings,
                             const Ranking& ranking);

}  // namespace logboom::query::why
