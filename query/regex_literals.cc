#include "query/regex_literals.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>
#include <optional>
#include <string>

#include "query/regex.h"

namespace logboom::query {
namespace {

using store::Literal;

constexpr int kMinBytes = 3;  // of a text; shorter ones only where nothing else is required
constexpr std::size_t kMaxAtoms = 256;  // a formula over more gives nothing
constexpr std::string_view kAny = "(?s:.)", kNothing = "(?:)";

// The private characters: U+E000 and on, all of three bytes.
constexpr std::uint32_t kPrivate = 0xe000;
constexpr std::size_t kMaxPrivate = 4096;

std::string private_character(std::size_t number) {
  const auto rune = kPrivate + static_cast<std::uint32_t>(number);
  return {static_cast<char>(0xe0 | rune >> 12), static_cast<char>(0x80 | (rune >> 6 & 0x3f)),
          static_cast<char>(0x80 | (rune & 0x3f))};
}

bool beyond_ascii(char c) { return static_cast<unsigned char>(c) > 127; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_alnum(char c) { return is_upper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Takes the first character of UTF-8 text.
std::string_view take_character(std::string_view& text) {
  std::size_t size = 1;
  while (size < text.size() && (text[size] & '\xc0') == '\x80') ++size;
  const auto character = text.substr(0, beyond_ascii(text[0]) ? size : 1);
  text.remove_prefix(character.size());
  return character;
}

// A pattern in which letters have no case. Reads only patterns that RE2 accepts.
class Spelling {
 public:
  // Nothing where case does not matter, or the pattern has something rare.
  static std::optional<Spelling> of(std::string_view pattern) {
    Spelling spelling(pattern);
    while (!spelling.rest_.empty()) {
      if (!spelling.step()) return std::nullopt;
    }
    return spelling;
  }

  const std::string& pattern() const { return pattern_; }

  // A text of pattern() as it is in a line.
  std::string original(std::string_view text) const {
    std::string out;
    while (!text.empty()) {
      const auto character = take_character(text);
      if (character.size() == 1) {
        out += character;
        continue;
      }
      for (std::size_t i = 0; i < characters_.size(); ++i) {
        if (private_character(i) == character) out += characters_[i];
      }
    }
    return out;
  }

 private:
  explicit Spelling(std::string_view pattern) : rest_(pattern) {}

  bool step() {
    switch (rest_.front()) {
      case '\\':
        return escape();
      case '[':
        return brackets();
      case '(':
        return group();
      case '^':
      case '$':
        return instead(1, kNothing);
      default:
        return character();
    }
  }

  bool instead(std::size_t taken, std::string_view text) {
    rest_.remove_prefix(std::min(taken, rest_.size()));
    pattern_ += text;
    return true;
  }
  bool as_it_is(std::size_t taken) { return instead(taken, rest_.substr(0, taken)); }

  // A character that means itself, or an operator.
  bool character() {
    const auto taken = take_character(rest_);
    if (taken.size() == 1 && !is_upper(taken[0])) {
      pattern_ += taken;
      return true;
    }
    auto known = std::ranges::find(characters_, taken);
    if (known == characters_.end()) {
      if (characters_.size() == kMaxPrivate) return false;
      known = characters_.emplace(known, taken);
    }
    pattern_ += private_character(static_cast<std::size_t>(known - characters_.begin()));
    return true;
  }

  bool escape() {
    if (rest_.size() < 2) return false;
    const char c = rest_[1];
    if (std::string_view("dDwWsSC").find(c) != std::string_view::npos) return instead(2, kAny);
    if (std::string_view("bBAz").find(c) != std::string_view::npos) return instead(2, kNothing);
    const bool control = std::string_view("afnrtv").find(c) != std::string_view::npos;
    const bool itself = !is_alnum(c) && !beyond_ascii(c);
    return (control || itself) && as_it_is(2);
  }

  bool group() {
    if (!rest_.starts_with("(?")) return as_it_is(1);
    if (rest_.starts_with("(?P<")) return as_it_is(rest_.find('>') + 1);
    const auto flags = rest_.substr(2, rest_.find_first_of(":)") - 2);
    const bool known = flags.find_first_not_of("msU-") == std::string_view::npos;
    return known && as_it_is(2 + flags.size() + 1);
  }

  // [Ee] stays a choice; ranges, classes and the like become "any".
  bool brackets() {
    const bool negated = rest_.starts_with("[^");
    const std::size_t first = negated ? 2 : 1;
    bool plain = !negated;
    std::size_t end = first;
    while (end < rest_.size() && (rest_[end] != ']' || end == first)) {
      const auto name =
          rest_.substr(end).starts_with("[:") ? rest_.find(":]", end + 2) : std::string_view::npos;
      plain = plain && rest_[end] != '\\' && rest_[end] != '-' && rest_[end] != '[';
      end += name != std::string_view::npos ? name + 2 - end : rest_[end] == '\\' ? 2 : 1;
    }
    if (end >= rest_.size()) return false;
    if (!plain) return instead(end + 1, kAny);
    const auto behind = rest_.substr(end);
    as_it_is(1);
    while (rest_.size() > behind.size()) {
      if (!character()) return false;
    }
    return as_it_is(1);
  }

  std::string_view rest_;
  std::string pattern_;
  std::vector<std::string> characters_;  // what the private ones stand for, in their order
};

// The texts of RE2's formula for a pattern, and sets of them of which every match has one.
struct Formula {
  std::vector<std::string> atoms;
  std::vector<std::vector<std::size_t>> sets;  // no atom is in two of them
};

Formula formula_of(const std::string& pattern, int min_bytes) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(Regex::kMaxMemory);
  re2::FilteredRE2 filter(min_bytes);
  int id = 0;
  if (filter.Add(pattern, options, &id) != RE2::NoError) return {};
  Formula formula;
  filter.Compile(&formula.atoms);
  const auto count = formula.atoms.size();
  if (count > kMaxAtoms) return {};

  // Can a line match that has all atoms but these?
  const auto possible_without = [&](const std::vector<bool>& missing) {
    std::vector<int> present, potentials;
    for (std::size_t i = 0; i < count; ++i) {
      if (!missing[i]) present.push_back(static_cast<int>(i));
    }
    filter.AllPotentials(present, &potentials);
    return !potentials.empty();
  };
  // The shortest first, so that the longest are left.
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = i;
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    const auto &x = formula.atoms[a], &y = formula.atoms[b];
    return x.size() != y.size() ? x.size() < y.size() : x < y;
  });
  std::vector<bool> free(count, true);
  while (formula.sets.size() < kMaxClauses) {
    auto set = free;
    if (possible_without(set)) break;
    for (const auto i : order) {
      if (!set[i]) continue;
      set[i] = false;
      if (possible_without(set)) set[i] = true;
    }
    auto& members = formula.sets.emplace_back();
    for (std::size_t i = 0; i < count; ++i) {
      if (!set[i]) continue;
      members.push_back(i);
      free[i] = false;
    }
    if (members.empty()) return {};  // it never matches: nothing that texts could tell
  }
  return formula;
}

// The longest part of ASCII with at most two letters that have a second spelling.
std::string_view foldable_part(std::string_view atom) {
  constexpr std::ptrdiff_t kMost = 2;
  const auto odd = [](char c) { return c == 's' || c == 'k'; };
  std::string_view best;
  for (std::size_t begin = 0, end = 0; end < atom.size(); ++end) {
    if (beyond_ascii(atom[end])) begin = end + 1;
    while (std::count_if(atom.begin() + static_cast<std::ptrdiff_t>(begin),
                         atom.begin() + static_cast<std::ptrdiff_t>(end) + 1, odd) > kMost) {
      ++begin;
    }
    if (begin <= end && end + 1 - begin > best.size()) best = atom.substr(begin, end + 1 - begin);
  }
  return best;
}

// All spellings that fold to the atom.
void append_any_case(Clause& clause, std::string_view atom) {
  std::vector<std::string> spellings = {""};
  for (const char c : foldable_part(atom)) {
    const std::string_view second = c == 's' ? "\u017f" : c == 'k' ? "\u212a" : "";
    for (std::size_t i = 0, count = spellings.size(); i < count; ++i) {
      if (!second.empty()) spellings.push_back(spellings[i] + std::string(second));
      spellings[i] += c;
    }
  }
  for (auto& text : spellings) clause.push_back({.text = std::move(text), .any_case = true});
}

std::vector<Clause> clauses_of(const Formula& formula, const std::optional<Spelling>& spelling) {
  std::vector<Clause> clauses;
  for (const auto& set : formula.sets) {
    auto& clause = clauses.emplace_back();
    for (const auto i : set) {
      const auto& atom = formula.atoms[i];
      if (spelling) {
        clause.push_back({.text = spelling->original(atom), .any_case = false});
      } else {
        append_any_case(clause, atom);
      }
    }
  }
  return simplify(std::move(clauses));
}

}  // namespace

std::vector<Clause> required_texts(std::string_view pattern) {
  if (pattern.size() > kMaxLiteralPattern || !Regex::compile(pattern)) return {};
  const auto spelling = Spelling::of(pattern);
  const auto spelled = spelling ? spelling->pattern() : std::string(pattern);
  for (int min_bytes = kMinBytes; min_bytes > 0; --min_bytes) {
    auto clauses = clauses_of(formula_of(spelled, min_bytes), spelling);
    if (!clauses.empty()) return clauses;
  }
  return {};
}

}  // namespace logboom::query
