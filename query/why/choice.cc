#include "query/why/choice.h"

#include <algorithm>
#include <unordered_map>

#include "core/level.h"

namespace logboom::query::why {
namespace {

constexpr int kLeastStrength = 55;  // of words that may name a cause
constexpr int kLeastWeight = 70;    // where there are good runs to compare with
constexpr int kSure = 84;           // of words that may contradict an exit code of 0
constexpr int kUpstream = 80;       // of words after which other failures are no surprise
constexpr int kChdir = 93;          // of the words of a shell that cannot change its directory
constexpr std::uint8_t kUnranked = 255, kLookedAt = 10;
constexpr std::uint32_t kNear = 8;  // lines within which one thing follows from another

struct Agreement {
  std::int64_t exit_code;
  std::string_view cause;
};
// What exit codes mean by convention. Nothing is proved by them: they agree with a line or not.
constexpr Agreement kAgreements[] = {
    {127, "script/command_not_found"},
    {127, "platform/exec_not_found"},
    {127, "dependency/library_missing"},
    {127, "platform/env"},
    {126, "platform/exec_denied"},
    {126, "platform/exec_format"},
    {124, "resource/deadline"},
    {2, "script/bad_args"},
    {2, "script/syntax"},
    {64, "script/bad_args"},
    {134, "code/assertion"},
    {134, "resource/oom_runtime"},
    {139, "code/crash_signal"},
    {136, "code/crash_signal"},
    {130, "control/cancelled"},
    {152, "resource/deadline"},
    {153, "resource/file_size"},
    {77, "script/permission"},
    {75, "data/lock_conflict"},
    {69, "external/connect"},
    {68, "external/dns"},
};

// Words too weak to name a cause by themselves: they do where they are the last and such a code
// agrees.
constexpr int kWeakest = 45;
constexpr std::uint32_t kLastWords = 16;
constexpr Agreement kWeakAgreements[] = {
    {255, "code/exception"},  // Perl's die
    {1, "script/bad_args"},
    {2, "script/bad_args"},
    {64, "script/bad_args"},
};

// What a failed step leaves to the next one: no input, or a broken one; and what programs then say.
bool is_downstream(std::string_view cause) {
  return cause == "data/empty_input" || cause == "data/input_format" || cause == "code/exception" ||
         cause == "script/file_missing" || cause == "data/silent_success";
}
bool is_upstream(std::string_view cause) {
  return cause.starts_with("external/") || cause.starts_with("resource/") ||
         cause.starts_with("platform/") || cause.starts_with("dependency/") ||
         cause == "script/command_not_found" || cause == "script/permission" ||
         cause == "data/lock_conflict" || cause == "control/upstream_failed" ||
         cause == "data/empty_input";
}

// Words of a shell or a loader that something it was told to run did not run. Other errors may be
// got over without a word.
bool breaks_a_script(const Finding& finding) {
  constexpr std::string_view kCauses[] = {
      "script/command_not_found", "script/syntax",        "script/unset_variable",
      "platform/exec_not_found",  "platform/exec_denied", "platform/exec_format",
      "code/crash_signal",        "resource/disk_full",   "dependency/library_missing"};
  constexpr int kPlain = 88;
  const bool directory = finding.cause == "script/file_missing" && finding.strength >= kChdir;
  return directory || finding.trace ||
         (finding.strength >= kPlain &&
          std::ranges::find(kCauses, finding.cause) != std::end(kCauses));
}

}  // namespace

Choice::Choice(const Case& the_case, const Prepared& log, const std::vector<Finding>& findings,
               const Ranking& ranking, const Habits& habits)
    : case_(the_case), log_(log), ranking_(ranking), habits_(habits) {
  effect_.assign(log.size(), false);
  for (const auto& finding : findings) effect_[finding.line] = finding.consequence;
  place_.assign(log.size(), kUnranked);
  std::unordered_map<std::uint64_t, std::uint8_t> kinds;
  for (std::size_t i = 0; i < ranking.best.size() && i < kLookedAt; ++i) {
    kinds.try_emplace(log.hash[ranking.best[i].line], static_cast<std::uint8_t>(i));
  }
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (const auto known = kinds.find(log.hash[i]); known != kinds.end() && !log.blank(i)) {
      place_[i] = known->second;
    }
  }
  std::unordered_map<std::uint64_t, std::uint32_t> counts;
  for (const auto hash : log.hash) ++counts[hash];
  alike_.reserve(log.size());
  for (const auto hash : log.hash) alike_.push_back(counts[hash]);
  usual_before_.assign(log.size() + 1, 0);
  for (std::size_t i = 0; i < log.size(); ++i) {
    usual_before_[i + 1] = usual_before_[i] + (ranking.novelty[i] == Novelty::usual ? 1 : 0);
  }
  std::vector<bool> explained(log.size());
  for (const auto& finding : findings) explained[finding.line] = true;
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (!explained[i] && ranking.novelty[i] == Novelty::absent &&
        detect_level(log.clean[i]) >= Level::error) {
      unexplained_.push_back(static_cast<std::uint32_t>(i));
    }
  }
  upstream_.assign(log.size(), nullptr);
  for (const auto& finding : findings) {
    if (finding.strength < kUpstream || !is_upstream(finding.cause) || !possible(finding)) continue;
    auto& known = upstream_[finding.last];
    if (known == nullptr || known->strength < finding.strength) known = &finding;
  }
  for (const auto& finding : findings) {
    if (possible(finding)) candidates_.push_back({&finding, weigh(finding)});
  }
}

bool Choice::is_zero(std::uint32_t line) const {
  return std::ranges::binary_search(habits_.zeros, line);
}

bool Choice::is_new(std::uint32_t line) const {
  const auto novelty = ranking_.novelty[line];
  return novelty == Novelty::absent || novelty == Novelty::frequent || is_zero(line);
}

bool Choice::weakly_agrees(const Finding& finding) const {
  if (!case_.facts.end || finding.strength < kWeakest || finding.strength >= kLeastStrength ||
      finding.last + kLastWords < log_.size()) {
    return false;
  }
  return std::ranges::any_of(kWeakAgreements, [&](const auto& agreement) {
    return agreement.exit_code == case_.facts.end->exit_code && agreement.cause == finding.cause;
  });
}

bool Choice::possible(const Finding& finding) const {
  if (finding.cause.empty() || (finding.consequence && !weakly_agrees(finding))) return false;
  const auto novelty = ranking_.novelty[finding.line];
  if (novelty == Novelty::usual || novelty == Novelty::rare) {
    return is_zero(finding.line) || novelty == Novelty::rare ||
           habits_.more_than_ever[finding.line];
  }
  return true;
}

// Something new goes wrong soon after it.
bool Choice::trouble_follows(const Finding& finding) const {
  for (auto i = finding.last + 1; i < log_.size() && i <= finding.last + 4; ++i) {
    if (ranking_.novelty[i] == Novelty::absent) return true;
  }
  return false;
}

bool Choice::upstream_before(const Finding& finding) const {
  for (std::uint32_t distance = 1; distance <= kNear && distance <= finding.first; ++distance) {
    const auto* const other = upstream_[finding.first - distance];
    if (other == nullptr || other->cause == finding.cause) continue;
    if (is_new(other->line) || trouble_follows(*other)) return true;
  }
  return false;
}

// It was got over, and after it comes an error that no words of ours explain.
bool Choice::overshadowed(const Finding& finding) const {
  if (finding.trace || unexplained_.empty() || unexplained_.back() <= finding.last) return false;
  if (!is_new(finding.line) || sounds_recovered(log_.clean[finding.line])) return true;
  // It went on as it always does, and the words are no proof.
  constexpr std::uint32_t kWentOn = 8;
  constexpr int kProof = 90;
  if (finding.strength >= kProof) return false;
  return usual_before_[unexplained_.back()] - usual_before_[finding.last + 1] >= kWentOn;
}

std::optional<std::uint32_t> Choice::instead_of(std::uint32_t line) const {
  const auto found = std::ranges::find_if(candidates_, [&](const Candidate& candidate) {
    return candidate.finding->line == line && overshadowed(*candidate.finding);
  });
  if (found == candidates_.end()) return std::nullopt;
  return *std::ranges::upper_bound(unexplained_, found->finding->last);
}

// Less where its writer saw nothing wrong in it.
int Choice::strength(const Finding& finding) const {
  constexpr int kCalm = 15;
  const auto level = detect_level(log_.clean[finding.line]);
  const bool calm = level != Level::unknown && level <= Level::info;
  return finding.strength - (calm && !finding.trace ? kCalm : 0);
}

int Choice::weigh(const Finding& finding) const {
  int weight = strength(finding);
  switch (ranking_.novelty[finding.line]) {
    case Novelty::absent:
      weight += 40;
      break;
    case Novelty::frequent:
      weight += 25;
      break;
    case Novelty::rare:
    case Novelty::usual:
      if (is_zero(finding.line)) {
        weight += 40;
      } else if (habits_.more_than_ever[finding.line]) {
        weight += trouble_follows(finding) ? 15 : -20;
      } else {
        weight -= 40;
      }
      break;
    case Novelty::unknown:
      break;
  }
  const auto place = place_[finding.line];
  weight += place == 0 ? 36 : place < 3 ? 26 : place < kLookedAt ? 14 : 0;
  const auto size = static_cast<std::uint32_t>(log_.size());
  constexpr std::uint32_t kEnd = 12;
  if (finding.last + 6 >= size) weight += 6;
  // A mistake in the program that nothing caught: it was the end.
  if (finding.trace && finding.cause == "code/exception" && finding.strength >= kSure &&
      finding.last + kEnd >= size) {
    weight += 15;
  }
  if (ranking_.step && finding.line >= ranking_.step->first &&
      finding.line <= ranking_.step->last) {
    weight += 8;
  }
  if (case_.facts.end) {
    for (const auto& [code, cause] : kAgreements) {
      if (code == case_.facts.end->exit_code && cause == finding.cause) weight += 25;
    }
  }
  if (!finding.trace && finding.cause != "control/overlap_skipped" &&
      sounds_recovered(log_.clean[finding.line])) {
    // What is tried again and again may well be the cause; what happened once was got over.
    constexpr std::uint32_t kTries = 3;
    weight -= alike_[finding.line] < kTries || case_.good.empty() ? 40 : 15;
  }
  if (is_downstream(finding.cause) && upstream_before(finding)) weight -= 45;
  return weight;
}

std::optional<Candidate> Choice::heaviest(const auto& wanted) const {
  std::optional<Candidate> best;
  for (const auto& candidate : candidates_) {
    if (!wanted(*candidate.finding)) continue;
    // Of equal lines the last counts (the last try), of equal weights of other lines the first.
    const bool same_kind =
        best && log_.hash[best->finding->line] == log_.hash[candidate.finding->line];
    if (!best || candidate.weight > best->weight ||
        (same_kind && candidate.weight == best->weight)) {
      best = candidate;
    }
  }
  return best;
}

// Without good runs to compare with, words alone name a cause only where the ranker looks too.
bool Choice::supported(const Finding& finding) const {
  constexpr std::size_t kTop = 3;
  constexpr std::uint32_t kLast = 20;
  if (!case_.good.empty() || place_[finding.line] <= kTop) return true;
  if (finding.last + kLast >= log_.size()) return true;
  for (std::size_t i = 0; i < std::min(kTop, ranking_.best.size()); ++i) {
    const auto top = ranking_.best[i].line;
    if (top + kNear >= finding.first && top <= finding.last + kNear) return true;
  }
  return false;
}

// Of lines that say the same, the one that the ranker would show.
Candidate Choice::as_ranked(const Candidate& chosen) const {
  const auto kind = log_.hash[chosen.finding->line];
  const auto shown = std::ranges::find(
      ranking_.best, kind, [&](const Ranked& ranked) { return log_.hash[ranked.line]; });
  if (shown == ranking_.best.end()) return chosen;
  for (const auto& candidate : candidates_) {
    if (candidate.finding->line == shown->line &&
        candidate.finding->cause == chosen.finding->cause &&
        candidate.finding->slots == chosen.finding->slots) {
      return candidate;
    }
  }
  return chosen;
}

std::optional<Candidate> Choice::best() const {
  auto best = heaviest([&](const Finding& f) {
    return strength(f) >= kLeastStrength && supported(f) && !overshadowed(f);
  });
  if (!best) best = heaviest([&](const Finding& f) { return weakly_agrees(f); });
  if (!best || (!case_.good.empty() && best->weight < kLeastWeight)) return std::nullopt;
  return as_ranked(*best);
}

std::optional<Candidate> Choice::best_of(std::string_view cause) const {
  return heaviest([&](const Finding& finding) { return finding.cause == cause; });
}

int Choice::confidence(const Candidate& candidate) const {
  const auto& finding = *candidate.finding;
  const auto rival = heaviest([&](const Finding& other) {
    return other.cause != finding.cause && other.strength >= kLeastStrength &&
           other.line != finding.line;
  });
  const int margin = rival ? candidate.weight - rival->weight : 100;
  int confidence = 40 + finding.strength / 2;  // 67 to 88
  if (is_new(finding.line)) confidence += 6;
  if (margin >= 25) confidence += 6;
  if (margin < 10) confidence -= 14;
  if (case_.good.empty()) confidence -= 8;
  const auto place = place_[finding.line];
  if (place > 3) confidence -= place == kUnranked ? 14 : 6;
  if (finding.strength < 80) confidence -= 6;
  if (!finding.trace && sounds_recovered(log_.clean[finding.line])) confidence -= 15;
  return std::clamp(confidence, 30, 97);
}

Hidden Choice::hidden_failure() const {
  Hidden hidden;
  constexpr std::size_t kFew = 3;
  if (case_.good.size() < kFew) return hidden;
  const auto skipped = heaviest([&](const Finding& finding) {
    return finding.cause == "control/overlap_skipped" && finding.strength >= 80 &&
           ranking_.novelty[finding.line] == Novelty::absent;
  });
  if (skipped && habits_.fewer_lines()) return {Hidden::Kind::skipped, *skipped};
  if (case_.good.size() < kKnownHabit) return hidden;

  const bool less = !habits_.zeros.empty() || habits_.fewer_lines() || habits_.missing > 0;
  const auto failed = heaviest([&](const Finding& finding) {
    return finding.strength >= kSure && ranking_.novelty[finding.line] == Novelty::absent &&
           (finding.trace || !sounds_recovered(log_.clean[finding.line]));
  });
  if (failed && (less || trouble_follows(*failed->finding) || breaks_a_script(*failed->finding))) {
    return {Hidden::Kind::failed, *failed};
  }
  const bool zeros = !habits_.zeros.empty() && (habits_.fewer_lines() || habits_.zeros.size() > 1 ||
                                                habits_.missing > 0 || habits_.great_zero);
  if (zeros || habits_.far_fewer_lines() || habits_.shrunk) hidden.kind = Hidden::Kind::silent;
  return hidden;
}

std::vector<std::uint32_t> Choice::others_of(const Finding& finding) const {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> found;  // distance, line
  for (const auto& [other, weight] : candidates_) {
    if (other->cause != finding.cause || !is_new(other->line)) continue;
    if (log_.hash[other->line] == log_.hash[finding.line]) continue;
    const auto distance =
        other->line > finding.line ? other->line - finding.line : finding.line - other->line;
    found.emplace_back(distance, other->line);
  }
  std::ranges::sort(found);
  std::vector<std::uint32_t> lines;
  for (const auto& [distance, line] : found) lines.push_back(line);
  return lines;
}

const Finding& Choice::sign_of(const Finding& finding) const {
  const auto novelty = ranking_.novelty[finding.line];
  const Finding* sign = &finding;
  const auto place = [](const Finding& one) {
    return one.trace && !one.frame.empty() ? 1'000 : one.strength;
  };
  bool first = true;
  for (const auto& [other, weight] : candidates_) {
    if (other->cause != finding.cause || ranking_.novelty[other->line] != novelty) continue;
    if (first || place(*other) > place(*sign)) sign = other;
    first = false;
  }
  return *sign;
}

void Choice::collect_slots(const Finding& finding, Slots& slots) const {
  for (const auto& [name, value] : finding.slots) set_slot(slots, name, value);
  std::vector<std::pair<std::uint32_t, const Finding*>> near;
  for (const auto& [other, weight] : candidates_) {
    if (other->cause != finding.cause || other == &finding) continue;
    near.emplace_back(
        other->line > finding.line ? other->line - finding.line : finding.line - other->line,
        other);
  }
  std::ranges::stable_sort(near, {}, [](const auto& pair) { return pair.first; });
  for (const auto& [distance, other] : near) {
    for (const auto& [name, value] : other->slots) set_slot(slots, name, value);
  }
}

}  // namespace logboom::query::why
