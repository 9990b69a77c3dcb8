// Reads the columns of a frame of coded lines. Their headers alone say where in each stream a
// column lies, so that a search reads no stream, and no column, that it does not need.
//
// Errors:  false: the bytes are wrong. Nothing outside the streams is read, whatever they hold.
// Owns:    nothing; values point into the streams and into the room given.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "store/bytes.h"
#include "store/followers.h"
#include "store/templates.h"
#include "store/templates_format.h"

namespace logboom::store {

// All that a column's header says. There are thousands in a frame: kept small.
struct Column {
  ColumnKind kind = ColumnKind::constant;
  bool repeated = false, follows = false;
  bool first = false;           // of its template
  std::uint8_t digits = 0;      // of numbers; 0: as many as each needs
  std::uint8_t width = 0;       // bytes of each number; of each word's number
  std::uint8_t size_width = 0;  // bytes of each word's length
  std::uint32_t values = 0;     // one for each line of the template
  std::uint32_t words = 0;      // new ones
  std::uint32_t size = 0;       // bytes of the constant; of each word; of all that are `texts`
  std::uint32_t prefix = 0, suffix = 0;  // bytes, of numbers
  std::uint64_t least = 0;
  std::uint32_t numbers = 0, choices = 0, texts = 0;  // where it begins in these streams

  [[nodiscard]] bool numeric() const {
    return kind == ColumnKind::number || kind == ColumnKind::delta;
  }
  // Where in the choices the lengths of its words begin.
  [[nodiscard]] std::size_t sizes() const {
    return choices + (repeated ? std::size_t{width} * values : 0);
  }
};

class Columns {
 public:
  void begin(std::size_t columns);
  // Reads the header of the next column of a template with so many lines.
  bool add(ByteReader& headers, std::uint32_t lines, bool first_of_template);
  [[nodiscard]] const std::vector<Column>& all() const { return columns_; }
  // What the columns take of a stream.
  [[nodiscard]] std::size_t bytes(Stream stream) const;
  // The room that values take which do not stand in the streams as they are.
  [[nodiscard]] std::size_t made_bytes() const { return made_; }

 private:
  void add_numeric(ByteReader& headers, unsigned flags, Column& column);
  bool add_words(ByteReader& headers, unsigned flags, Column& column);

  std::vector<Column> columns_;
  std::uint64_t numbers_ = 0, choices_ = 0, texts_ = 0, made_ = 0;  // bytes so far
};

inline constexpr std::size_t kNumberRoom = 20;  // bytes that the digits of a number may take

// The numbers of a column, from its planes. `numbers` has room for its values.
void read_numbers(const Column& column, std::string_view stream, std::span<std::uint64_t> numbers);
// Puts a number's digits to `to`; returns their end.
char* put_digits(const Column& column, std::uint64_t number, char* to);
// Puts `size` hexadecimal digits to `to`, which has room for one more. Returns the bytes read.
std::size_t put_hex(const char* from, std::size_t size, char* to);
// What is stored at `number` of so many numbers that begin at `from`, plane by plane.
inline std::uint64_t number_at(const char* from, std::size_t width, std::size_t numbers,
                               std::size_t number) {
  std::uint64_t value = 0;
  for (std::size_t plane = 0; plane < width; ++plane)
    value |= std::uint64_t{static_cast<std::uint8_t>(from[plane * numbers + number])}
             << (8 * plane);
  return value;
}

// Reads the values of columns, all of a frame and in their order.
class ColumnReader {
 public:
  // Streams as long as the columns say; made_bytes() of room.
  ColumnReader(const StreamViews& streams, std::span<char> room) : streams_(streams), room_(room) {}
  // One value per element of `out`, which are `stride` apart.
  bool read(const Column& column, std::string_view* out, std::size_t stride);

 private:
  [[nodiscard]] const char* data(Stream which) const {
    return streams_[static_cast<std::size_t>(which)].data();
  }
  void read_numeric(const Column& column, std::string_view* out, std::size_t stride);
  bool read_new_words(const Column& column);
  bool read_choices(const Column& column, std::size_t known);

  const StreamViews& streams_;
  std::span<char> room_;
  std::vector<std::uint64_t> numbers_;
  std::vector<std::string_view> words_;       // of the frame so far
  std::vector<std::uint32_t> column_, lead_;  // words of this column, of the template's first
  Followers followers_;
};

}  // namespace logboom::store
