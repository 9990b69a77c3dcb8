#include "query/why/rank.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "query/why/features.h"
#include "query/why/findings.h"
#include "query/why/weights.h"

namespace logboom::query::why {

std::vector<Novelty> novelty(const Prepared& log, const std::vector<Sketch>& good) {
  std::vector<Novelty> result(log.size(), Novelty::unknown);
  if (good.empty()) return result;
  struct Habit {
    std::uint32_t runs = 0, most = 0;
  };
  std::unordered_map<std::uint64_t, Habit> habits;
  for (const auto& sketch : good) {
    for (const auto& [hash, count] : sketch.templates) {
      auto& habit = habits[hash];
      ++habit.runs;
      habit.most = std::max(habit.most, count);
    }
  }
  std::unordered_map<std::uint64_t, std::uint32_t> now;
  for (const auto hash : log.hash) ++now[hash];
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (log.blank(i)) continue;
    const auto habit = habits.find(log.hash[i]);
    if (habit == habits.end()) {
      result[i] = Novelty::absent;
    } else if (now[log.hash[i]] > 3 + 3 * std::uint64_t{habit->second.most}) {
      result[i] = Novelty::frequent;
    } else {
      result[i] = habit->second.runs * 2 < good.size() ? Novelty::rare : Novelty::usual;
    }
  }
  return result;
}

namespace {

// Of a trace's lines, none stands above its root, but those that are findings themselves.
void keep_below_roots(const std::vector<Finding>& findings, std::vector<std::int32_t>& scores) {
  std::vector<bool> named(scores.size());
  for (const auto& finding : findings) named[finding.line] = true;
  for (const auto& finding : findings) {
    if (!finding.trace || finding.consequence) continue;
    for (auto i = finding.first; i <= finding.last; ++i) {
      if (!named[i]) scores[i] = std::min(scores[i], scores[finding.line] - 1);
    }
  }
}

// What follows from a cause stands below it: a consequence may rank above causes that come after
// it, never above one that came before.
void keep_below_causes(const std::vector<Finding>& findings, const std::vector<Novelty>& novelty,
                       std::vector<std::int32_t>& scores) {
  std::optional<std::int32_t> best;
  for (const auto& finding : findings) {  // in order of line
    auto& score = scores[finding.line];
    if (score == kBlankScore) continue;
    if (finding.consequence) {
      if (best) score = std::min(score, *best - 1);
    } else if (finding.strength >= 50 && novelty[finding.line] != Novelty::usual) {
      best = std::max(best.value_or(score), score);
    }
  }
}

std::vector<Ranked> best_of(const Prepared& log, const std::vector<std::int32_t>& scores) {
  std::vector<Ranked> order;
  for (std::uint32_t i = 0; i < log.size(); ++i) {
    if (!log.blank(i)) order.push_back({i, scores[i]});
  }
  // Lines of one kind may be many: look at enough of the best to find kMaxRanked kinds.
  const auto before = [](const Ranked& a, const Ranked& b) {
    return a.score != b.score ? a.score > b.score : a.line < b.line;
  };
  const auto looked = std::min(order.size(), 50 * kMaxRanked);
  std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(looked), before);
  std::vector<Ranked> best;
  std::unordered_set<std::uint64_t> kinds;
  for (std::size_t i = 0; i < looked && best.size() < kMaxRanked; ++i) {
    if (kinds.insert(log.hash[order[i].line]).second) best.push_back(order[i]);
  }
  return best;
}

}  // namespace

Ranking rank(const Prepared& log, const std::vector<Finding>& findings,
             const std::vector<Sketch>& good) {
  Ranking ranking;
  ranking.novelty = novelty(log, good);
  ranking.step = failing_step(log);
  const auto all = features(log, findings, ranking.novelty, ranking.step);
  ranking.scores.assign(log.size(), kBlankScore);
  ranking.block.assign(log.size(), 0);
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (log.blank(i)) continue;
    std::int32_t cause = 0, block = 0;
    for (const auto& weight : kWeights) {
      if (!all[i][weight.feature]) continue;
      cause += weight.cause;
      block += weight.block;
    }
    ranking.scores[i] = cause;
    ranking.block[i] = block;
  }
  keep_below_roots(findings, ranking.scores);
  keep_below_causes(findings, ranking.novelty, ranking.scores);
  ranking.best = best_of(log, ranking.scores);
  return ranking;
}

}  // namespace logboom::query::why
