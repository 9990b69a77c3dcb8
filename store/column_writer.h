// Writes the columns of a frame of coded lines: the values of one variable of one template.
//
// Values that are no numbers are words. A frame has one list of words, each once, in the order in
// which its columns bring them; a column with words that are not new tells which each value is.
// So an id that goes through many lines, columns and templates is stored once.
//
// Threads: a ColumnWriter is for one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "store/followers.h"
#include "store/templates.h"
#include "store/templates_format.h"

namespace logboom::store {

class ColumnWriter {
 public:
  // Begins a frame; its values and `out` live until its last column is written.
  void begin(Streams& out);
  void begin_template() { lead_.clear(); }
  // At least one value.
  void write(std::span<const std::string_view> values);

 private:
  struct Word {
    std::uint64_t hash = 0;
    std::string_view text;
  };
  std::string& stream(Stream which) { return (*out_)[static_cast<std::size_t>(which)]; }
  void put_kind(ColumnKind kind, unsigned flags = 0);
  void put_number(std::uint64_t number);
  void put_planes(Stream which, std::size_t width);
  std::size_t put_width();

  std::optional<std::size_t> read_numbers(std::span<const std::string_view> values);
  void write_numbers(std::size_t digits);
  void write_words(std::span<const std::string_view> values);
  bool tell_words(std::size_t known);
  void write_new_words(std::span<const Word> words, unsigned flags);
  std::uint32_t number_of(std::string_view word);
  void grow();

  Streams* out_ = nullptr;
  std::string_view prefix_, suffix_;
  std::vector<std::uint64_t> numbers_, others_;  // of the column at work
  // The words of the frame so far; found by hash, in open addressing: its number plus 1, or 0.
  std::vector<Word> words_;
  std::vector<std::uint32_t> table_;
  std::vector<std::uint32_t> column_, lead_;  // words of this column, of the template's first
  Followers followers_;
};

}  // namespace logboom::store
