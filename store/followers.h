// For each word of a template's first column of words, the word that it last went with in another
// column: an address mostly goes with the same user agent. Both halves of the template codec keep
// this alike.
#pragma once

#include <cstdint>
#include <vector>

namespace logboom::store {

class Followers {
 public:
  // Forgets all; `words`: more than any number of a word.
  void begin(std::size_t words) {
    if (of_.size() < words) of_.resize(words);
    ++column_;
  }
  [[nodiscard]] std::uint64_t of(std::uint32_t lead, std::uint64_t unknown) const {
    return of_[lead].column == column_ ? of_[lead].word : unknown;
  }
  void put(std::uint32_t lead, std::uint64_t word) {
    of_[lead] = {column_, static_cast<std::uint32_t>(word)};
  }

 private:
  struct Follower {
    std::uint32_t column = 0, word = 0;
  };
  std::vector<Follower> of_;
  std::uint32_t column_ = 0;  // which column at work: what others put is forgotten
};

}  // namespace logboom::store
