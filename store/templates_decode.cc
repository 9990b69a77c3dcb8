#include <algorithm>
#include <charconv>
#include <cstring>

#include "store/bytes.h"
#include "store/templates.h"
#include "store/templates_format.h"

namespace logboom::store {
namespace {

constexpr std::size_t kMadeSlack = 20;          // a number may take more room than it has digits
constexpr std::size_t kMaxBookSlack = 1 << 16;  // lengths of the texts in a book

std::unexpected<Error> corrupt(std::string_view what) {
  return fail(Errc::corrupt, "stored lines: wrong " + std::string(what));
}

// Copies a piece, 16 bytes at a time; both sides have kPadding bytes to spare.
void copy(char* to, const char* from, std::size_t size) {
  std::memcpy(to, from, 16);
  if (size > 16) std::memcpy(to + 16, from + 16, size - 16);
}

// Reads the columns of one frame, in the order they were written, into values that point into the
// streams or into `made`.
class ColumnReader {
 public:
  ColumnReader(const StreamViews& streams, ByteReader headers, std::span<char> made)
      : headers_(headers),
        numbers_(of(streams, Stream::numbers)),
        choices_(of(streams, Stream::choices)),
        texts_(of(streams, Stream::texts)),
        made_(made) {}

  [[nodiscard]] bool done() const {
    return headers_.ok() && numbers_.ok() && choices_.ok() && texts_.ok() && headers_.done() &&
           numbers_.done() && choices_.done() && texts_.done();
  }

  // One value per element of `out`, which are `stride` apart. False when the bytes are wrong.
  bool read(std::string_view* out, std::size_t count, std::size_t stride) {
    const unsigned header = headers_.byte();
    const auto kind = static_cast<Column>(header & 0x0fU);
    prefix_ = (header & kPrefix) != 0 ? texts_.bytes(headers_.varint()) : std::string_view();
    suffix_ = (header & kSuffix) != 0 ? texts_.bytes(headers_.varint()) : std::string_view();
    switch (kind) {
      case Column::constant: {
        const auto text = texts_.bytes(headers_.varint());
        for (std::size_t i = 0; i < count; ++i) out[i * stride] = text;
        break;
      }
      case Column::few:
        return read_few(out, count, stride);
      case Column::number:
      case Column::delta:
        return read_numbers(out, count, stride, kind == Column::delta);
      case Column::hex:
        return read_hex(out, count, stride);
      case Column::text: {
        const auto size = headers_.varint();
        for (std::size_t i = 0; i < count; ++i) out[i * stride] = texts_.bytes(size);
        break;
      }
      case Column::texts:
        for (std::size_t i = 0; i < count; ++i) out[i * stride] = texts_.bytes(choices_.varint());
        break;
      default:
        return false;
    }
    return headers_.ok() && texts_.ok() && choices_.ok();
  }

 private:
  static ByteReader of(const StreamViews& streams, Stream which) {
    return ByteReader(streams[static_cast<std::size_t>(which)]);
  }

  bool read_few(std::string_view* out, std::size_t count, std::size_t stride) {
    const auto distinct = headers_.varint_upto(kMaxFew);
    std::array<std::string_view, kMaxFew> few;
    for (std::size_t i = 0; i < distinct; ++i) few[i] = texts_.bytes(headers_.varint());
    const auto choices = choices_.bytes(count);
    if (!headers_.ok() || !texts_.ok() || !choices_.ok()) return false;
    for (std::size_t i = 0; i < count; ++i) {
      const auto choice = static_cast<std::uint8_t>(choices[i]);
      if (choice >= distinct) return false;
      out[i * stride] = few[choice];
    }
    return true;
  }

  bool read_numbers(std::string_view* out, std::size_t count, std::size_t stride, bool deltas) {
    const auto digits = headers_.varint_upto(kMaxDigits);
    const auto least = headers_.varint();
    const auto width = headers_.varint_upto(8);
    const auto planes = numbers_.bytes(width * count);
    if (!headers_.ok() || !numbers_.ok()) return false;
    const auto most = prefix_.size() + suffix_.size() + 20;
    char* to = count < (std::size_t{1} << 32) / most ? room(most * count) : nullptr;
    if (to == nullptr) return false;
    std::uint64_t last = least;
    for (std::size_t i = 0; i < count; ++i) {
      std::uint64_t stored = 0;
      for (std::size_t plane = 0; plane < width; ++plane)
        stored |= std::uint64_t{static_cast<std::uint8_t>(planes[plane * count + i])}
                  << (8 * plane);
      last = deltas ? last + ((stored >> 1) ^ (0 - (stored & 1))) : least + stored;
      char* const begin = to;
      to = std::copy(prefix_.begin(), prefix_.end(), to);
      to = digits == 0 ? std::to_chars(to, to + 20, last).ptr : put_digits(to, digits, last);
      to = std::copy(suffix_.begin(), suffix_.end(), to);
      out[i * stride] = {begin, static_cast<std::size_t>(to - begin)};
    }
    return true;
  }
  static char* put_digits(char* to, std::size_t digits, std::uint64_t number) {
    for (auto i = digits; i-- > 0; number /= 10) to[i] = static_cast<char>('0' + number % 10);
    return to + digits;
  }

  bool read_hex(std::string_view* out, std::size_t count, std::size_t stride) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    const auto size = headers_.varint_upto(numbers_.rest().size() * 2);
    const auto bytes = numbers_.bytes((size + 1) / 2 * count);
    if (!headers_.ok() || !numbers_.ok()) return false;
    char* to = room((size + 1) * count);
    if (to == nullptr) return false;
    const char* from = bytes.data();
    for (std::size_t i = 0; i < count; ++i) {
      out[i * stride] = {to, size};
      for (std::size_t digit = 0; digit < size; digit += 2) {
        const auto byte = static_cast<std::uint8_t>(*from++);
        *to++ = kDigits[byte >> 4U];
        *to++ = kDigits[byte & 15U];
      }
    }
    return true;
  }

  char* room(std::size_t bytes) {
    if (bytes > made_.size()) return nullptr;
    char* const begin = made_.data();
    made_ = made_.subspan(bytes);
    return begin;
  }

  ByteReader headers_, numbers_, choices_, texts_;
  std::span<char> made_;
  std::string_view prefix_, suffix_;
};

}  // namespace

Result<TemplateBook> TemplateBook::read(std::string_view book) {
  TemplateBook read;
  ByteReader reader(book);
  while (!reader.done()) {
    const auto text = reader.text();
    read.first_.push_back(static_cast<std::uint32_t>(read.pieces_.size()));
    for (std::size_t begin = 0;;) {
      const auto end = std::min(text.find('\0', begin), text.size());
      read.pieces_.push_back(
          {static_cast<std::uint32_t>(read.text_.size()), static_cast<std::uint32_t>(end - begin)});
      read.text_.append(text, begin, end - begin);
      if (end == text.size()) break;
      begin = end + 1;
    }
  }
  read.first_.push_back(static_cast<std::uint32_t>(read.pieces_.size()));
  if (!reader.ok() || book.size() > kMaxBook + kMaxBookSlack) return corrupt("templates");
  read.text_.append(kPadding, '\0');
  return read;
}

// Which templates the frame uses, and which each line has.
bool TemplateBook::read_templates(ByteReader& headers, std::string_view stream, std::size_t lines,
                                  Frame& frame) const {
  const auto used = headers.varint_upto(std::min(lines, templates()));
  std::int64_t last = 0;
  for (std::uint64_t i = 0; i < used && headers.ok(); ++i) {
    last += headers.signed_varint();
    if (last < 0 || last >= static_cast<std::int64_t>(templates())) return false;
    frame.used.push_back({.number = static_cast<std::uint32_t>(last)});
  }
  const std::size_t planes = used < 2 ? 0 : used <= 256 ? 1 : 2;
  if (!headers.ok() || used == 0 || stream.size() != planes * lines) return false;
  frame.lines.assign(lines, 0);
  for (std::size_t plane = 0; plane < planes; ++plane)
    for (std::size_t i = 0; i < lines; ++i)
      frame.lines[i] |= std::uint32_t{static_cast<std::uint8_t>(stream[plane * lines + i])}
                        << (8 * plane);
  for (const auto line : frame.lines) {
    if (line >= used) return false;
    ++frame.used[line].lines;
  }
  for (auto& local : frame.used) {
    local.pieces = &pieces_[first_[local.number]];
    local.variables = first_[local.number + 1] - first_[local.number] - 1;
    local.value = frame.values;
    frame.values += local.lines * local.variables;
  }
  return true;
}

Result<void> TemplateBook::decode(const StreamViews& streams, std::size_t lines,
                                  std::size_t raw_bytes, std::string& bodies,
                                  std::vector<std::uint32_t>& lengths) const {
  thread_local std::string made;
  thread_local std::vector<std::string_view> values;
  lengths.clear();
  bodies.resize(raw_bytes + kPadding);
  if (lines == 0) return raw_bytes == 0 ? Result<void>{} : corrupt("frame");
  Frame frame;
  // A value has at least one byte but for that of an empty line, and a made one at most 20 more
  // than it has in the end.
  ByteReader headers(streams[static_cast<std::size_t>(Stream::headers)]);
  const auto stream = streams[static_cast<std::size_t>(Stream::templates)];
  if (!read_templates(headers, stream, lines, frame)) return corrupt("templates of lines");
  if (frame.values > raw_bytes + lines) return corrupt("number of values");
  made.resize(raw_bytes + kMadeSlack * frame.values + kPadding);
  values.resize(frame.values);
  ColumnReader columns(streams, headers, made);
  for (const auto& local : frame.used)
    for (std::size_t variable = 0; variable < local.variables; ++variable)
      if (!columns.read(&values[local.value + variable], local.lines, local.variables))
        return corrupt("column of values");
  if (!columns.done()) return corrupt("columns of values");

  char* to = bodies.data();
  const char* const end = to + raw_bytes;
  lengths.reserve(lines);
  for (const auto line : frame.lines) {
    auto& local = frame.used[line];
    const char* const begin = to;
    const auto* piece = local.pieces;
    for (std::size_t variable = 0;; ++variable, ++piece) {
      if (piece->size > static_cast<std::size_t>(end - to)) return corrupt("length of a frame");
      copy(to, text_.data() + piece->begin, piece->size);
      to += piece->size;
      if (variable == local.variables) break;
      const auto value = values[local.value++];
      if (value.size() > static_cast<std::size_t>(end - to)) return corrupt("length of a frame");
      copy(to, value.data(), value.size());
      to += value.size();
    }
    lengths.push_back(static_cast<std::uint32_t>(to - begin));
  }
  if (to != end) return corrupt("length of a frame");
  return {};
}

}  // namespace logboom::store
