// explain(): facts first, then what the log proves, weighed by how new it is.
#include "query/why/why.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/level.h"
#include "query/why/choice.h"
#include "query/why/facts.h"
#include "query/why/findings.h"
#include "query/why/habits.h"
#include "query/why/phrases.h"
#include "query/why/rank.h"
#include "query/why/rules.h"
#include "query/why/slots.h"
#include "query/why/text.h"

namespace logboom::query::why {
namespace {

// Words of a consequence ("... and gave up") may stand in the line of the cause itself: the first
// error that no good run has, and no new finding before it, is no consequence.
std::vector<Finding> in_place(std::vector<Finding> findings, const Prepared& log,
                              const std::vector<Sketch>& good) {
  constexpr int kTelling = 50, kWords = 5;
  if (good.empty()) return findings;
  const auto how_new = novelty(log, good);
  for (auto finding = findings.begin(); finding != findings.end(); ++finding) {
    const auto& line = log.clean[finding->line];
    if (how_new[finding->line] != Novelty::absent) continue;
    const bool got_over = !finding->trace && sounds_recovered(line);
    if (!finding->consequence && finding->strength >= kTelling && !got_over) return findings;
    if (!finding->consequence || finding->trace || detect_level(line) < Level::error) continue;
    for (auto i = std::uint32_t{0}; i < finding->line; ++i) {
      const bool error = detect_level(log.clean[i]) >= Level::error;
      if (error && how_new[i] == Novelty::absent) return findings;
    }
    if (std::ranges::count(line, ' ') < kWords) return findings;
    if (finding->cause.empty()) {
      findings.erase(finding);
    } else {
      finding->consequence = false;
    }
    return findings;
  }
  return findings;
}

class Explanation {
 public:
  explicit Explanation(const Case& the_case)
      : case_(the_case),
        facts_(judge_facts(the_case)),
        log_(prepare(the_case.lines)),
        findings_(in_place(find(log_), log_, the_case.good)),
        ranking_(rank(log_, findings_, the_case.good)),
        habits_(compare(log_, the_case)),
        choice_(case_, log_, findings_, ranking_, habits_) {}

  Verdict run() {
    verdict_.outcome = facts_.outcome;
    verdict_.evidence = facts_.evidence;
    if (!case_.facts.log_complete) {
      prove("log", "log incomplete: some of its lines had not arrived within 5 s");
    }
    if (verdict_.outcome == "succeeded" && !doubt()) return good();
    if (verdict_.cause == "unknown") conclude();
    cite();
    explain_lines();
    if (verdict_.headline.empty()) verdict_.headline = headline();
    if (auto& first = verdict_.headline.front(); first >= 'a' && first <= 'z')
      first = static_cast<char>(first - 'a' + 'A');
    verdict_.fingerprint = fingerprint();
    return std::move(verdict_);
  }

 private:
  Verdict good() {
    verdict_.cause.clear();
    verdict_.confidence = 90;
    verdict_.headline = "It succeeded";
    return std::move(verdict_);
  }

  void prove(std::string kind, std::string text, std::optional<std::uint32_t> line = {}) {
    verdict_.evidence.push_back({std::move(kind), std::move(text),
                                 line ? std::optional(log_.lines[*line].number) : std::nullopt});
  }

  // ---- exit code 0, but did it do its work?
  bool doubt() {
    const auto hidden = choice_.hidden_failure();
    switch (hidden.kind) {
      case Hidden::Kind::none:
        return false;
      case Hidden::Kind::skipped:
        verdict_.outcome = "skipped";
        take(hidden.candidate, 90);
        break;
      case Hidden::Kind::failed:
        verdict_.outcome = "suspect";
        take(hidden.candidate, 80);
        prove("rule",
              "one of its parts failed (" + verdict_.cause + "), and it went on and exited with 0");
        verdict_.cause = "script/pipe_hidden";
        break;
      case Hidden::Kind::silent:
        verdict_.outcome = "suspect";
        verdict_.cause = "data/silent_success";
        verdict_.confidence = habits_.zeros.empty() ? 70 : 86;
        break;
    }
    return true;
  }

  // ---- the cause
  void conclude() {
    if (!facts_.cause.empty() && !facts_.log_may_know_better) return take_facts();
    const auto best = choice_.best();
    // A crash's own words, or an abort's reason, say more than the signal.
    constexpr int kBetterThanSignal = 70;
    if (best && (facts_.cause.empty() || best->finding->strength >= kBetterThanSignal)) {
      return take(*best, choice_.confidence(*best));
    }
    if (!facts_.cause.empty()) return take_facts();
    verdict_.confidence = 0;
  }

  void take_facts() {
    verdict_.cause = facts_.cause;
    verdict_.confidence = facts_.confidence;
    verdict_.headline = facts_.headline;
    verdict_.slots = facts_.slots;
    // The log's own words on the same cause come first among the lines.
    if (const auto said = choice_.best_of(facts_.cause)) {
      chosen_ = said->finding;
      choice_.collect_slots(*chosen_, verdict_.slots);
    }
  }

  void take(const Candidate& candidate, int confidence) {
    chosen_ = candidate.finding;
    verdict_.cause = chosen_->cause;
    verdict_.confidence = confidence;
    choice_.collect_slots(*chosen_, verdict_.slots);
    complete_slots(log_, *chosen_, verdict_.slots);
  }

  // ---- its lines
  // In a file that may be anything, without a good run to compare with, known words are noise as
  // often as not: there the ranker goes first.
  [[nodiscard]] bool leads() const { return !case_.facts.from_file || !case_.good.empty(); }

  [[nodiscard]] std::vector<std::uint32_t> best_lines() const {
    std::vector<std::uint32_t> lines;
    const auto add = [&](std::uint32_t line) {
      if (lines.size() < kMaxCited && !log_.blank(line) &&
          std::ranges::find(lines, line) == lines.end()) {
        lines.push_back(line);
      }
    };
    if (chosen_ && leads()) add(chosen_->line);
    if (!chosen_ && !ranking_.best.empty()) {
      if (const auto line = choice_.instead_of(ranking_.best.front().line)) add(*line);
    }
    for (const auto line : habits_.zeros) {
      if (verdict_.outcome == "suspect") add(line);
    }
    // Other words for the same cause, other kinds of lines first.
    if (chosen_ && leads()) {
      constexpr std::size_t kOthers = 2;
      for (const auto line : choice_.others_of(*chosen_)) {
        if (lines.size() < 1 + kOthers) add(line);
      }
    }
    for (const bool effects : {false, true}) {
      for (const auto& best : ranking_.best) {
        if (choice_.is_effect(best.line) == effects) add(best.line);
      }
    }
    return lines;
  }

  void cite() {
    const auto lines = best_lines();
    if (!lines.empty()) best_line_ = lines.front();
    Arena arena;
    for (const auto line : lines) {
      verdict_.lines.push_back(
          {log_.lines[line].number, std::string(shown_line(log_.lines[line].text, arena).text)});
    }
    for (const auto& [first, last] : excerpt(log_, findings_, ranking_)) {
      verdict_.excerpt.emplace_back(log_.lines[first].number, log_.lines[last].number);
    }
    if (lines.empty()) return;
    const auto number = log_.lines[lines.front()].number;
    const bool covered = std::ranges::any_of(verdict_.excerpt, [&](const auto& range) {
      return number >= range.first && number <= range.second;
    });
    if (covered) return;
    constexpr std::size_t kMaxRanges = 3;
    if (verdict_.excerpt.size() == kMaxRanges) verdict_.excerpt.pop_back();
    verdict_.excerpt.emplace_back(number, number);
    std::ranges::sort(verdict_.excerpt);
  }

  void explain_lines() {
    if (chosen_) {
      const auto words = quoted_words(log_.clean[chosen_->line]);
      if (chosen_->trace) {
        prove("trace",
              "an error with a stack trace" +
                  (chosen_->frame.empty() ? std::string() : " (in " + chosen_->frame + ")") + ": " +
                  words,
              chosen_->line);
      } else {
        prove("rule", "a line says: " + words, chosen_->line);
      }
      if (choice_.is_new(chosen_->line)) {
        const bool never = ranking_.novelty[chosen_->line] == Novelty::absent;
        prove("novelty",
              "none of the last " + std::to_string(habits_.runs) +
                  " good runs has a line of this kind" + (never ? "" : " so often"),
              chosen_->line);
      }
    }
    if (verdict_.outcome == "suspect" || verdict_.cause == "data/empty_input") {
      for (const auto line : habits_.zeros) {
        prove("habit", "this number is 0, and never was in a good run", line);
      }
    }
    const bool ended = verdict_.outcome == "suspect" || verdict_.outcome == "skipped";
    if (ended && habits_.fewer_lines()) {
      prove("habit", "it wrote " + std::to_string(habits_.lines) +
                         " lines, its good runs at least " + std::to_string(habits_.least_lines));
    }
    if (verdict_.cause == "data/silent_success" && habits_.shrunk) {
      prove("habit", "of one kind of line it wrote " + std::to_string(habits_.shrunk->count) +
                         ", its good runs at least " + std::to_string(habits_.shrunk->least));
    }
    if (habits_.missing > 0) {
      prove("absence", std::to_string(habits_.missing) +
                           (habits_.missing == 1 ? " kind of line is" : " kinds of lines are") +
                           " missing that every good run has");
    }
  }

  [[nodiscard]] std::string headline() const {
    const auto words = chosen_ ? log_.clean[chosen_->line]
                       : !habits_.zeros.empty() && verdict_.outcome == "suspect"
                           ? log_.clean[habits_.zeros.front()]
                           : std::string_view();
    if (verdict_.cause != "unknown") return headline_of(verdict_.cause, verdict_.slots, words);
    std::string text = "Nothing proves a cause";
    const auto& end = case_.facts.end;
    if (end && end->signal > 0) {
      text = "Ended by " + signal_text(static_cast<int>(end->signal)) + "; nothing proves a cause";
    } else if (end && end->exit_code > 0) {
      text = "Exit code " + std::to_string(end->exit_code) + "; nothing proves a cause";
    }
    if (!verdict_.lines.empty()) {
      text += best_line_ == last_line() ? ". The last line: " : ". The likeliest line: ";
      text += quoted_words(log_.clean[best_line_]);
    }
    return text;
  }

  // Of those with text.
  [[nodiscard]] std::uint32_t last_line() const {
    auto last = static_cast<std::uint32_t>(log_.size());
    while (last > 0 && log_.blank(--last)) continue;
    return last;
  }

  // Equal for equal failures: the class, how it ended, and where or in which words. Where no line
  // says anything, the job stands for them: silent deaths of two jobs are two failures.
  [[nodiscard]] std::string fingerprint() const {
    std::string text = verdict_.cause + "|" + facts_.exit_class + "|";
    const auto* const sign = chosen_ ? &choice_.sign_of(*chosen_) : nullptr;
    if (sign && sign->trace && !sign->frame.empty()) {
      text += std::string(slot(sign->slots, "exception")) + "@" + sign->frame;
    } else if (sign) {
      text += masked(log_.clean[sign->line]);
    } else if (!habits_.zeros.empty() && verdict_.outcome == "suspect") {
      text += masked(log_.clean[habits_.zeros.front()]);
    } else if (case_.facts.from_file && !ranking_.best.empty()) {
      text += masked(log_.clean[ranking_.best.front().line]);
    } else {
      const auto& known = case_.facts.end ? case_.facts.end : case_.facts.start;
      if (known) text += known->job;
    }
    return run_id_of(text);
  }

  const Case& case_;
  FactVerdict facts_;
  Prepared log_;
  std::vector<Finding> findings_;
  Ranking ranking_;
  Habits habits_;
  Choice choice_;
  const Finding* chosen_ = nullptr;
  std::uint32_t best_line_ = 0;
  Verdict verdict_;
};

}  // namespace

Verdict explain(const Case& the_case) { return Explanation(the_case).run(); }

}  // namespace logboom::query::why
