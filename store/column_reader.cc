#include "store/column_reader.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace logboom::store {
namespace {

// Of a stream, and of what is made; so that no sum of a header's numbers overflows.
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 30;

// The two characters of each number below 100, of each byte in hexadecimal digits.
constexpr auto kPairs = [] {
  std::array<std::array<char, 2>, 100> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i)
    pairs[i] = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
  return pairs;
}();
constexpr auto kHexPairs = [] {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = {kDigits[i / 16], kDigits[i % 16]};
  return pairs;
}();

constexpr auto kPowersOfTen = [] {
  std::array<std::uint64_t, 20> powers{};
  std::uint64_t power = 1;
  for (auto& number : powers) power = 10 * (number = power);
  return powers;
}();
std::size_t digits_of(std::uint64_t number) {
  // 1233 / 4096 is a little more than the digits that a bit makes.
  const auto most = (static_cast<std::size_t>(std::bit_width(number | 1)) * 1233) >> 12U;
  return most + ((number | 1) >= kPowersOfTen[most] ? 1 : 0);
}

}  // namespace

void Columns::begin(std::size_t columns) {
  columns_.clear();
  columns_.reserve(columns);
  numbers_ = choices_ = texts_ = made_ = 0;
}

std::size_t Columns::bytes(Stream stream) const {
  return stream == Stream::numbers ? numbers_ : stream == Stream::choices ? choices_ : texts_;
}

bool Columns::add(ByteReader& headers, std::uint32_t lines, bool first_of_template) {
  auto& column = columns_.emplace_back();
  column.first = first_of_template;
  column.values = lines;
  column.numbers = static_cast<std::uint32_t>(numbers_);
  column.choices = static_cast<std::uint32_t>(choices_);
  column.texts = static_cast<std::uint32_t>(texts_);
  const unsigned byte = headers.byte();
  column.kind = static_cast<ColumnKind>(byte & kKindBits);
  bool known = true;
  switch (column.kind) {
    case ColumnKind::constant:
      column.size = static_cast<std::uint32_t>(headers.varint_upto(kMaxBytes));
      texts_ += column.size;
      break;
    case ColumnKind::number:
    case ColumnKind::delta:
      add_numeric(headers, byte, column);
      break;
    case ColumnKind::hex:
    case ColumnKind::text:
    case ColumnKind::texts:
      known = add_words(headers, byte, column);
      break;
    default:
      return false;
  }
  return known && headers.ok() && std::max({numbers_, choices_, texts_, made_}) <= kMaxBytes;
}

void Columns::add_numeric(ByteReader& headers, unsigned flags, Column& column) {
  if ((flags & kPrefix) != 0)
    column.prefix = static_cast<std::uint32_t>(headers.varint_upto(kMaxBytes));
  if ((flags & kSuffix) != 0)
    column.suffix = static_cast<std::uint32_t>(headers.varint_upto(kMaxBytes));
  column.digits = static_cast<std::uint8_t>(headers.varint_upto(kMaxDigits));
  column.least = headers.varint();
  column.width = static_cast<std::uint8_t>(headers.varint_upto(8));
  const auto affixes = std::uint64_t{column.prefix} + column.suffix;
  texts_ += affixes;
  numbers_ += std::uint64_t{column.width} * column.values;
  made_ += (affixes + kNumberRoom) * column.values;
}

bool Columns::add_words(ByteReader& headers, unsigned flags, Column& column) {
  column.repeated = (flags & kRepeated) != 0;
  column.follows = (flags & kFollows) != 0;
  column.words = column.values;
  if (column.repeated) {
    column.words = static_cast<std::uint32_t>(headers.varint_upto(column.values));
    column.width = static_cast<std::uint8_t>(headers.varint_upto(4));
  }
  column.size = static_cast<std::uint32_t>(headers.varint_upto(kMaxBytes));
  choices_ += std::uint64_t{column.width} * column.values;
  const auto bytes = std::uint64_t{column.size} * column.words;
  if (column.kind == ColumnKind::texts) {
    column.size_width = static_cast<std::uint8_t>(headers.varint_upto(4));
    choices_ += std::uint64_t{column.size_width} * column.words;
    texts_ += column.size;
  } else if (column.kind == ColumnKind::text) {
    texts_ += bytes;
  } else {
    numbers_ += (std::uint64_t{column.size} + 1) / 2 * column.words;
    made_ += bytes + column.words;
  }
  return column.repeated || !column.follows;
}

void read_numbers(const Column& column, std::string_view stream, std::span<std::uint64_t> numbers) {
  const char* planes = stream.data() + column.numbers;
  std::fill(numbers.begin(), numbers.end(), 0);
  for (std::size_t plane = 0; plane < column.width; ++plane)
    for (auto& number : numbers)
      number |= std::uint64_t{static_cast<std::uint8_t>(*planes++)} << (8 * plane);
  if (column.kind == ColumnKind::number) {
    for (auto& number : numbers) number += column.least;
    return;
  }
  auto last = column.least;
  for (auto& number : numbers) number = last += unzigzag(number);
}

char* put_digits(const Column& column, std::uint64_t number, char* to) {
  const std::size_t size = column.digits != 0 ? column.digits : digits_of(number);
  char* const end = to + size;
  for (char* at = end; at != to;) {
    if (at - to == 1) {
      *to = static_cast<char>('0' + number % 10);
      break;
    }
    at -= 2;
    std::memcpy(at, kPairs[number % 100].data(), 2);
    number /= 100;
  }
  return end;
}

std::size_t put_hex(const char* from, std::size_t size, char* to) {
  const auto bytes = (size + 1) / 2;
  for (std::size_t i = 0; i < bytes; ++i)
    std::memcpy(to + 2 * i, kHexPairs[static_cast<std::uint8_t>(from[i])].data(), 2);
  return bytes;
}

bool ColumnReader::read(const Column& column, std::string_view* out, std::size_t stride) {
  if (column.first) lead_.clear();
  if (column.kind == ColumnKind::constant) {
    const std::string_view text(data(Stream::texts) + column.texts, column.size);
    for (std::size_t i = 0; i < column.values; ++i) out[i * stride] = text;
    return true;
  }
  if (column.numeric()) {
    read_numeric(column, out, stride);
    return true;
  }
  const auto known = words_.size();
  if (!read_new_words(column) || !read_choices(column, known)) return false;
  for (std::size_t i = 0; i < column.values; ++i) out[i * stride] = words_[column_[i]];
  if (lead_.empty()) lead_.swap(column_);
  return true;
}

void ColumnReader::read_numeric(const Column& column, std::string_view* out, std::size_t stride) {
  numbers_.resize(column.values);
  read_numbers(column, streams_[static_cast<std::size_t>(Stream::numbers)], numbers_);
  const char* const prefix = data(Stream::texts) + column.texts;
  const char* const suffix = prefix + column.prefix;
  char* to = room_.data();
  for (std::size_t i = 0; i < column.values; ++i) {
    char* const from = to;
    if (column.prefix > 0) to = std::copy_n(prefix, column.prefix, to);
    to = put_digits(column, numbers_[i], to);
    if (column.suffix > 0) to = std::copy_n(suffix, column.suffix, to);
    out[i * stride] = {from, static_cast<std::size_t>(to - from)};
  }
  room_ = room_.subspan(static_cast<std::size_t>(to - room_.data()));
}

bool ColumnReader::read_new_words(const Column& column) {
  const char* text = data(Stream::texts) + column.texts;
  if (column.kind == ColumnKind::text) {
    for (std::size_t i = 0; i < column.words; ++i, text += column.size)
      words_.emplace_back(text, column.size);
  } else if (column.kind == ColumnKind::hex) {
    const char* from = data(Stream::numbers) + column.numbers;
    char* to = room_.data();
    for (std::size_t i = 0; i < column.words; ++i, to += column.size) {
      from += put_hex(from, column.size, to);
      words_.emplace_back(to, column.size);
    }
    room_ = room_.subspan((std::size_t{column.size} + 1) * column.words);
  } else {
    const char* sizes = data(Stream::choices) + column.sizes();
    std::uint64_t left = column.size;
    for (std::size_t i = 0; i < column.words; ++i) {
      const auto size = number_at(sizes, column.size_width, column.words, i);
      if (size > left) return false;
      words_.emplace_back(text, size);
      text += size;
      left -= size;
    }
    return left == 0;
  }
  return true;
}

// Which words the column has, into column_. `known`: how many the frame had before it.
bool ColumnReader::read_choices(const Column& column, std::size_t known) {
  column_.resize(column.values);
  if (!column.repeated) {
    for (auto& word : column_) word = static_cast<std::uint32_t>(known++);
    return true;
  }
  if (column.follows) {
    if (lead_.size() != column.values) return false;
    followers_.begin(words_.size());
  }
  const char* from = data(Stream::choices) + column.choices;
  std::uint64_t last = known, next = known;
  for (std::size_t i = 0; i < column.values; ++i) {
    const auto from_last = unzigzag(number_at(from, column.width, column.values, i));
    last = from_last + (column.follows ? followers_.of(lead_[i], next) : last);
    if (last >= words_.size()) return false;
    if (column.follows) followers_.put(lead_[i], last);
    next = std::max(next, last + 1);
    column_[i] = static_cast<std::uint32_t>(last);
  }
  return true;
}

}  // namespace logboom::store
