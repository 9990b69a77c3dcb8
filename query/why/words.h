// Which of many words a text holds, in one pass over it (Aho and Corasick's automaton), so that
// hundreds of patterns cost a line nothing unless a word they need is in it.
//
// Words are lower case; the text's case does not matter. Bytes are bytes.
// Threads: const from any.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

namespace logboom::query::why {

class WordFinder {
 public:
  using Id = std::uint16_t;

  // Many words may have one id.
  explicit WordFinder(const std::vector<std::pair<std::string_view, Id>>& words);
  // Words of which any will do.
  WordFinder(std::initializer_list<std::string_view> words);

  // Sets `found` to the ids of the words in the text, ascending, each once.
  void find(std::string_view text, std::vector<Id>& found) const;
  [[nodiscard]] bool holds_any(std::string_view text) const;

 private:
  std::uint32_t state_of(std::string_view word);

  std::array<std::uint8_t, 256> class_of_{};  // of a byte; 0: in no word
  std::uint32_t classes_ = 1;
  std::vector<std::uint32_t> next_;    // state * classes_ + class
  std::vector<std::vector<Id>> ends_;  // of a state: words that end there
};

}  // namespace logboom::query::why
