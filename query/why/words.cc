#include "query/why/words.h"

#include <algorithm>
#include <queue>

namespace logboom::query::why {
namespace {

constexpr unsigned char lower(unsigned char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<unsigned char>(c + ('a' - 'A')) : c;
}

}  // namespace

WordFinder::WordFinder(const std::vector<std::pair<std::string_view, Id>>& words) {
  for (const auto& [word, id] : words) {
    for (const char c : word) {
      auto& known = class_of_[static_cast<unsigned char>(c)];
      if (known == 0) known = static_cast<std::uint8_t>(classes_++);
    }
  }
  for (unsigned char c = 'A'; c <= 'Z'; ++c) class_of_[c] = class_of_[lower(c)];
  next_.assign(classes_, 0);
  ends_.emplace_back();
  for (const auto& [word, id] : words) ends_[state_of(word)].push_back(id);

  // Breadth first, so that the state to fall back to is complete before it is needed.
  std::vector<std::uint32_t> fallback(ends_.size(), 0);
  std::queue<std::uint32_t> todo;
  for (std::uint32_t c = 1; c < classes_; ++c) {
    if (next_[c] != 0) todo.push(next_[c]);
  }
  while (!todo.empty()) {
    const auto state = todo.front();
    todo.pop();
    const auto& shorter = ends_[fallback[state]];
    ends_[state].insert(ends_[state].end(), shorter.begin(), shorter.end());
    for (std::uint32_t c = 1; c < classes_; ++c) {
      auto& next = next_[state * classes_ + c];
      const auto other = next_[fallback[state] * classes_ + c];
      if (next == 0) {
        next = other;
      } else {
        fallback[next] = other;
        todo.push(next);
      }
    }
  }
}

namespace {

std::vector<std::pair<std::string_view, WordFinder::Id>> of_one_id(
    std::initializer_list<std::string_view> words) {
  std::vector<std::pair<std::string_view, WordFinder::Id>> pairs;
  for (const auto word : words) pairs.emplace_back(word, WordFinder::Id{0});
  return pairs;
}

}  // namespace

WordFinder::WordFinder(std::initializer_list<std::string_view> words)
    : WordFinder(of_one_id(words)) {}

bool WordFinder::holds_any(std::string_view text) const {
  std::uint32_t state = 0;
  for (const char c : text) {
    state = next_[state * classes_ + class_of_[static_cast<unsigned char>(c)]];
    if (!ends_[state].empty()) return true;
  }
  return false;
}

std::uint32_t WordFinder::state_of(std::string_view word) {
  std::uint32_t state = 0;
  for (const char c : word) {
    const auto edge = state * classes_ + class_of_[static_cast<unsigned char>(c)];
    if (next_[edge] == 0) {
      next_[edge] = static_cast<std::uint32_t>(ends_.size());
      next_.resize(next_.size() + classes_, 0);
      ends_.emplace_back();
    }
    state = next_[edge];
  }
  return state;
}

void WordFinder::find(std::string_view text, std::vector<Id>& found) const {
  found.clear();
  std::uint32_t state = 0;
  for (const char c : text) {
    state = next_[state * classes_ + class_of_[static_cast<unsigned char>(c)]];
    if (!ends_[state].empty()) {
      found.insert(found.end(), ends_[state].begin(), ends_[state].end());
    }
  }
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
}

}  // namespace logboom::query::why
