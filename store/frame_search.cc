#include "store/frame_search.h"

#include <string.h>

#include <algorithm>

#include "store/search_bytes.h"

namespace logboom::store {
namespace {

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string longest_run(std::string_view text) {
  std::string_view best;
  for (std::size_t begin = 0; begin < text.size();) {
    auto end = begin;
    while (end < text.size() && is_alnum(text[end])) ++end;
    if (end - begin > best.size()) best = text.substr(begin, end - begin);
    begin = end + 1;
  }
  return std::string(best);
}

std::size_t find(std::string_view in, const Literal& literal, std::size_t from) {
  if (literal.any_case) return find_any_case(in, literal.text, from);
  const auto* const at = static_cast<const char*>(
      memmem(in.data() + from, in.size() - from, literal.text.data(), literal.text.size()));
  return at == nullptr ? std::string_view::npos : static_cast<std::size_t>(at - in.data());
}

// Marks the rows that hold the literal.
void mark(const FrameText& text, const Literal& literal, std::vector<char>& rows) {
  const auto bodies = std::string_view(text.bodies).substr(0, text.bytes);
  std::size_t row = 0, row_begin = 0;
  for (std::size_t from = 0; from <= bodies.size();) {
    const auto at = find(bodies, literal, from);
    if (at == std::string_view::npos) return;
    while (row_begin + text.lengths[row] <= at) row_begin += text.lengths[row++];
    const auto row_end = row_begin + text.lengths[row];
    if (at + literal.text.size() > row_end) {  // it lies across two lines
      from = at + 1;
      continue;
    }
    rows[row] = 1;
    from = row_end;
  }
}

}  // namespace

FrameSearch::FrameSearch(const std::vector<std::vector<Literal>>& texts) {
  for (const auto& clause : texts) {
    // An empty text is in every line.
    if (clause.empty() ||
        std::ranges::any_of(clause, [](const Literal& literal) { return literal.text.empty(); }))
      continue;
    auto& prepared = clauses_.emplace_back();
    for (const auto& literal : clause) prepared.push_back({literal, longest_run(literal.text)});
  }
  const auto shortest = [](const Clause& clause) {
    return std::ranges::min(clause, {}, [](const Text& text) { return text.literal.text.size(); })
        .literal.text.size();
  };
  std::ranges::stable_sort(
      clauses_, [&](const Clause& a, const Clause& b) { return shortest(a) > shortest(b); });
}

Result<bool> FrameSearch::may_match(LineReader& reader, std::size_t frame) const {
  for (const auto& clause : clauses_) {
    bool any = false;
    for (const auto& text : clause) {
      if (text.run.empty()) {
        any = true;
        break;
      }
      auto may = reader.may_contain(frame, text.run, text.literal.any_case);
      if (!may) return may;
      any = *may;
      if (any) break;
    }
    if (!any) return false;
  }
  return true;
}

void FrameSearch::match(const FrameText& text, std::vector<char>& rows) const {
  if (clauses_.empty()) return;
  std::vector<char> found(rows.size());
  for (const auto& one : clauses_.front()) mark(text, one.literal, found);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<char>(rows[i] & found[i]);
}

}  // namespace logboom::store
