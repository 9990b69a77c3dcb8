#include "query/clauses.h"

#include <algorithm>
#include <string>
#include <tuple>

namespace logboom::query {
namespace {

using store::Literal;

// A literal this short is in most lines; many of them together are in every line.
constexpr std::size_t kFewLiterals = 4;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return out;
}

// Has every line with `b` also `a`?
bool implied(const Literal& a, const Literal& b) {
  if (a.text.size() > b.text.size()) return false;
  if (a.any_case) return lower(b.text).find(a.text) != std::string::npos;
  if (b.any_case && std::ranges::any_of(a.text, is_letter)) return false;
  return b.text.find(a.text) != std::string::npos;
}

bool implied(const Clause& a, const Clause& b) {
  return std::ranges::all_of(b, [&](const Literal& literal) {
    return std::ranges::any_of(a, [&](const Literal& other) { return implied(other, literal); });
  });
}

// Empty when every line meets it, or too many literals are asked for.
Clause simple(Clause clause) {
  for (auto& [text, any_case] : clause) {
    if (text.empty()) return {};
    text.resize(std::min(text.size(), kMaxLiteralBytes));
    any_case = any_case && std::ranges::any_of(text, is_letter);
  }
  // What contains another literal comes behind it.
  std::ranges::sort(clause, [](const Literal& a, const Literal& b) {
    return std::tuple(a.text.size(), !a.any_case, std::string_view(a.text)) <
           std::tuple(b.text.size(), !b.any_case, std::string_view(b.text));
  });
  Clause kept;
  for (auto& literal : clause) {
    if (std::ranges::any_of(kept, [&](const Literal& k) { return implied(k, literal); })) continue;
    if (kept.size() == kMaxLiterals) return {};
    kept.push_back(std::move(literal));
  }
  if (kept.size() > kFewLiterals && kept.front().text.size() == 1) return {};
  return kept;
}

// Literals of a clause are sorted by length.
auto rank(const Clause& clause) {
  const auto size = static_cast<std::ptrdiff_t>(clause.front().text.size());
  return std::tuple(-size, clause.size());
}

bool before(const Clause& a, const Clause& b) {
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  return std::ranges::lexicographical_compare(a, b, [](const Literal& x, const Literal& y) {
    return std::tie(x.text, x.any_case) < std::tie(y.text, y.any_case);
  });
}

}  // namespace

bool holds(const Clause& clause, std::string_view line) {
  std::string folded;
  return std::ranges::any_of(clause, [&](const Literal& literal) {
    if (!literal.any_case) return line.find(literal.text) != std::string_view::npos;
    if (folded.empty()) folded = lower(line);
    return folded.find(literal.text) != std::string::npos;
  });
}

std::vector<Clause> simplify(std::vector<Clause> clauses) {
  for (auto& clause : clauses) clause = simple(std::move(clause));
  std::erase_if(clauses, [](const Clause& clause) { return clause.empty(); });
  std::ranges::sort(clauses, before);
  std::vector<Clause> kept;
  for (auto& clause : clauses) {
    if (std::ranges::any_of(kept, [&](const Clause& k) { return implied(clause, k); })) continue;
    std::erase_if(kept, [&](const Clause& k) { return implied(k, clause); });
    if (kept.size() == kMaxClauses) break;
    kept.push_back(std::move(clause));
  }
  return kept;
}

Clause either(std::span<const Clause> a, std::span<const Clause> b) {
  if (a.empty() || b.empty()) return {};
  Clause both = a.front();
  both.insert(both.end(), b.front().begin(), b.front().end());
  return simple(std::move(both));
}

}  // namespace logboom::query
