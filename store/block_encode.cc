#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <unordered_map>

#include "store/block.h"
#include "store/block_format.h"
#include "store/bytes.h"
#include "store/compression.h"
#include "store/frames.h"

namespace logboom::store {
namespace {

void put_section(std::string& out, Section section, std::string_view raw, int level) {
  if (raw.empty()) return;
  out.push_back(static_cast<char>(section));
  std::string packed;
  if (raw.size() >= kLeastCompressed) packed = compress(raw, level);
  const bool smaller = !packed.empty() && packed.size() < raw.size();
  out.push_back(static_cast<char>(smaller ? Codec::zstd : Codec::none));
  put_varint(out, raw.size());
  put_text(out, smaller ? std::string_view(packed) : raw);
}

std::int64_t difference(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::int64_t>(a - b);
}
std::int64_t difference(std::int64_t a, std::int64_t b) {
  return difference(static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b));
}

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

// Numbers with a byte each of the same weight side by side: like bytes compress together.
void put_planes(std::string& out, const std::vector<std::int64_t>& values) {
  std::uint64_t all = 0;
  for (const auto value : values) all |= zigzag(value);
  const auto width = (static_cast<std::size_t>(std::bit_width(all)) + 7) / 8;
  out.push_back(static_cast<char>(width));
  for (std::size_t plane = 0; plane < width; ++plane)
    for (const auto value : values) out.push_back(static_cast<char>(zigzag(value) >> (8 * plane)));
}

void put_signed_all(std::string& out, const std::vector<std::int64_t>& values) {
  for (const auto value : values) put_signed(out, value);
}

// The columns that flat and framed values share; the differences are put by each in its way.
struct Columns {
  std::vector<std::int64_t> times, offsets, indexes, positions;
  std::string streams, levels, sets, dictionary;
};

// `cuts`: the first row of each frame; none: the value is flat. A frame's first position counts
// from the one of the frame before, so that a frame's positions need no other frame's lengths.
Columns columns_of(const Lines& lines, const Head& head, std::span<const std::size_t> cuts) {
  Columns columns;
  Lines::Row last{.time_ns = head.min_time, .offset = head.first.offset, .index = head.first.index};
  std::uint64_t before = 0;
  std::size_t frame = 0;
  for (std::size_t i = 0; i < lines.rows.size(); ++i) {
    const auto& row = lines.rows[i];
    columns.times.push_back(difference(row.time_ns, last.time_ns));
    columns.offsets.push_back(difference(row.offset, last.offset));
    columns.indexes.push_back(std::int64_t{row.index} - std::int64_t{last.index});
    put_varint(columns.streams, row.stream);
    columns.levels.push_back(static_cast<char>(row.level));
    put_varint(columns.sets, row.set);
    if (frame + 1 < cuts.size() && i == cuts[frame]) {
      ++frame;
      columns.positions.push_back(difference(row.position, before));
      before = row.position;
    } else {
      // Less the line's length, what is left of the distance is what the source adds to each line:
      // mostly the same small number.
      columns.positions.push_back(
          difference(row.position, last.position + std::uint64_t{row.body.size()}));
    }
    last = row;
  }
  for (const auto set : lines.sets) put_text(columns.dictionary, set);
  return columns;
}

// Those of differences as bytes.
struct Packed {
  std::string times, places, positions;
};

bool no_positions(const Lines& lines) {
  return std::all_of(lines.rows.begin(), lines.rows.end(),
                     [](const Lines::Row& row) { return row.position == 0; });
}

// Times are often whole micro- or milliseconds.
std::int64_t unit_of(const std::vector<std::int64_t>& times) {
  for (const std::int64_t unit : {1'000'000'000, 1'000'000, 1'000})
    if (std::all_of(times.begin(), times.end(),
                    [unit](std::int64_t time) { return time % unit == 0; }))
      return unit;
  return 1;
}

void collect_values(const Lines& lines, Head& head) {
  std::array<std::set<std::string_view>, kColumns.size()> found;
  for (const auto set : lines.sets) {
    for (const auto& [name, value] : attributes_of(set)) {
      const auto column = std::find(kColumns.begin(), kColumns.end(), name);
      if (column == kColumns.end() || value.empty()) continue;
      auto& values = found[static_cast<std::size_t>(column - kColumns.begin())];
      if (values.size() <= kMaxValues) values.insert(value);
    }
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    head.columns[i].many = found[i].size() > kMaxValues;
    if (!head.columns[i].many) head.columns[i].values.assign(found[i].begin(), found[i].end());
  }
}

void put_next(std::string& out, const Cursor::Next& next) {
  put_varint(out, next.offset);
  put_varint(out, next.index);
}

void put_labels(std::string& out, const Labels& labels) {
  put_varint(out, labels.pairs().size());
  for (const auto& [name, value] : labels.pairs()) {
    put_text(out, name);
    put_text(out, value);
  }
}

void put_key_facts(std::string& out, const Head& head) {
  put_text(out, head.tool);
  put_signed(out, head.commit_ns);
  put_varint(out, head.partition);
  put_next(out, head.first);
  put_next(out, head.last);
  put_signed(out, head.min_time);
  put_signed(out, head.max_time);
  put_varint(out, head.lines);
  put_varint(out, head.raw_bytes);
}

void put_head(std::string& out, const Head& head) {
  put_key_facts(out, head);
  put_varint(out, head.streams.size());
  for (const auto& labels : head.streams) put_labels(out, labels);
  for (const auto& column : head.columns) {
    put_varint(out, column.many ? kMaxValues + 1 : column.values.size());
    for (const auto& value : column.values) put_text(out, value);
  }
}

void put_checksum(std::string& out) { put_u64(out, XXH64(out.data(), out.size(), 0)); }

void put_attribute(std::string& set, const Attribute& attribute) {
  put_text(set, attribute.first);
  put_text(set, attribute.second);
}

// The columns that every record of the batch shares, and its source.
std::string common_set(const Batch& batch) {
  std::string set;
  bool has_source = false;
  for (const auto& column : batch.columns) {
    put_attribute(set, column);
    has_source = has_source || column.first == kSourceColumn;
  }
  if (batch.span && !has_source) put_attribute(set, {kSourceColumn, batch.span->source});
  return set;
}

// Numbers distinct metadata sets in the order of their first use.
class Sets {
 public:
  explicit Sets(Lines& lines) : lines_(lines) {}

  std::uint32_t number(std::string_view set) {
    const auto known = numbers_.find(set);
    return known != numbers_.end() ? known->second : add(set);
  }
  // The same, keeping a copy of a new set.
  std::uint32_t number_copy(std::string&& set) {
    const auto known = numbers_.find(set);
    if (known != numbers_.end()) return known->second;
    lines_.owned.push_back(std::make_shared<const std::string>(std::move(set)));
    return add(*lines_.owned.back());
  }

 private:
  std::uint32_t add(std::string_view set) {
    const auto number = static_cast<std::uint32_t>(lines_.sets.size());
    lines_.sets.push_back(set);
    numbers_.emplace(set, number);
    return number;
  }

  Lines& lines_;
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
};

// The same for the records of a batch; most have no metadata beyond the batch's.
class RecordSets {
 public:
  RecordSets(Lines& lines, const Batch& batch) : common_(common_set(batch)), sets_(lines) {}

  std::uint32_t of(const Record& record) {
    if (record.metadata.empty() && plain_) return *plain_;
    auto set = common_;
    for (const auto& attribute : record.metadata) put_attribute(set, attribute);
    const auto number = sets_.number_copy(std::move(set));
    if (record.metadata.empty()) plain_ = number;
    return number;
  }

 private:
  const std::string common_;
  Sets sets_;
  std::optional<std::uint32_t> plain_;
};

}  // namespace

Lines lines_of(const Batch& batch, std::size_t begin, std::size_t end) {
  Lines lines;
  lines.tool = batch.tool;
  lines.rows.reserve(end - begin);
  RecordSets sets(lines, batch);
  std::vector<std::uint32_t> streams(batch.streams.size(), UINT32_MAX);
  for (auto i = begin; i < end; ++i) {
    const auto& record = batch.records[i];
    auto& stream = streams[record.stream];
    if (stream == UINT32_MAX) {
      stream = static_cast<std::uint32_t>(lines.streams.size());
      lines.streams.push_back(batch.streams[record.stream]);
    }
    lines.raw_bytes += record.body.size();
    for (const auto& attribute : record.metadata)
      lines.raw_bytes += attribute.first.size() + attribute.second.size();
    lines.rows.push_back({.time_ns = record.time_ns,
                          .position = record.position,
                          .index = static_cast<std::uint32_t>(i),
                          .stream = stream,
                          .set = sets.of(record),
                          .level = record.level,
                          .body = record.body});
  }
  return lines;
}

Lines merge(std::vector<Lines> parts) {
  Lines all;
  std::map<Labels, std::uint32_t> streams;
  std::size_t count = 0;
  for (const auto& part : parts) {
    count += part.rows.size();
    for (const auto& labels : part.streams) streams.emplace(labels, 0);
  }
  for (auto& [labels, number] : streams) {  // numbered in label order: rows sort by the number
    number = static_cast<std::uint32_t>(all.streams.size());
    all.streams.push_back(labels);
  }
  all.rows.reserve(count);
  Sets sets(all);
  for (auto& part : parts) {
    std::vector<std::uint32_t> stream_numbers, set_numbers;
    for (const auto& labels : part.streams) stream_numbers.push_back(streams.at(labels));
    for (const auto set : part.sets) set_numbers.push_back(sets.number(set));
    for (auto row : part.rows) {
      row.stream = stream_numbers[row.stream];
      row.set = set_numbers[row.set];
      all.rows.push_back(row);
    }
    all.tool = part.tool;
    all.partition = part.partition;
    all.commit_ns = std::max(all.commit_ns, part.commit_ns);
    all.raw_bytes += part.raw_bytes;
    std::move(part.owned.begin(), part.owned.end(), std::back_inserter(all.owned));
  }
  std::sort(all.rows.begin(), all.rows.end(), [](const Lines::Row& a, const Lines::Row& b) {
    return std::tie(a.stream, a.time_ns, a.offset, a.index) <
           std::tie(b.stream, b.time_ns, b.offset, b.index);
  });
  return all;
}

namespace {

Head head_of(const Lines& lines) {
  Head head;
  head.tool = lines.tool;
  head.commit_ns = lines.commit_ns;
  head.partition = lines.partition;
  head.lines = lines.rows.size();
  head.raw_bytes = lines.raw_bytes;
  head.streams = lines.streams;
  head.first = {UINT64_MAX, UINT32_MAX};
  head.min_time = INT64_MAX;
  head.max_time = INT64_MIN;
  for (const auto& row : lines.rows) {
    const Cursor::Next place{row.offset, row.index};
    head.first = std::min(head.first, place);
    head.last = std::max(head.last, place);
    head.min_time = std::min(head.min_time, row.time_ns);
    head.max_time = std::max(head.max_time, row.time_ns);
  }
  collect_values(lines, head);
  return head;
}

// What flat and framed values share; a column of nothing but zeros is left out.
void put_columns(std::string& out, const Lines& lines, const Columns& columns, const Packed& packed,
                 int level) {
  put_section(out, Section::times, packed.times, level);
  if (lines.streams.size() != 1) put_section(out, Section::streams, columns.streams, level);
  put_section(out, Section::levels, columns.levels, level);
  put_section(out, Section::places, packed.places, level);
  if (!no_positions(lines)) put_section(out, Section::positions, packed.positions, level);
  if (lines.sets.size() != 1) put_section(out, Section::sets, columns.sets, level);
}

}  // namespace

Encoded encode(const Lines& lines, int zstd_level) {
  Encoded encoded{.format = kFlatFormat, .head = head_of(lines), .sections = {}};
  const auto columns = columns_of(lines, encoded.head, {});
  Packed packed;
  std::string lengths, bodies;
  put_signed_all(packed.times, columns.times);
  put_signed_all(packed.positions, columns.positions);
  for (std::size_t i = 0; i < lines.rows.size(); ++i) {
    put_signed(packed.places, columns.offsets[i]);
    put_signed(packed.places, columns.indexes[i]);
    put_varint(lengths, lines.rows[i].body.size());
    bodies.append(lines.rows[i].body);
  }
  auto& out = encoded.sections;
  put_columns(out, lines, columns, packed, zstd_level);
  put_section(out, Section::lengths, lengths, zstd_level);
  put_section(out, Section::bodies, bodies, zstd_level);
  put_section(out, Section::dictionary, columns.dictionary, zstd_level);
  return encoded;
}

Encoded encode_framed(const Lines& lines, int zstd_level, bool thorough) {
  Encoded encoded{.format = kFramedFormat, .head = head_of(lines), .sections = {}};
  std::vector<std::string_view> bodies;
  bodies.reserve(lines.rows.size());
  for (const auto& row : lines.rows) bodies.push_back(row.body);
  const auto cuts = cut_frames(bodies);
  auto columns = columns_of(lines, encoded.head, cuts);
  Packed packed;
  const auto unit = unit_of(columns.times);
  for (auto& time : columns.times) time /= unit;
  put_varint(packed.times, static_cast<std::uint64_t>(unit));
  put_planes(packed.times, columns.times);
  put_planes(packed.places, columns.offsets);
  put_planes(packed.places, columns.indexes);
  put_planes(packed.positions, columns.positions);
  auto& out = encoded.sections;
  put_columns(out, lines, columns, packed, zstd_level);
  put_section(out, Section::dictionary, columns.dictionary, zstd_level);
  const auto frames = encode_frames(bodies, cuts, zstd_level, thorough);
  out.push_back(static_cast<char>(Section::frames));
  out.push_back(static_cast<char>(Codec::none));
  put_varint(out, frames.size());
  put_text(out, frames);
  return encoded;
}

std::string finish(const Head& head, const Encoded& encoded) {
  std::string out = {kBlockMagic, encoded.format};
  out.reserve(encoded.sections.size() + 512);
  std::string packed_head;
  put_head(packed_head, head);
  put_text(out, packed_head);
  out.append(encoded.sections);
  put_checksum(out);
  return out;
}

std::string encode_labels(const Labels& labels) {
  std::string out;
  put_labels(out, labels);
  return out;
}

std::string encode_entry(const DirectoryEntry& entry) {
  std::string out = {kEntryMagic, kEntryFormat};
  put_varint(out, entry.block_bytes);
  put_varint(out, entry.index_bytes);
  put_varint(out, entry.buckets);
  put_varint(out, entry.zstd_level);
  const auto& head = entry.head;
  put_key_facts(out, head);
  for (const auto count : entry.levels) put_varint(out, count);
  put_varint(out, entry.streams.size());
  for (const auto stream : entry.streams) put_u64(out, stream);
  put_checksum(out);
  return out;
}

}  // namespace logboom::store
