#include <xxhash.h>
#include <zstd.h>

#include <algorithm>

#include "store/block.h"
#include "store/block_format.h"
#include "store/bytes.h"

namespace logboom::store {
namespace {

constexpr std::size_t kChecksumBytes = 8;

std::unexpected<Error> corrupt(std::string_view what) {
  return fail(Errc::corrupt, "stored lines: wrong " + std::string(what));
}

// The bytes that the checksum covers, without the two first ones.
Result<std::string_view> verified(std::string_view value, char magic) {
  if (value.size() < 2 + kChecksumBytes || value[0] != magic) return corrupt("magic");
  const auto covered = value.substr(0, value.size() - kChecksumBytes);
  if (ByteReader(value.substr(covered.size())).u64() != XXH64(covered.data(), covered.size(), 0))
    return corrupt("checksum");
  if (value[1] != kBlockFormat) return corrupt("format number");
  return covered.substr(2);
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

Result<Head> read_head(ByteReader& reader) {
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

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

Result<std::shared_ptr<const std::string>> unpack(Codec codec, std::uint64_t raw_bytes,
                                                  std::string_view stored) {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  auto raw = std::make_shared<std::string>();
  if (codec == Codec::none) {
    *raw = stored;
  } else if (codec == Codec::zstd) {
    raw->resize(raw_bytes);
    const auto size =
        ZSTD_decompressDCtx(context.get(), raw->data(), raw->size(), stored.data(), stored.size());
    if (ZSTD_isError(size) != 0 || size != raw_bytes) return corrupt("compressed bytes");
  } else {
    return corrupt("codec");
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
  Result<std::shared_ptr<const std::string>> get(Section section) const {
    const auto& found = found_[static_cast<std::size_t>(section)];
    return unpack(found.codec, found.raw_bytes, found.stored);
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

Result<void> read_times_and_streams(const Sections& sections, const Head& head, Lines& lines) {
  auto time = head.min_time;
  auto times = each_row(sections, Section::times, lines, [&](ByteReader& reader, Lines::Row& row) {
    row.time_ns = time = plus(time, reader.signed_varint());
  });
  if (!times) return times;
  if (head.streams.empty()) return lines.rows.empty() ? Result<void>{} : corrupt("streams");
  return each_row(sections, Section::streams, lines, [&](ByteReader& reader, Lines::Row& row) {
    row.stream = static_cast<std::uint32_t>(reader.varint_upto(head.streams.size() - 1));
  });
}

Result<void> read_bodies(const Sections& sections, Lines& lines) {
  auto bodies = sections.get(Section::bodies);
  if (!bodies) return fail(std::move(bodies).error());
  lines.owned.push_back(*bodies);
  ByteReader body(**bodies);
  auto lengths = each_row(
      sections, Section::lengths, lines,
      [&](ByteReader& reader, Lines::Row& row) { row.body = body.bytes(reader.varint()); });
  if (lengths && (!body.ok() || !body.done())) return corrupt("bodies");
  return lengths;
}

Result<void> read_sets(const Sections& sections, Lines& lines) {
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

Result<void> read_places(const Sections& sections, const Head& head, Lines& lines) {
  auto offset = head.first.offset;
  std::int64_t index = head.first.index;
  bool in_range = true;
  auto places =
      each_row(sections, Section::places, lines, [&](ByteReader& reader, Lines::Row& row) {
        row.offset = offset += static_cast<std::uint64_t>(reader.signed_varint());
        index = plus(index, reader.signed_varint());
        in_range = in_range && index >= 0 && index <= UINT32_MAX;
        row.index = static_cast<std::uint32_t>(index);
        const Cursor::Next place{row.offset, row.index};
        in_range = in_range && head.first <= place && place <= head.last;
      });
  if (places && !in_range) return corrupt("places");
  return places;
}

Result<void> read_positions(const Sections& sections, Lines& lines) {
  std::uint64_t position = 0;
  return each_row(sections, Section::positions, lines, [&](ByteReader& reader, Lines::Row& row) {
    position += row.body.size() + static_cast<std::uint64_t>(reader.signed_varint());
    row.position = position;
  });
}

Result<void> read_levels(const Sections& sections, Lines& lines) {
  bool known = true;
  auto levels =
      each_row(sections, Section::levels, lines, [&](ByteReader& reader, Lines::Row& row) {
        row.level = static_cast<Level>(reader.byte());
        known = known && row.level <= Level::critical;
      });
  if (levels && !known) return corrupt("level");
  return levels;
}

Result<void> read_columns(const Sections& sections, const Head& head, Lines& lines) {
  auto read = read_bodies(sections, lines);
  if (read) read = read_sets(sections, lines);
  if (read) read = read_places(sections, head, lines);
  if (read) read = read_positions(sections, lines);
  if (read) read = read_levels(sections, lines);
  return read;
}

bool any_wanted(const Lines& lines, const Wanted& wanted) {
  return std::any_of(lines.rows.begin(), lines.rows.end(), [&](const Lines::Row& row) {
    return row.time_ns >= wanted.start && row.time_ns < wanted.end &&
           (row.stream >= wanted.streams.size() || wanted.streams[row.stream]);
  });
}

}  // namespace

Result<Head> decode_head(std::string_view value) {
  auto bytes = verified(value, kBlockMagic);
  if (!bytes) return fail(std::move(bytes).error());
  ByteReader reader(ByteReader(*bytes).text());
  return read_head(reader);
}

Result<Lines> decode(std::string_view value, const Wanted& wanted) {
  auto bytes = verified(value, kBlockMagic);
  if (!bytes) return fail(std::move(bytes).error());
  ByteReader reader(*bytes);
  ByteReader head_reader(reader.text());
  auto head = read_head(head_reader);
  if (!head) return fail(std::move(head).error());
  auto sections = Sections::find(reader.rest());
  if (!sections) return fail(std::move(sections).error());

  Lines lines;
  lines.tool = head->tool;
  lines.partition = head->partition;
  lines.commit_ns = head->commit_ns;
  lines.raw_bytes = head->raw_bytes;
  // Every row has at least one byte in the column of levels: no head can make us allocate more.
  auto levels = sections->get(Section::levels);
  if (!levels) return fail(std::move(levels).error());
  if ((*levels)->size() != head->lines) return corrupt("number of lines");
  lines.rows.resize(head->lines);
  auto read = read_times_and_streams(*sections, *head, lines);
  if (!read) return fail(std::move(read).error());
  if (!any_wanted(lines, wanted)) {
    lines.rows.clear();
    return lines;
  }
  read = read_columns(*sections, *head, lines);
  if (!read) return fail(std::move(read).error());
  lines.streams = std::move(head->streams);
  return lines;
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

Result<DirectoryEntry> decode_entry(std::string_view value) {
  auto bytes = verified(value, kEntryMagic);
  if (!bytes) return fail(std::move(bytes).error());
  ByteReader reader(*bytes);
  DirectoryEntry entry;
  entry.block_bytes = reader.varint();
  entry.filter_bytes = reader.varint();
  auto head = read_head(reader);
  if (!head) return fail(std::move(head).error());
  if (!reader.done()) return corrupt("directory entry");
  entry.head = *std::move(head);
  return entry;
}

}  // namespace logboom::store
