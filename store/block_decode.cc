#include <xxhash.h>

#include <algorithm>
#include <optional>

#include "store/block.h"
#include "store/block_format.h"
#include "store/bytes.h"
#include "store/compression.h"
#include "store/templates.h"

namespace logboom::store {
namespace {

constexpr std::size_t kChecksumBytes = 8;

std::unexpected<Error> corrupt(std::string_view what) {
  return fail(Errc::corrupt, "stored lines: wrong " + std::string(what));
}

// The bytes that the checksum covers, without the magic.
Result<std::string_view> verified(std::string_view value, char magic) {
  if (value.size() < 2 + kChecksumBytes || value[0] != magic) return corrupt("magic");
  const auto covered = value.substr(0, value.size() - kChecksumBytes);
  if (ByteReader(value.substr(covered.size())).u64() != XXH64(covered.data(), covered.size(), 0))
    return corrupt("checksum");
  return covered.substr(1);
}

Cursor::Next read_next(ByteReader& reader) {
  Cursor::Next next;
  next.offset = reader.varint();
  next.index = static_cast<std::uint32_t>(reader.varint_upto(UINT32_MAX));
  return next;
}

Labels read_labels(ByteReader& reader) {
  std::vector<Labels::Pair> pairs;
  const auto count = reader.varint_upto(reader.rest().size());
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const auto name = reader.text();
    pairs.emplace_back(name, reader.text());
  }
  return Labels(std::move(pairs));
}

Head read_key_facts(ByteReader& reader) {
  Head head;
  head.tool = reader.text();
  head.commit_ns = reader.signed_varint();
  head.partition = static_cast<std::uint32_t>(reader.varint_upto(UINT32_MAX));
  head.first = read_next(reader);
  head.last = read_next(reader);
  head.min_time = reader.signed_varint();
  head.max_time = reader.signed_varint();
  head.lines = reader.varint_upto(kMaxLines);
  head.raw_bytes = reader.varint();
  return head;
}

Result<Head> read_head(ByteReader& reader) {
  auto head = read_key_facts(reader);
  const auto streams = reader.varint_upto(reader.rest().size());
  for (std::uint64_t i = 0; i < streams && reader.ok(); ++i)
    head.streams.push_back(read_labels(reader));
  for (auto& column : head.columns) {
    const auto values = reader.varint_upto(kMaxValues + 1);
    column.many = values > kMaxValues;
    for (std::uint64_t i = 0; !column.many && i < values && reader.ok(); ++i)
      column.values.emplace_back(reader.text());
  }
  if (!reader.ok()) return corrupt("head");
  return head;
}

Result<std::shared_ptr<std::string>> unpack(Codec codec, std::uint64_t raw_bytes,
                                            std::string_view stored) {
  auto raw = std::make_shared<std::string>();
  if (codec == Codec::none) {
    *raw = stored;
  } else if (codec != Codec::zstd) {
    return corrupt("codec");
  } else if (!decompress_into(*raw, stored, raw_bytes, 0)) {
    return corrupt("compressed bytes");
  }
  if (raw->size() != raw_bytes) return corrupt("column size");
  return raw;
}

// The sections of a value, found but not yet unpacked.
class Sections {
 public:
  static Result<Sections> find(std::string_view bytes) {
    Sections sections;
    ByteReader reader(bytes);
    while (!reader.done()) {
      const auto section = reader.byte();
      if (section == 0 || section >= kSections) return corrupt("section");
      auto& found = sections.found_[section];
      found.codec = static_cast<Codec>(reader.byte());
      found.raw_bytes = reader.varint_upto(kMaxSection);
      found.stored = reader.text();
      if (!reader.ok()) return corrupt("section");
    }
    return sections;
  }

  [[nodiscard]] bool has(Section section) const {
    return found_[static_cast<std::size_t>(section)].raw_bytes != 0;
  }
  Result<std::shared_ptr<std::string>> get(Section section) const {
    const auto& found = found_[static_cast<std::size_t>(section)];
    return unpack(found.codec, found.raw_bytes, found.stored);
  }
  // As it lies there.
  [[nodiscard]] std::string_view stored(Section section) const {
    return found_[static_cast<std::size_t>(section)].stored;
  }

 private:
  struct Found {
    Codec codec = Codec::none;
    std::uint64_t raw_bytes = 0;
    std::string_view stored;
  };
  std::array<Found, kSections> found_;
};

std::int64_t plus(std::int64_t a, std::int64_t b) {  // wraps, as the encoder's difference does
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

// Columns that are left out when all their numbers are zero.
bool may_be_absent(Section section) {
  return section == Section::streams || section == Section::sets || section == Section::positions;
}

// Unpacks a column and reads it once per row.
template <class Read>
Result<void> each_row(const Sections& sections, Section section, Lines& lines, const Read& read) {
  if (may_be_absent(section) && !sections.has(section)) return {};
  auto bytes = sections.get(section);
  if (!bytes) return fail(std::move(bytes).error());
  ByteReader reader(**bytes);
  for (auto& row : lines.rows) read(reader, row);
  if (!reader.ok() || !reader.done()) return corrupt("column");
  return {};
}

// Numbers whose bytes of the same weight lie side by side.
std::vector<std::int64_t> read_planes(ByteReader& reader, std::size_t count) {
  const std::size_t width = reader.byte();
  const auto planes = width <= 8 ? reader.bytes(width * count) : std::string_view();
  std::vector<std::int64_t> values(count);
  if (!reader.ok() || planes.size() != width * count) {
    reader.bytes(UINT64_MAX);  // not ok from here on
    return values;
  }
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t bits = 0;
    for (std::size_t plane = 0; plane < width; ++plane)
      bits |= std::uint64_t{static_cast<std::uint8_t>(planes[plane * count + i])} << (8 * plane);
    values[i] = static_cast<std::int64_t>((bits >> 1) ^ (0 - (bits & 1)));
  }
  return values;
}

bool any_wanted(const Lines& lines, const Wanted& wanted) {
  return std::any_of(lines.rows.begin(), lines.rows.end(), [&](const Lines::Row& row) {
    return row.time_ns >= wanted.start && row.time_ns < wanted.end &&
           (row.stream >= wanted.streams.size() || wanted.streams[row.stream]);
  });
}

}  // namespace

struct LineReader::State {
  std::string value;
  bool framed = false;
  Head head;
  Sections sections;
  Lines lines;
  std::optional<Frames> frames;           // of a framed value
  std::vector<Frames::Frame> frame_list;  // a flat value is one
  FrameText text;
  bool has_columns = false, has_levels = false;
  std::vector<std::int64_t> positions;         // differences
  std::vector<std::uint64_t> first_positions;  // of each frame

  Result<void> read_head() {
    auto bytes = verified(value, kBlockMagic);
    if (!bytes) return fail(std::move(bytes).error());
    ByteReader reader(*bytes);
    const auto format = static_cast<char>(reader.byte());
    if (format != kFlatFormat && format != kFramedFormat) return corrupt("format number");
    framed = format == kFramedFormat;
    ByteReader head_reader(reader.text());
    auto decoded = logboom::store::read_head(head_reader);
    if (!decoded) return fail(std::move(decoded).error());
    head = *std::move(decoded);
    auto found = Sections::find(reader.rest());
    if (!found) return fail(std::move(found).error());
    sections = *std::move(found);
    lines.tool = head.tool;
    lines.partition = head.partition;
    lines.commit_ns = head.commit_ns;
    lines.raw_bytes = head.raw_bytes;
    lines.streams = head.streams;
    return {};
  }

  Result<void> read_frames() {
    if (!framed) {
      frame_list.push_back({0, lines.rows.size(), 0});
      return {};
    }
    auto opened = Frames::open(sections.stored(Section::frames));
    if (!opened) return fail(std::move(opened).error());
    frames.emplace(*std::move(opened));
    frame_list = frames->frames();
    const auto& last = frame_list.empty() ? Frames::Frame{} : frame_list.back();
    return last.first_row + last.lines == lines.rows.size() ? Result<void>{} : corrupt("frames");
  }

  Result<void> read_levels() {
    if (has_levels) return {};
    auto levels = sections.get(Section::levels);
    if (!levels) return fail(std::move(levels).error());
    // Every row has a byte in the column of levels: no head can make us allocate more.
    if ((*levels)->size() != head.lines) return corrupt("number of lines");
    lines.rows.resize(head.lines);
    for (std::size_t i = 0; i < lines.rows.size(); ++i) {
      lines.rows[i].level = static_cast<Level>((**levels)[i]);
      if (lines.rows[i].level > Level::critical) return corrupt("level");
    }
    has_levels = true;
    return {};
  }

  Result<void> read_times() {
    auto bytes = sections.get(Section::times);
    if (!bytes) return fail(std::move(bytes).error());
    ByteReader reader(**bytes);
    auto time = head.min_time;
    if (framed) {
      const auto unit = static_cast<std::int64_t>(reader.varint_upto(1'000'000'000));
      const auto differences = read_planes(reader, lines.rows.size());
      for (std::size_t i = 0; i < lines.rows.size(); ++i)
        lines.rows[i].time_ns = time =
            plus(time, static_cast<std::int64_t>(static_cast<std::uint64_t>(differences[i]) *
                                                 static_cast<std::uint64_t>(unit)));
    } else {
      for (auto& row : lines.rows) row.time_ns = time = plus(time, reader.signed_varint());
    }
    return reader.ok() && reader.done() ? Result<void>{} : corrupt("times");
  }

  Result<void> read_streams() {
    if (head.streams.empty()) return lines.rows.empty() ? Result<void>{} : corrupt("streams");
    return each_row(sections, Section::streams, lines, [&](ByteReader& reader, Lines::Row& row) {
      row.stream = static_cast<std::uint32_t>(reader.varint_upto(head.streams.size() - 1));
    });
  }

  Result<void> read_text(std::size_t frame) {
    if (framed) {
      auto read = frames->read(frame, text);
      if (!read) return read;
    } else {
      auto bodies = sections.get(Section::bodies);
      if (!bodies) return fail(std::move(bodies).error());
      text.bodies = std::move(**bodies);
      text.bytes = text.bodies.size();
      text.bodies.append(kPadding, '\0');
      text.lengths.clear();
      auto lengths =
          each_row(sections, Section::lengths, lines, [&](ByteReader& reader, Lines::Row&) {
            text.lengths.push_back(static_cast<std::uint32_t>(reader.varint_upto(text.bytes)));
          });
      if (!lengths) return lengths;
      frame_list.front().bytes = text.bytes;
    }
    const auto& place = frame_list[frame];
    if (text.lengths.size() != place.lines) return corrupt("lengths of lines");
    std::size_t at = 0;
    for (std::size_t i = 0; i < place.lines; ++i) {
      if (text.lengths[i] > text.bytes - at) return corrupt("lengths of lines");
      lines.rows[place.first_row + i].body = {text.bodies.data() + at, text.lengths[i]};
      at += text.lengths[i];
    }
    return at == text.bytes ? Result<void>{} : corrupt("bodies");
  }

  Result<void> read_sets() {
    auto dictionary = sections.get(Section::dictionary);
    if (!dictionary) return fail(std::move(dictionary).error());
    lines.owned.push_back(*dictionary);
    ByteReader sets(**dictionary);
    while (!sets.done()) lines.sets.push_back(sets.text());
    if (!sets.ok() || lines.sets.empty() != lines.rows.empty()) return corrupt("metadata");
    if (lines.rows.empty()) return {};
    return each_row(sections, Section::sets, lines, [&](ByteReader& reader, Lines::Row& row) {
      row.set = static_cast<std::uint32_t>(reader.varint_upto(lines.sets.size() - 1));
    });
  }

  Result<void> read_places() {
    auto bytes = sections.get(Section::places);
    if (!bytes) return fail(std::move(bytes).error());
    ByteReader reader(**bytes);
    std::vector<std::int64_t> offsets, indexes;
    if (framed) {
      offsets = read_planes(reader, lines.rows.size());
      indexes = read_planes(reader, lines.rows.size());
    } else {
      for (std::size_t i = 0; i < lines.rows.size() && reader.ok(); ++i) {
        offsets.push_back(reader.signed_varint());
        indexes.push_back(reader.signed_varint());
      }
    }
    if (!reader.ok() || !reader.done()) return corrupt("places");
    auto offset = head.first.offset;
    std::int64_t index = head.first.index;
    for (std::size_t i = 0; i < lines.rows.size(); ++i) {
      auto& row = lines.rows[i];
      row.offset = offset += static_cast<std::uint64_t>(offsets[i]);
      index = plus(index, indexes[i]);
      if (index < 0 || index > UINT32_MAX) return corrupt("places");
      row.index = static_cast<std::uint32_t>(index);
      const Cursor::Next place{row.offset, row.index};
      if (place < head.first || head.last < place) return corrupt("places");
    }
    return {};
  }

  Result<void> read_position_differences() {
    if (!sections.has(Section::positions)) return {};
    auto bytes = sections.get(Section::positions);
    if (!bytes) return fail(std::move(bytes).error());
    ByteReader reader(**bytes);
    if (framed) {
      positions = read_planes(reader, lines.rows.size());
    } else {
      for (std::size_t i = 0; i < lines.rows.size() && reader.ok(); ++i)
        positions.push_back(reader.signed_varint());
    }
    if (!reader.ok() || !reader.done()) return corrupt("positions");
    std::uint64_t first = 0;
    for (const auto& frame : frame_list)
      if (frame.lines != 0)
        first_positions.push_back(first += static_cast<std::uint64_t>(positions[frame.first_row]));
      else
        first_positions.push_back(first);
    return {};
  }

  Result<void> read_columns() {
    if (has_columns) return {};
    has_columns = true;
    auto read = read_levels();
    if (read) read = read_sets();
    if (read) read = read_places();
    if (read) read = read_position_differences();
    return read;
  }

  Result<void> complete(std::size_t frame) {
    auto read = read_columns();
    if (!read || positions.empty()) return read;
    const auto& place = frame_list[frame];
    auto position = first_positions[frame];
    for (std::size_t i = 0; i < place.lines; ++i) {
      auto& row = lines.rows[place.first_row + i];
      const auto step = static_cast<std::uint64_t>(positions[place.first_row + i]);
      if (!framed && i == 0) {
        position += row.body.size();  // a flat value's first one counts from 0 like the others
      } else if (i != 0) {
        position += row.body.size() + step;
      }
      row.position = position;
    }
    return {};
  }
};

LineReader::LineReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
LineReader::LineReader(LineReader&&) noexcept = default;
LineReader& LineReader::operator=(LineReader&&) noexcept = default;
LineReader::~LineReader() = default;

Result<LineReader> LineReader::open(std::string value) {
  auto state = std::make_unique<State>();
  state->value = std::move(value);
  auto read = state->read_head();
  if (read) read = state->read_levels();
  if (read) read = state->read_times();
  if (read) read = state->read_streams();
  if (read) read = state->read_frames();
  if (!read) return fail(std::move(read).error());
  return LineReader(std::move(state));
}

const Head& LineReader::head() const { return state_->head; }
const Lines& LineReader::lines() const { return state_->lines; }
const std::vector<Frames::Frame>& LineReader::frames() const { return state_->frame_list; }

Result<bool> LineReader::may_contain(std::size_t frame, std::string_view run, bool any_case) {
  return state_->framed ? state_->frames->may_contain(frame, run, any_case) : Result<bool>(true);
}

Result<const FrameText*> LineReader::text(std::size_t frame) {
  auto read = state_->read_text(frame);
  if (!read) return fail(std::move(read).error());
  return &state_->text;
}

Result<void> LineReader::complete(std::size_t frame) { return state_->complete(frame); }

Result<Head> decode_head(std::string_view value) {
  auto bytes = verified(value, kBlockMagic);
  if (!bytes) return fail(std::move(bytes).error());
  ByteReader reader(*bytes);
  const auto format = static_cast<char>(reader.byte());
  if (format != kFlatFormat && format != kFramedFormat) return corrupt("format number");
  ByteReader head(reader.text());
  return read_head(head);
}

Result<Lines> decode(std::string value, const Wanted& wanted) {
  auto reader = LineReader::open(std::move(value));
  if (!reader) return fail(std::move(reader).error());
  auto& state = *reader->state_;
  auto& lines = state.lines;
  if (!any_wanted(lines, wanted)) {
    lines.rows.clear();
    return std::move(lines);
  }
  for (std::size_t i = 0; i < state.frame_list.size(); ++i) {
    auto read = state.read_text(i);
    if (read) read = state.complete(i);
    if (!read) return fail(std::move(read).error());
    // Longer than a string keeps within itself: the bytes stay where they are.
    lines.owned.push_back(std::make_shared<const std::string>(std::move(state.text.bodies)));
    state.text.bodies = {};
  }
  return std::move(lines);
}

std::vector<Attribute> attributes_of(std::string_view set) {
  std::vector<Attribute> attributes;
  ByteReader reader(set);
  while (!reader.done()) {
    const auto name = reader.text();
    attributes.emplace_back(name, reader.text());
  }
  return attributes;
}

Result<Labels> decode_labels(std::string_view value) {
  ByteReader reader(value);
  auto labels = read_labels(reader);
  if (!reader.ok() || !reader.done()) return corrupt("labels");
  return labels;
}

bool is_older_entry(std::string_view value) {
  return value.size() > 2 && value[0] == kEntryMagic && value[1] < kEntryFormat;
}

Result<DirectoryEntry> decode_entry(std::string_view value) {
  auto bytes = verified(value, kEntryMagic);
  if (!bytes) return fail(std::move(bytes).error());
  ByteReader reader(*bytes);
  if (static_cast<char>(reader.byte()) != kEntryFormat) return corrupt("format number");
  DirectoryEntry entry;
  entry.block_bytes = reader.varint();
  entry.index_bytes = reader.varint();
  entry.buckets = reader.varint_upto(UINT32_MAX);
  entry.zstd_level = reader.varint_upto(UINT8_MAX);
  entry.head = read_key_facts(reader);
  for (auto& count : entry.levels) count = reader.varint();
  const auto streams = reader.varint_upto(reader.rest().size() / 8);
  for (std::uint64_t i = 0; i < streams && reader.ok(); ++i) entry.streams.push_back(reader.u64());
  if (!reader.ok() || !reader.done()) return corrupt("directory entry");
  return entry;
}

}  // namespace logboom::store
