// What the index knows about text: features, 64-bit hashes that a line has and that every line with
// a given text inside must have.
//
// A run is a maximal run of ASCII letters, digits and bytes above 127, in lower case (ASCII).
//   word      letters (and bytes above 127) only: a run, or within a run that has digits, and is
//             not all hexadecimal, one of at least kMinPart bytes. Words are also listed by name,
//             so that a text that may go on at its ends is found in longer words.
//   id        a run with a digit of at most kLongRun - 1 bytes. Not: decimals of at most 5 digits;
//             decimals after a digit and one of ".,:", which are fractions, seconds, octets; four
//             bytes between two '-' (the middle of a UUID).
//   fragment  of a run of kLongRun bytes or more: in every window of kWindow neighbouring pieces
//             of kPiece bytes, the one with the least hash (the last of equal ones). So a part of
//             the run, if it is long enough, has fragments of its own that the run must have too
//             (winnowing: Schleimer, Wilkerson, Aiken, SIGMOD 2003).
//   address   the two middle numbers of an IPv4 address, with their dots.
//   uuid      the 36 bytes of a UUID, wherever they stand.
//   value     a whole value of metadata.
//
// Threads: all functions from any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logboom::store {

inline constexpr std::size_t kLongRun = 16, kPiece = 6, kWindow = 11;
inline constexpr std::size_t kMinPart = 5;   // bytes of a word inside a run with digits
inline constexpr std::size_t kMaxWord = 64;  // bytes; longer ones are long runs, and not listed

// Receives what lines have; a set per block.
class FeatureSet {
 public:
  FeatureSet();
  // All features of a line; of one that is a part of a longer line there may be wrong ones.
  void add_line(std::string_view line);
  void add_value(std::string_view value);

  [[nodiscard]] std::size_t size() const { return used_; }
  // The distinct hashes, in no order.
  [[nodiscard]] std::vector<std::uint64_t> hashes() const;
  // The distinct words, sorted, each followed by a line feed.
  [[nodiscard]] std::string words() const;

 private:
  friend class LineFeatures;
  bool insert(std::uint64_t hash);
  void add_word(std::string_view word, std::uint64_t hash);
  void grow();

  std::vector<std::uint64_t> slots_;  // open hash set; 0 is an empty slot
  std::size_t used_ = 0;
  std::string text_;                                            // of the words
  std::vector<std::pair<std::uint32_t, std::uint32_t>> words_;  // (begin, size) in text_
};

// What every line that contains a text has.
struct Needs {
  // Of words that may go on: one of the listed words that contain `text`, at their begin unless
  // open_left, at their end unless open_right (or kLongWord).
  struct Word {
    std::string text;
    bool open_left = false, open_right = false;
    [[nodiscard]] bool in(std::string_view listed) const;
  };
  std::vector<std::uint64_t> all;
  std::vector<Word> words;
  [[nodiscard]] bool empty() const { return all.empty() && words.empty(); }
};
[[nodiscard]] Needs needs_of(std::string_view text);

[[nodiscard]] std::uint64_t hash_of_word(std::string_view word);
[[nodiscard]] std::uint64_t hash_of_value(std::string_view value);
// A line has a word of more than kMaxWord bytes.
inline constexpr std::uint64_t kLongWord = 1;

}  // namespace logboom::store
