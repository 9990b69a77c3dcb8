#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

#include "store/bytes.h"
#include "store/templates.h"
#include "store/templates_format.h"

namespace logboom::store {
namespace {

enum : std::uint8_t { kOther = 0, kLetter = 1, kDigit = 2, kZero = 4 };
constexpr std::array<std::uint8_t, 256> kKind = [] {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = kDigit;
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = kLetter;
  table[0] = kZero;
  return table;
}();
std::uint8_t kind_of(char c) { return kKind[static_cast<std::uint8_t>(c)]; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
std::uint8_t nibble(char c) {
  return static_cast<std::uint8_t>(is_digit(c) ? c - '0' : c - 'a' + 10);
}

// Writes the columns of one frame.
class ColumnWriter {
 public:
  explicit ColumnWriter(Streams& out) : out_(out) {}

  void write(std::span<const std::string_view> values) {
    const auto& first = values.front();
    if (std::all_of(values.begin() + 1, values.end(),
                    [&](std::string_view value) { return value == first; })) {
      kind(Column::constant);
      put_text_of(first);
      return;
    }
    find_affixes(values);
    const auto digits = read_numbers(values);
    const auto as_numbers = digits ? number_bits() : UINT64_MAX;
    if (write_few(values, as_numbers)) return;
    if (digits) {
      write_numbers(*digits);
    } else if (all_hex(values)) {
      write_hex(values);
    } else {
      write_texts(values);
    }
  }

 private:
  std::string& stream(Stream which) { return out_[static_cast<std::size_t>(which)]; }
  void kind(Column column, unsigned flags = 0) {
    stream(Stream::headers).push_back(static_cast<char>(static_cast<unsigned>(column) | flags));
  }
  void put_number(std::uint64_t number) { put_varint(stream(Stream::headers), number); }
  void put_text_of(std::string_view text) {
    put_number(text.size());
    stream(Stream::texts).append(text);
  }

  // What all values have before their first digit, and after their last.
  void find_affixes(std::span<const std::string_view> values) {
    const auto& first = values.front();
    std::size_t prefix = 0, suffix = 0;
    while (prefix < first.size() && !is_digit(first[prefix])) ++prefix;
    while (suffix < first.size() - prefix && !is_digit(first[first.size() - 1 - suffix])) ++suffix;
    prefix_ = first.substr(0, prefix);
    suffix_ = first.substr(first.size() - suffix);
    if (prefix + suffix == 0) return;
    const bool shared = prefix + suffix < first.size() &&
                        std::all_of(
                            values.begin() + 1, values.end(),
                            [&](std::string_view value) {
                              return value.size() > prefix + suffix && value.starts_with(prefix_) &&
                                     value.ends_with(suffix_);
                            });
    if (!shared) prefix_ = suffix_ = {};
  }
  [[nodiscard]] std::string_view core(std::string_view value) const {
    return value.substr(prefix_.size(), value.size() - prefix_.size() - suffix_.size());
  }

  // The values as numbers; 0: without leading zeros, else: all of so many digits. Nothing when
  // one is no number, or too long.
  std::optional<std::size_t> read_numbers(std::span<const std::string_view> values) {
    numbers_.clear();
    const auto size = core(values.front()).size();
    bool plain = true, same = true;
    for (const auto value : values) {
      const auto digits = core(value);
      if (digits.empty() || digits.size() > kMaxDigits) return std::nullopt;
      std::uint64_t number = 0;
      for (const char c : digits) {
        if (!is_digit(c)) return std::nullopt;
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
      }
      plain = plain && (digits.size() == 1 || digits.front() != '0');
      same = same && digits.size() == size;
      if (!plain && !same) return std::nullopt;
      numbers_.push_back(number);
    }
    return plain ? 0 : size;
  }

  // About what the numbers will take, in bits; decides between differences and distances.
  std::uint64_t number_bits() {
    least_ = *std::min_element(numbers_.begin(), numbers_.end());
    std::uint64_t distances = 0, differences = 0, last = least_;
    for (const auto number : numbers_) {
      distances += static_cast<unsigned>(std::bit_width(number - least_));
      differences += static_cast<unsigned>(std::bit_width(zigzag(number - last)));
      last = number;
    }
    deltas_ = differences < distances;
    return deltas_ ? differences : distances;
  }
  static std::uint64_t zigzag(std::uint64_t difference) {
    return (difference << 1) ^ (0 - (difference >> 63));
  }

  void write_numbers(std::size_t digits) {
    const unsigned flags = (prefix_.empty() ? 0 : kPrefix) | (suffix_.empty() ? 0 : kSuffix);
    kind(deltas_ ? Column::delta : Column::number, flags);
    put_affixes();
    put_number(digits);
    put_number(least_);
    std::uint64_t last = least_, all = 0;
    for (auto& number : numbers_) {
      const auto stored = deltas_ ? zigzag(number - last) : number - least_;
      last = number;
      number = stored;
      all |= stored;
    }
    const auto width = (static_cast<std::size_t>(std::bit_width(all)) + 7) / 8;
    put_number(width);
    auto& bytes = stream(Stream::numbers);
    auto at = bytes.size();
    bytes.resize(at + width * numbers_.size());
    for (std::size_t plane = 0; plane < width; ++plane)
      for (const auto number : numbers_) bytes[at++] = static_cast<char>(number >> (8 * plane));
  }
  void put_affixes() {
    if (!prefix_.empty()) put_text_of(prefix_);
    if (!suffix_.empty()) put_text_of(suffix_);
  }

  // Where values repeat: each once, and a byte a line. False when that is no smaller.
  bool write_few(std::span<const std::string_view> values, std::uint64_t as_numbers) {
    if (values.size() < 4) return false;
    const auto most = std::min(kMaxFew, values.size() / 2);
    slots_.assign(kSlots, 0);
    few_.clear();
    numbers_of_.clear();
    std::uint64_t bytes = 0, text_bytes = 0;
    for (const auto value : values) {
      auto slot = XXH3_64bits(value.data(), value.size()) % kSlots;
      while (slots_[slot] != 0 && few_[slots_[slot] - 1U] != value) slot = (slot + 1) % kSlots;
      if (slots_[slot] == 0) {
        if (few_.size() == most) return false;
        few_.push_back(value);
        slots_[slot] = static_cast<std::uint16_t>(few_.size());
        bytes += value.size() + 1;
      }
      text_bytes += value.size();
      numbers_of_.push_back(static_cast<char>(slots_[slot] - 1));
    }
    const auto bits = bytes * 6 + values.size() * std::bit_width(few_.size() - 1);
    if (bits >= std::min(as_numbers, text_bytes * 6)) return false;
    kind(Column::few);
    put_number(few_.size());
    for (const auto value : few_) put_text_of(value);
    stream(Stream::choices).append(numbers_of_);
    return true;
  }

  static bool all_hex(std::span<const std::string_view> values) {
    const auto size = values.front().size();
    return size >= 6 && std::all_of(values.begin(), values.end(), [&](std::string_view value) {
             return value.size() == size && std::all_of(value.begin(), value.end(), is_hex);
           });
  }
  void write_hex(std::span<const std::string_view> values) {
    kind(Column::hex);
    put_number(values.front().size());
    auto& bytes = stream(Stream::numbers);
    for (const auto value : values) {
      for (std::size_t i = 0; i < value.size(); i += 2) {
        const auto low = i + 1 < value.size() ? nibble(value[i + 1]) : 0U;
        bytes.push_back(static_cast<char>(nibble(value[i]) << 4U | low));
      }
    }
  }

  void write_texts(std::span<const std::string_view> values) {
    const auto size = values.front().size();
    const bool same = std::all_of(values.begin(), values.end(),
                                  [&](std::string_view value) { return value.size() == size; });
    kind(same ? Column::text : Column::texts);
    if (same) put_number(size);
    for (const auto value : values) {
      if (!same) put_varint(stream(Stream::choices), value.size());
      stream(Stream::texts).append(value);
    }
  }

  static constexpr std::size_t kSlots = 1024;
  Streams& out_;
  std::string_view prefix_, suffix_;
  std::vector<std::uint64_t> numbers_;
  std::uint64_t least_ = 0;
  bool deltas_ = false;
  std::vector<std::uint16_t> slots_;
  std::vector<std::string_view> few_;
  std::string numbers_of_;
};

}  // namespace

TemplateCoder::TemplateCoder() : table_(1024) {
  add({"\0", 1}, 1);  // template 0: one variable, which is the whole line
}

void TemplateCoder::add(std::string_view text, std::size_t variables) {
  put_varint(book_, text.size());
  templates_.push_back({book_.size(), text.size(), variables});
  book_.append(text);
}

// Puts the line's variables into values_; returns its template.
std::uint32_t TemplateCoder::template_of(std::string_view line) {
  const auto begin = values_.size();
  if (text_.size() < line.size()) text_.resize(line.size());
  char* out = text_.data();
  const char* at = line.data();
  const char* const end = at + line.size();
  bool fits = true;
  while (at != end) {
    const auto kind = kind_of(*at);
    if ((kind & (kLetter | kDigit)) == 0) {
      fits = fits && kind != kZero;
      *out++ = *at++;
      continue;
    }
    const char* const start = at;
    unsigned kinds = 0;
    for (; at != end; ++at) {
      const auto next = kind_of(*at);
      if ((next & (kLetter | kDigit)) == 0) break;
      kinds |= next;
    }
    const auto size = static_cast<std::size_t>(at - start);
    if ((kinds & kDigit) != 0) {
      values_.emplace_back(start, size);
      *out++ = 0;
    } else {
      std::memcpy(out, start, size);
      out += size;
    }
  }
  const auto variables = values_.size() - begin;
  std::uint32_t number = 0;
  if (fits && variables <= kMaxVariables)
    number = find({text_.data(), static_cast<std::size_t>(out - text_.data())}, variables);
  if (number == 0) {
    values_.resize(begin);
    values_.push_back(line);
  }
  return number;
}

std::uint32_t TemplateCoder::find(std::string_view text, std::size_t variables) {
  const auto hash = XXH3_64bits(text.data(), text.size());
  auto slot = static_cast<std::size_t>(hash) & (table_.size() - 1);
  for (; table_[slot].number != 0; slot = (slot + 1) & (table_.size() - 1)) {
    if (table_[slot].hash != hash) continue;
    const auto& known = templates_[table_[slot].number];
    if (std::string_view(book_).substr(known.begin, known.size) == text) return table_[slot].number;
  }
  if (templates_.size() >= kMaxTemplates || book_.size() + text.size() > kMaxBook) return 0;
  const auto number = static_cast<std::uint32_t>(templates_.size());
  add(text, variables);
  table_[slot] = {hash, number};
  if (templates_.size() * 2 > table_.size()) grow();
  return number;
}

void TemplateCoder::grow() {
  const auto old = std::exchange(table_, std::vector<Entry>(table_.size() * 4));
  for (const auto& entry : old) {
    if (entry.number == 0) continue;
    auto slot = static_cast<std::size_t>(entry.hash) & (table_.size() - 1);
    while (table_[slot].number != 0) slot = (slot + 1) & (table_.size() - 1);
    table_[slot] = entry;
  }
}

void TemplateCoder::encode(std::span<const std::string_view> lines, Streams& out) {
  for (auto& stream : out) stream.clear();
  values_.clear();
  lines_.clear();
  used_.clear();
  for (const auto line : lines) {
    const auto first = static_cast<std::uint32_t>(values_.size());
    const auto number = template_of(line);
    local_.resize(templates_.size(), UINT32_MAX);
    if (local_[number] == UINT32_MAX) {
      local_[number] = static_cast<std::uint32_t>(used_.size());
      used_.push_back({number, {}});
    }
    lines_.push_back(local_[number]);
    used_[local_[number]].first_values.push_back(first);
  }
  write_templates(out);
  ColumnWriter writer(out);
  for (const auto& [number, firsts] : used_) {
    for (std::size_t variable = 0; variable < templates_[number].variables; ++variable) {
      column_.clear();
      for (const auto first : firsts) column_.push_back(values_[first + variable]);
      writer.write(column_);
    }
    local_[number] = UINT32_MAX;
  }
}

// Which templates the frame uses, in the order of their first line; then each line's among them.
void TemplateCoder::write_templates(Streams& out) const {
  auto& headers = out[static_cast<std::size_t>(Stream::headers)];
  put_varint(headers, used_.size());
  std::int64_t last = 0;
  for (const auto& used : used_) {
    put_signed(headers, std::int64_t{used.number} - last);
    last = used.number;
  }
  if (used_.size() < 2) return;
  auto& stream = out[static_cast<std::size_t>(Stream::templates)];
  for (const auto line : lines_) stream.push_back(static_cast<char>(line));
  if (used_.size() <= 256) return;
  for (const auto line : lines_) stream.push_back(static_cast<char>(line >> 8));
}

}  // namespace logboom::store
