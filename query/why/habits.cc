#include "query/why/habits.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "query/why/words.h"

namespace logboom::query::why {
namespace {

constexpr std::int64_t kLeastNumber = 3;  // below it a number is 0 by chance
// Never below this, in so many runs: 0 is no chance.
constexpr std::int64_t kGreatNumber = 20;
constexpr std::size_t kManyRuns = 8;
constexpr std::size_t kWordsBytes = 500;  // of a line are looked through
constexpr std::uint32_t kSteady = 4;      // times the least: what varies more may come to 0

}  // namespace

bool sounds_recovered(std::string_view line) {
  // clang-format off
  static const WordFinder words = {
      "retrying", "will retry", "retry ", "try again", "trying again", "second try", "ignored",
      "ignoring", "not needed", "harmless", "fallback", "falling back", "fall back", "recovered",
      "skipped", "skipping", "kept", "keeping", "is used", "are used", "used instead",
      "using the copy", "using cached", "using yesterday", "using the last", "using cache",
      "cached copy", "known issue", "(known", "not important", "not an error", "optional",
      "new one is made", "will be replaced", "deprecated", "no metrics", "unknown)",
      "for this run", "raw text", "as draft", "went through", "re-established", "reestablished",
      "switched to", "switching to", "replaced by", "replaced with", "replayed", "refreshed",
      "sent again", "treated as", "is fine", "counted as", "no longer needed",
      "succeeded on", "stale cache", "from cache", "without it", "instead of it", "soft error",
      "continuing", "compiled-in", "built-in default", "using default", "with defaults",
      "default values", "carrying on", "carry on", "proceeding", "going on without", "non-fatal",
      "nonfatal", "not fatal", "best effort", "best-effort", "old one", "old copy", "backing off",
      "moved aside", "of yesterday",
  };
  static const WordFinder negated = {
      "not retrying", "not ignor", "not recovered", "not skip", "not kept", "not keeping",
      "not used", "not using", "not replaced", "not refreshed", "not continuing", "not carrying on",
      "not proceeding", "no fallback", "no retry",
  };
  // clang-format on
  const auto begin = line.substr(0, kWordsBytes);
  if (words.holds_any(begin)) return !negated.holds_any(begin);
  // "dropped 34 samples"
  constexpr std::string_view kDropped = "dropped ";
  const auto at = line.find(kDropped);
  return at != std::string_view::npos && at + kDropped.size() < line.size() &&
         line[at + kDropped.size()] >= '0' && line[at + kDropped.size()] <= '9';
}

bool counts_trouble(std::string_view line) {
  static const WordFinder words = {"error",   "fail",   "warn",    "skip",    "retr",  "conflict",
                                   "problem", "reject", "invalid", "lost",    "drop",  "duplicate",
                                   "missing", "denied", "timeout", "refused", "exit",  "status",
                                   "broken",  "bad ",   "unknown", "ignored", "stale", "lag",
                                   "delay",   "wait"};
  return words.holds_any(line.substr(0, kWordsBytes));
}

namespace {

// One more than in ten runs is chance.
bool clearly_more(std::uint32_t now, std::uint32_t most) {
  return now > most + std::max<std::uint32_t>(1, most / 2);
}

}  // namespace

Habits compare(const Prepared& log, const Case& the_case) {
  Habits habits;
  habits.runs = the_case.good.size();
  habits.lines = log.size() + the_case.dropped_lines;
  habits.more_than_ever.assign(log.size(), false);
  if (habits.runs == 0) return habits;

  struct Kind {
    std::size_t runs = 0;
    std::uint32_t most = 0, least = UINT32_MAX;
  };
  struct Number {
    std::size_t runs = 0;
    std::int64_t least = INT64_MAX, most = 0;
  };
  std::unordered_map<std::uint64_t, Kind> kinds;
  std::unordered_map<std::uint64_t, Number> numbers;
  habits.least_lines = UINT64_MAX;
  for (const auto& sketch : the_case.good) {
    habits.least_lines = std::min(habits.least_lines, sketch.lines);
    for (const auto& [hash, count] : sketch.templates) {
      auto& kind = kinds[hash];
      ++kind.runs;
      kind.most = std::max(kind.most, count);
      kind.least = std::min(kind.least, count);
    }
    for (const auto& [hash, number] : sketch.numbers) {
      auto& known = numbers[hash];
      ++known.runs;
      known.least = std::min(known.least, number);
      known.most = std::max(known.most, number);
    }
  }

  std::unordered_map<std::uint64_t, std::uint32_t> now;
  for (const auto hash : log.hash) ++now[hash];
  for (std::size_t i = 0; i < log.size(); ++i) {
    const auto known = kinds.find(log.hash[i]);
    habits.more_than_ever[i] =
        known == kinds.end() || clearly_more(now[log.hash[i]], known->second.most);
  }
  for (const auto& [hash, kind] : kinds) {
    if (kind.runs != habits.runs) continue;
    const auto here = now.find(hash);
    const std::uint32_t count = here == now.end() ? 0 : here->second;
    habits.missing += count == 0;
    const bool often =
        habits.runs >= kManyRuns && kind.least >= kGreatNumber && kind.most <= kSteady * kind.least;
    if (!often || count > kind.least / 10) continue;
    // Of several the most telling, whatever their order.
    if (!habits.shrunk ||
        std::pair(kind.least, count) > std::pair(habits.shrunk->least, habits.shrunk->count)) {
      habits.shrunk = {count, kind.least};
    }
  }

  std::unordered_set<std::uint64_t> zero, great;
  for (const auto& [hash, number] : sketch(the_case.lines, the_case.facts).numbers) {
    const auto known = numbers.find(hash);
    if (number == 0 && known != numbers.end() && known->second.runs == habits.runs &&
        known->second.least >= kLeastNumber) {
      zero.insert(hash);
      if (habits.runs >= kManyRuns && known->second.least >= kGreatNumber &&
          known->second.most <= kSteady * known->second.least) {
        great.insert(hash);
      }
    }
  }
  for (std::uint32_t i = 0; i < log.size(); ++i) {
    if (!zero.contains(log.hash[i]) || counts_trouble(log.clean[i])) continue;
    habits.zeros.push_back(i);
    habits.great_zero |= great.contains(log.hash[i]);
  }
  return habits;
}

}  // namespace logboom::query::why
