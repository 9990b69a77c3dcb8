// What single lines mean: a table of patterns, each with the class it proves and how surely.
//
// A rule is tried only on lines that hold the words its pattern cannot match without, which are
// found for all rules at once. Named groups are the slots. The tables stand in rules_*.cc, by
// family; a rule is written from a program's own words for an error, as general as they are, never
// from one job's.
//
// Limits:  a line's first kRuleBytes are looked at.
// Threads: const from any; the tables are compiled once, at first use.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logboom::query::why {

inline constexpr std::size_t kRuleBytes = 2048;

using Slots = std::vector<std::pair<std::string, std::string>>;

struct Rule {
  std::string_view pattern;  // RE2; ~q, ~file and the like are short for rules.cc's
  std::string_view cause;    // a class; "" in the table of consequences
  int strength = 0;          // of 100
  // Where its words are also said when all is well: kInTrouble, and they count only on a line that
  // sounds like trouble.
  bool in_trouble = false;
};
inline constexpr bool kInTrouble = true;

// By family.
std::span<const Rule> resource_rules();
std::span<const Rule> start_rules();  // platform/, script/
std::span<const Rule> external_rules();
std::span<const Rule> code_rules();   // code/, dependency/
std::span<const Rule> data_rules();   // data/, control/
std::span<const Rule> words_rules();  // all of them, in programs' own words
// Lines that say that something failed, not why.
std::span<const Rule> consequence_rules();

struct RuleHit {
  const Rule* rule = nullptr;
  Slots slots;
};

// All rules that match, in the tables' order.
void match_rules(std::string_view line, std::vector<RuleHit>& hits);

// What the matching rules say together: for each cause the strongest of its rules with the slots of
// all of them, strongest first.
struct Meaning {
  std::string_view cause;
  int strength = 0;
  Slots slots;
};
struct Meanings {
  std::vector<Meaning> causes;
  bool consequence = false;  // the words say that something failed
};
[[nodiscard]] Meanings meanings_of(std::string_view line);

// How many rules there are whose pattern compiles, and how many there should be.
struct RuleCount {
  std::size_t usable = 0, written = 0;
};
[[nodiscard]] RuleCount count_rules();

void set_slot(Slots& slots, std::string_view name, std::string_view value);      // unless it is set
[[nodiscard]] std::string_view slot(const Slots& slots, std::string_view name);  // "": not set

}  // namespace logboom::query::why
