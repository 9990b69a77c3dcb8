#include <algorithm>
#include <cstring>

#include "store/bytes.h"
#include "store/column_reader.h"
#include "store/templates.h"
#include "store/templates_format.h"

namespace logboom::store {
namespace {

constexpr std::size_t kMaxBookSlack = 16;  // the length of the last text in a book

std::unexpected<Error> corrupt(std::string_view what) {
  return fail(Errc::corrupt, "stored lines: wrong " + std::string(what));
}

// Copies a piece, the beginning of it at once; both sides have kPadding bytes to spare.
void copy(char* to, const char* from, std::size_t size) {
  std::memcpy(to, from, 16);
  if (size <= 16) return;
  std::memcpy(to + 16, from + 16, 16);
  if (size > 32) std::memcpy(to + 32, from + 32, size - 32);
}

}  // namespace

Result<TemplateBook> TemplateBook::read(std::string_view book) {
  if (book.size() > kMaxBook + kMaxBookSlack) return corrupt("size of the templates");
  TemplateBook read;
  read.text_ = book;
  read.text_.append(kPadding, '\0');
  ByteReader reader(book);
  while (!reader.done()) {
    const auto text = reader.text();
    if (!reader.ok()) return corrupt("templates");
    read.first_.push_back(static_cast<std::uint32_t>(read.pieces_.size()));
    const auto offset = static_cast<std::size_t>(text.data() - book.data());
    for (std::size_t begin = 0; begin <= text.size();) {
      const auto end = std::min(text.find('\0', begin), text.size());
      read.pieces_.push_back(
          {static_cast<std::uint32_t>(offset + begin), static_cast<std::uint32_t>(end - begin)});
      begin = end + 1;
    }
  }
  read.first_.push_back(static_cast<std::uint32_t>(read.pieces_.size()));
  return read;
}

// Which templates the frame uses.
bool TemplateBook::read_used(ByteReader& headers, std::size_t lines, Frame& frame) const {
  const auto used = headers.varint_upto(std::min(lines, templates()));
  std::uint64_t next = 0;
  for (std::uint64_t i = 0; i < used; ++i) {
    next += headers.varint_upto(templates());
    if (!headers.ok() || next >= templates()) return false;
    Local local;
    local.number = static_cast<std::uint32_t>(next++);
    local.pieces = &pieces_[first_[local.number]];
    local.variables = first_[local.number + 1] - first_[local.number] - 1;
    frame.used.push_back(local);
  }
  return used > 0 && headers.ok();
}

// Which of them each line has.
bool TemplateBook::read_lines(std::string_view stream, std::size_t lines, Frame& frame) const {
  const auto used = frame.used.size();
  const std::size_t planes = used < 2 ? 0 : used <= 256 ? 1 : 2;
  if (stream.size() != planes * lines) return false;
  frame.lines.resize(lines);
  for (std::size_t i = 0; i < lines; ++i) {
    const auto line = number_at(stream.data(), planes, lines, i);
    if (line >= used) return false;
    frame.lines[i] = static_cast<std::uint32_t>(line);
    ++frame.used[line].lines;
  }
  for (auto& local : frame.used) {
    local.value = frame.values;
    frame.values += std::size_t{local.lines} * local.variables;
  }
  return true;
}

// Which template each line has, and what the headers say of the columns.
Result<void> TemplateBook::read_columns(const StreamReader& streams, std::size_t lines,
                                        ByteReader& headers, Frame& frame, Columns& columns) const {
  std::string_view stream;
  if (frame.used.size() > 1) {
    const auto read = streams(Stream::templates);
    if (!read) return std::unexpected(read.error());
    stream = *read;
  }
  if (!read_lines(stream, lines, frame)) return corrupt("templates of lines");
  std::size_t count = 0;
  for (const auto& local : frame.used) count += local.variables;
  columns.begin(std::min(count, headers.rest().size()));
  for (const auto& local : frame.used) {
    for (std::uint32_t variable = 0; variable < local.variables; ++variable)
      if (!columns.add(headers, local.lines, variable == 0)) return corrupt("header of a column");
  }
  if (!headers.done()) return corrupt("headers of columns");
  return {};
}

Result<void> TemplateBook::decode(const StreamReader& streams, std::size_t lines,
                                  std::size_t raw_bytes, std::string& bodies,
                                  std::vector<std::uint32_t>& lengths) const {
  thread_local std::string made;
  thread_local std::vector<std::string_view> values;
  lengths.clear();
  bodies.resize(raw_bytes + kPadding);
  if (lines == 0) return raw_bytes == 0 ? Result<void>{} : corrupt("frame");
  const auto header_bytes = streams(Stream::headers);
  if (!header_bytes) return std::unexpected(header_bytes.error());
  ByteReader headers(*header_bytes);
  Frame frame;
  Columns columns;
  if (!read_used(headers, lines, frame)) return corrupt("templates");
  if (auto read = read_columns(streams, lines, headers, frame, columns); !read) return read;
  // A value has at least one byte but for that of an empty line of template 0; the room for a
  // made one is at most kNumberRoom more than it takes of the lines.
  if (frame.values > raw_bytes + lines ||
      columns.made_bytes() > raw_bytes + kNumberRoom * frame.values)
    return corrupt("number of values");
  static constexpr std::array<char, kPadding> kNothing{};
  StreamViews views;
  views.fill({kNothing.data(), 0});
  for (const auto stream : {Stream::numbers, Stream::choices, Stream::texts}) {
    if (columns.bytes(stream) == 0) continue;
    const auto read = streams(stream);
    if (!read) return std::unexpected(read.error());
    if (read->size() != columns.bytes(stream)) return corrupt("size of the columns");
    views[static_cast<std::size_t>(stream)] = *read;
  }
  made.resize(columns.made_bytes() + kPadding);
  values.resize(frame.values);
  ColumnReader reader(views, made);
  auto column = columns.all().begin();
  for (const auto& local : frame.used)
    for (std::size_t variable = 0; variable < local.variables; ++variable)
      if (!reader.read(*column++, &values[local.value + variable], local.variables))
        return corrupt("column of values");
  if (!put_lines(frame, values, bodies, raw_bytes, lengths)) return corrupt("length of a frame");
  return {};
}

Result<void> TemplateBook::decode(const StreamViews& streams, std::size_t lines,
                                  std::size_t raw_bytes, std::string& bodies,
                                  std::vector<std::uint32_t>& lengths) const {
  const auto reader = [&](Stream stream) -> Result<std::string_view> {
    return streams[static_cast<std::size_t>(stream)];
  };
  return decode(reader, lines, raw_bytes, bodies, lengths);
}

bool TemplateBook::put_lines(Frame& frame, std::span<const std::string_view> values,
                             std::string& bodies, std::size_t raw_bytes,
                             std::vector<std::uint32_t>& lengths) const {
  char* to = bodies.data();
  const char* const end = to + raw_bytes;
  lengths.reserve(frame.lines.size());
  for (const auto line : frame.lines) {
    auto& local = frame.used[line];
    const char* const begin = to;
    const auto* piece = local.pieces;
    for (std::size_t variable = 0;; ++variable, ++piece) {
      if (piece->size > static_cast<std::size_t>(end - to)) return false;
      copy(to, text_.data() + piece->begin, piece->size);
      to += piece->size;
      if (variable == local.variables) break;
      const auto value = values[local.value++];
      if (value.size() > static_cast<std::size_t>(end - to)) return false;
      copy(to, value.data(), value.size());
      to += value.size();
    }
    lengths.push_back(static_cast<std::uint32_t>(to - begin));
  }
  return to == end;
}

}  // namespace logboom::store
