#include "store/column_writer.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>

#include "store/bytes.h"

namespace logboom::store {
namespace {

constexpr std::size_t kMinHexDigits = 6;  // fewer are as short as text
// Long values of few lines are taken for ids, which come again in other columns, even if they are
// numbers.
constexpr std::size_t kIdBytes = 8, kFewLines = 20;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
unsigned nibble(char c) { return static_cast<unsigned>(is_digit(c) ? c - '0' : c - 'a' + 10); }

bool all_same(std::span<const std::string_view> values) {
  return std::all_of(values.begin() + 1, values.end(),
                     [&](std::string_view value) { return value == values.front(); });
}

}  // namespace

void ColumnWriter::begin(Streams& out) {
  out_ = &out;
  words_.clear();
  table_.assign(std::max<std::size_t>(table_.size(), 1024), 0);
}

void ColumnWriter::write(std::span<const std::string_view> values) {
  const bool ids = values.size() <= kFewLines && values.front().size() >= kIdBytes;
  if (all_same(values)) {
    put_kind(ColumnKind::constant);
    put_number(values.front().size());
    stream(Stream::texts).append(values.front());
  } else if (const auto digits = ids ? std::nullopt : read_numbers(values)) {
    write_numbers(*digits);
  } else {
    write_words(values);
  }
}

void ColumnWriter::put_kind(ColumnKind kind, unsigned flags) {
  stream(Stream::headers).push_back(static_cast<char>(static_cast<unsigned>(kind) | flags));
}
void ColumnWriter::put_number(std::uint64_t number) { put_varint(stream(Stream::headers), number); }

// The bytes that the greatest of numbers_ takes.
std::size_t ColumnWriter::put_width() {
  std::uint64_t all = 0;
  for (const auto number : numbers_) all |= number;
  const auto width = (static_cast<std::size_t>(std::bit_width(all)) + 7) / 8;
  put_number(width);
  return width;
}
// The lowest byte of each of numbers_, then the next of each.
void ColumnWriter::put_planes(Stream which, std::size_t width) {
  auto& bytes = stream(which);
  auto at = bytes.size();
  bytes.resize(at + width * numbers_.size());
  for (std::size_t plane = 0; plane < width; ++plane)
    for (const auto number : numbers_) bytes[at++] = static_cast<char>(number >> (8 * plane));
}

// The digits of the values as numbers_, what they share before and behind as affixes. Returns of
// how many digits all are, 0: of as many as they need. Nothing when a value is none, or too long.
std::optional<std::size_t> ColumnWriter::read_numbers(std::span<const std::string_view> values) {
  const auto first = values.front();
  std::size_t prefix = 0, suffix = 0;
  while (prefix < first.size() && !is_digit(first[prefix])) ++prefix;
  while (suffix < first.size() - prefix && !is_digit(first[first.size() - 1 - suffix])) ++suffix;
  prefix_ = first.substr(0, prefix);
  suffix_ = first.substr(first.size() - suffix);
  const auto affixes = prefix + suffix;
  if (first.size() == affixes) return std::nullopt;
  bool plain = true, same = true;
  numbers_.clear();
  for (const auto value : values) {
    const auto digits = value.size() - affixes;  // wraps for what is shorter: too many
    if (digits - 1 >= kMaxDigits) return std::nullopt;
    if (affixes != 0 && (!value.starts_with(prefix_) || !value.ends_with(suffix_)))
      return std::nullopt;
    std::uint64_t number = 0;
    for (const char c : value.substr(prefix, digits)) {
      const auto digit = static_cast<unsigned>(c) - '0';
      if (digit > 9) return std::nullopt;
      number = number * 10 + digit;
    }
    plain = plain && (digits == 1 || value[prefix] != '0');
    same = same && value.size() == first.size();
    if (!plain && !same) return std::nullopt;
    numbers_.push_back(number);
  }
  return plain ? 0 : first.size() - affixes;
}

void ColumnWriter::write_numbers(std::size_t digits) {
  const auto least = *std::min_element(numbers_.begin(), numbers_.end());
  std::uint64_t distance_bits = 0, difference_bits = 0, last = least;
  for (const auto number : numbers_) {
    distance_bits += static_cast<unsigned>(std::bit_width(number - least));
    difference_bits += static_cast<unsigned>(std::bit_width(zigzag(number - last)));
    last = number;
  }
  const bool deltas = difference_bits < distance_bits;
  put_kind(deltas ? ColumnKind::delta : ColumnKind::number,
           (prefix_.empty() ? 0 : kPrefix) | (suffix_.empty() ? 0 : kSuffix));
  for (const auto affix : {prefix_, suffix_}) {
    if (affix.empty()) continue;
    put_number(affix.size());
    stream(Stream::texts).append(affix);
  }
  put_number(digits);
  put_number(least);
  last = least;
  for (auto& number : numbers_) {
    const auto stored = deltas ? zigzag(number - last) : number - least;
    last = number;
    number = stored;
  }
  put_planes(Stream::numbers, put_width());
}

void ColumnWriter::write_words(std::span<const std::string_view> values) {
  const auto known = words_.size();
  column_.clear();
  for (const auto value : values) column_.push_back(number_of(value));
  const auto fresh = std::span(words_).subspan(known);
  const bool repeated = fresh.size() < values.size();
  const bool follows = repeated && tell_words(known);
  if (lead_.empty()) lead_ = column_;
  write_new_words(fresh, (repeated ? kRepeated : 0) | (follows ? kFollows : 0));
}

// The number of each word of the column, told from the one before it, into numbers_; or, when
// that is shorter and so is true returned, from the one that went with the same word of the lead
// before. `known`: how many words the frame had before this column.
bool ColumnWriter::tell_words(std::size_t known) {
  numbers_.clear();
  std::uint64_t bits = 0, last = known;
  for (const std::uint64_t word : column_) {
    numbers_.push_back(zigzag(word - last));
    bits += static_cast<unsigned>(std::bit_width(numbers_.back()));
    last = word;
  }
  if (lead_.empty()) return false;
  others_.clear();
  followers_.begin(words_.size());
  std::uint64_t other_bits = 0, next = known;
  for (std::size_t i = 0; i < column_.size(); ++i) {
    const std::uint64_t word = column_[i];
    others_.push_back(zigzag(word - followers_.of(lead_[i], next)));
    other_bits += static_cast<unsigned>(std::bit_width(others_.back()));
    followers_.put(lead_[i], word);
    next = std::max(next, word + 1);
  }
  if (other_bits >= bits) return false;
  numbers_.swap(others_);
  return true;
}

void ColumnWriter::write_new_words(std::span<const Word> words, unsigned flags) {
  const auto size = words.empty() ? 0 : words.front().text.size();
  std::uint64_t bytes = 0;
  bool same = true, hex = size >= kMinHexDigits;
  for (const auto& [hash, text] : words) {
    bytes += text.size();
    same = same && text.size() == size;
    hex = hex && same && std::all_of(text.begin(), text.end(), is_hex);
  }
  put_kind(hex ? ColumnKind::hex : same ? ColumnKind::text : ColumnKind::texts, flags);
  if ((flags & kRepeated) != 0) {
    put_number(words.size());
    put_planes(Stream::choices, put_width());
  }
  put_number(same ? size : bytes);
  if (!same) {
    numbers_.clear();
    for (const auto& word : words) numbers_.push_back(word.text.size());
    put_planes(Stream::choices, put_width());
  }
  auto& texts = stream(Stream::texts);
  auto& packed = stream(Stream::numbers);
  for (const auto& [hash, text] : words) {
    if (!hex) {
      texts.append(text);
      continue;
    }
    for (std::size_t i = 0; i < size; i += 2)
      packed.push_back(
          static_cast<char>(nibble(text[i]) << 4U | (i + 1 < size ? nibble(text[i + 1]) : 0U)));
  }
}

std::uint32_t ColumnWriter::number_of(std::string_view word) {
  const auto hash = XXH3_64bits(word.data(), word.size());
  auto slot = static_cast<std::size_t>(hash) & (table_.size() - 1);
  for (; table_[slot] != 0; slot = (slot + 1) & (table_.size() - 1)) {
    const auto& known = words_[table_[slot] - 1];
    if (known.hash == hash && known.text == word) return table_[slot] - 1;
  }
  words_.push_back({hash, word});
  table_[slot] = static_cast<std::uint32_t>(words_.size());
  if (words_.size() * 2 > table_.size()) grow();
  return static_cast<std::uint32_t>(words_.size() - 1);
}
void ColumnWriter::grow() {
  table_.assign(table_.size() * 4, 0);
  for (std::uint32_t number = 0; number < words_.size(); ++number) {
    auto slot = static_cast<std::size_t>(words_[number].hash) & (table_.size() - 1);
    while (table_[slot] != 0) slot = (slot + 1) & (table_.size() - 1);
    table_[slot] = number + 1;
  }
}

}  // namespace logboom::store
