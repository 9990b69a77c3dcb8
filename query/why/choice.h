// Which finding is the cause: the one that is supported best.
//
// A finding's weight is the sum of how surely its words mean their cause, how new its kind of line
// is to the job, how high the ranker puts it, whether it agrees with the exit code, and where it
// stands. What follows from another finding (bad input after a failed download) weighs less.
//
// Owns:    nothing; all arguments must outlive it.
// Threads: const from any.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "query/why/findings.h"
#include "query/why/habits.h"
#include "query/why/rank.h"
#include "query/why/rules.h"
#include "query/why/why.h"

namespace logboom::query::why {

struct Candidate {
  const Finding* finding = nullptr;
  int weight = 0;
};

// What exit code 0 hides.
struct Hidden {
  enum class Kind : std::uint8_t {
    none,
    skipped,  // it did nothing since another run was at work
    failed,   // a part failed and it went on
    silent,   // it did far less than usual, and nothing says why
  };
  Kind kind = Kind::none;
  Candidate candidate;  // skipped, failed
};

class Choice {
 public:
  Choice(const Case& the_case, const Prepared& log, const std::vector<Finding>& findings,
         const Ranking& ranking, const Habits& habits);

  // The best of those that are good enough to be named.
  [[nodiscard]] std::optional<Candidate> best() const;
  // The best with that cause, however weak, that no good run has.
  [[nodiscard]] std::optional<Candidate> best_of(std::string_view cause) const;
  // Of 100: how often such an answer is right.
  [[nodiscard]] int confidence(const Candidate& candidate) const;
  [[nodiscard]] Hidden hidden_failure() const;

  // No good run has its kind, or not nearly as often.
  [[nodiscard]] bool is_new(std::uint32_t line) const;
  // It says that something failed, not why.
  [[nodiscard]] bool is_effect(std::uint32_t line) const { return effect_[line]; }
  // The first new error without a finding behind this line, where what the line says was got over.
  [[nodiscard]] std::optional<std::uint32_t> instead_of(std::uint32_t line) const;
  // Lines with other words for the same cause, nearest first.
  [[nodiscard]] std::vector<std::uint32_t> others_of(const Finding& finding) const;
  // Of all that say the same, the one that stands for them in a fingerprint: it depends on what
  // they are, not on which of them weighs most today.
  [[nodiscard]] const Finding& sign_of(const Finding& finding) const;
  // Its own slots, then those of its cause's other lines.
  void collect_slots(const Finding& finding, Slots& slots) const;

 private:
  [[nodiscard]] int strength(const Finding& finding) const;
  [[nodiscard]] int weigh(const Finding& finding) const;
  [[nodiscard]] bool possible(const Finding& finding) const;
  [[nodiscard]] bool weakly_agrees(const Finding& finding) const;
  [[nodiscard]] bool overshadowed(const Finding& finding) const;
  [[nodiscard]] bool supported(const Finding& finding) const;
  [[nodiscard]] bool upstream_before(const Finding& finding) const;
  [[nodiscard]] bool trouble_follows(const Finding& finding) const;
  [[nodiscard]] bool is_zero(std::uint32_t line) const;
  [[nodiscard]] Candidate as_ranked(const Candidate& chosen) const;
  [[nodiscard]] std::optional<Candidate> heaviest(const auto& wanted) const;

  const Case& case_;
  const Prepared& log_;
  const Ranking& ranking_;
  const Habits& habits_;
  std::vector<std::uint32_t> usual_before_;  // of every line: usual lines above it
  std::vector<std::uint32_t> unexplained_;   // new errors without a finding, in order
  std::vector<bool> effect_;                 // of every line
  std::vector<std::uint8_t> place_;          // of every line in the ranking; kUnranked
  std::vector<std::uint32_t> alike_;         // of every line: how many of its kind there are
  // Of every line: the finding that ends there, if it is one that others follow from.
  std::vector<const Finding*> upstream_;
  std::vector<Candidate> candidates_;
};

}  // namespace logboom::query::why
