// Blocks around the best lines. From a line outwards every line adds what it speaks for or against
// lying in the same block; the block ends where that sum was greatest, but within no stack trace.
#include <algorithm>
#include <array>

#include "query/why/findings.h"
#include "query/why/rank.h"
#include "query/why/weights.h"

namespace logboom::query::why {
namespace {

constexpr std::uint32_t kReach = 60;  // lines looked at on either side
constexpr std::int32_t kMargin = 15;  // of the score: a block of its own, still
constexpr std::size_t kMaxRanges = 3;

std::int32_t weight(Near near) {
  static constexpr auto kTable = [] {
    std::array<std::int32_t, 32> table{};
    for (const auto& [place, block] : kNearWeights) table[static_cast<std::size_t>(place)] = block;
    return table;
  }();
  return kTable[static_cast<std::size_t>(near)];
}

class Block {
 public:
  Block(const Prepared& log, const Ranking& ranking) : log_(log), ranking_(ranking) {}

  // The last line that belongs to the anchor's block in one direction.
  [[nodiscard]] std::uint32_t edge(std::uint32_t anchor, bool down) const {
    std::int32_t sum = 0, greatest = 0;
    std::uint32_t edge = anchor, distance = 0;
    bool blank = false, blanks = false, known = false, blank_before = false;
    for (std::uint32_t step = 1; step <= kReach; ++step) {
      if (down ? step >= log_.size() - anchor : step > anchor) break;
      const auto i = down ? anchor + step : anchor - step;
      if (log_.blank(i)) {
        blanks |= blank_before;
        blank = blank_before = true;
        continue;
      }
      blank_before = false;
      sum += fit(anchor, i, ++distance);
      if (blank) sum += weight(Near::blank_between);
      if (blanks) sum += weight(Near::blanks_between);
      if (known) sum += weight(Near::known_between);
      known |= ranking_.novelty[i] == Novelty::usual;
      if (sum > greatest) {
        greatest = sum;
        edge = i;
      }
    }
    return edge;
  }

 private:
  [[nodiscard]] std::int32_t fit(std::uint32_t anchor, std::uint32_t i,
                                 std::uint32_t distance) const {
    std::int32_t sum = kBlockBias + ranking_.block[i];
    if (i > anchor) sum += weight(Near::after);
    if (log_.indent[i] == log_.indent[anchor]) {
      sum += weight(Near::same_indent);
    } else {
      sum += weight(log_.indent[i] > log_.indent[anchor] ? Near::deeper : Near::shallower);
    }
    if (distance <= 2) {
      sum += weight(Near::within_2);
    } else if (distance <= 5) {
      sum += weight(Near::within_5);
    } else if (distance <= 10) {
      sum += weight(Near::within_10);
    } else if (distance <= 20) {
      sum += weight(Near::within_20);
    } else if (distance <= 40) {
      sum += weight(Near::within_40);
    }
    const auto& step = ranking_.step;
    if (step && (i < step->first || i > step->last)) sum += weight(Near::across_step);
    if (log_.hash[i] == log_.hash[anchor]) sum += weight(Near::same_kind);
    return sum;
  }

  const Prepared& log_;
  const Ranking& ranking_;
};

}  // namespace

Ranges excerpt(const Prepared& log, const std::vector<Finding>& findings, const Ranking& ranking) {
  Ranges ranges;
  if (ranking.best.empty()) return ranges;
  const Block block(log, ranking);
  std::uint32_t room = kMaxExcerpt;
  const auto least = ranking.best.front().score - kMargin;
  for (const auto& [line, score] : ranking.best) {
    if (score < least || ranges.size() == kMaxRanges || room == 0) break;
    const auto covers = [line](const auto& range) {
      return range.first <= line && line <= range.second;
    };
    if (std::ranges::any_of(ranges, covers)) continue;
    auto first = block.edge(line, false), last = block.edge(line, true);
    for (const auto& finding : findings) {  // the error itself is a trace's last line, or its first
      if (!finding.trace || finding.first > last || finding.last < first) continue;
      first = std::min(first, finding.first);
      last = std::max(last, finding.last);
    }
    for (const auto& [taken_first, taken_last] : ranges) {
      if (taken_last < line) first = std::max(first, taken_last + 1);
      if (taken_first > line) last = std::min(last, taken_first - 1);
    }
    // Where there is not room for all of it, what follows the line says more than what precedes it.
    if (last - line >= room) last = line + room - 1;
    if (last - first >= room) first = last - room + 1;
    room -= last - first + 1;
    ranges.emplace_back(first, last);
  }
  std::ranges::sort(ranges);
  Ranges joined;
  for (const auto& range : ranges) {
    if (!joined.empty() && joined.back().second + 1 == range.first) {
      joined.back().second = range.second;
    } else {
      joined.push_back(range);
    }
  }
  return joined;
}

}  // namespace logboom::query::why
