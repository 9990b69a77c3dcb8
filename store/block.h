// The value that holds lines: a sealed block, or one batch in the inbox (a small block of one
// commit).
//
//   head       whose lines, where they were committed, their times, label sets, column values
//   sections   one per column of the lines, each compressed alone
//   checksum   XXH64 over everything before it
//
// Errors:  corrupt when a value is not what was written. Nothing is decoded before the checksum has
//          been verified; decoding still checks every number, so that no bytes at all can make it
//          read outside the value.
// Limits:  kMaxSection per column, kMaxLines per value.
// Owns:    Lines own what their views point to, except for those made by lines_of() (the batch
// does).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/batch.h"
#include "core/result.h"
#include "store/frames.h"
#include "store/store.h"

namespace logboom::store {

inline constexpr std::size_t kBlockBytes = 8 << 20;      // raw bytes at which a value is cut
inline constexpr std::size_t kBlockLines = 1 << 18;      // ... and lines
inline constexpr std::size_t kBlockFeatures = 24 << 10;  // ... and distinct features
inline constexpr std::size_t kMaxSection = 256 << 20;    // raw bytes of one column
inline constexpr std::uint64_t kMaxLines = 1 << 24;      // what decoding accepts
inline constexpr int kInboxLevel = 1, kBlockLevel = 3, kColdLevel = 9;  // of zstd

// The columns whose distinct values a head lists, up to kMaxValues each; beyond: many.
inline constexpr std::array<std::string_view, 4> kColumns = {"pod", "node", "filename", "run"};
inline constexpr std::size_t kMaxValues = 256;
struct Values {
  bool many = false;
  std::vector<std::string> values;  // sorted; empty when many
};

struct Head {
  std::string tool;
  std::int64_t commit_ns = 0;  // the last one's
  std::uint32_t partition = kLocalPartition;
  Cursor::Next first, last;  // the least and the greatest place of a line
  std::int64_t min_time = 0, max_time = 0;
  std::uint64_t lines = 0, raw_bytes = 0;
  std::vector<Labels> streams;
  std::array<Values, kColumns.size()> columns;
};

// Lines in memory, to be encoded or decoded.
struct Lines {
  struct Row {
    std::int64_t time_ns = 0;
    std::uint64_t offset = 0, position = 0;
    std::uint32_t index = 0;
    std::uint32_t stream = 0, set = 0;  // into streams and sets
    Level level = Level::unknown;
    std::string_view body = {};
  };
  std::string tool;
  std::uint32_t partition = kLocalPartition;
  std::int64_t commit_ns = 0;
  std::vector<Labels> streams;
  std::vector<std::string_view> sets;  // distinct metadata, each a list of (name, value) texts
  std::vector<Row> rows;
  std::uint64_t raw_bytes = 0;
  std::vector<std::shared_ptr<const std::string>> owned;
};

// Records [begin, end) of the batch; index i is the record's number in the batch, offset 0.
[[nodiscard]] Lines lines_of(const Batch& batch, std::size_t begin, std::size_t end);
// The lines of several values as one, sorted by stream, time and place. The parts keep the bytes
// alive.
[[nodiscard]] Lines merge(std::vector<Lines> parts);

struct Encoded {
  char format = 0;
  Head head;
  std::string sections;
};
// Compresses the columns. Places are stored relative to the head's first one, so the caller may
// still move all of them by setting another first and last (the inbox knows its place only at the
// commit). Flat: what is written in haste, and soon again.
[[nodiscard]] Encoded encode(const Lines& lines, int zstd_level);
// In frames, for good; the rows are sorted. `thorough`: however long it takes.
[[nodiscard]] Encoded encode_framed(const Lines& lines, int zstd_level, bool thorough);
[[nodiscard]] std::string finish(const Head& head, const Encoded& encoded);

// Which rows decode() must produce at least; it leaves out all rows when it can see early that none
// is.
struct Wanted {
  std::int64_t start = INT64_MIN, end = INT64_MAX;
  std::vector<bool> streams;  // per stream of the head; empty: all
};
[[nodiscard]] Result<Head> decode_head(std::string_view value);
[[nodiscard]] Result<Lines> decode(std::string value, const Wanted& wanted = {});

// A value's lines frame by frame, and only as much of them as is asked for.
// Threads: one at a time.
class LineReader {
 public:
  // Verifies the value, and reads times, streams and levels of all rows.
  [[nodiscard]] static Result<LineReader> open(std::string value);
  LineReader(LineReader&&) noexcept;
  LineReader& operator=(LineReader&&) noexcept;
  ~LineReader();

  [[nodiscard]] const Head& head() const;
  // Rows have a body after text() of their frame, the rest after complete().
  [[nodiscard]] const Lines& lines() const;
  [[nodiscard]] const std::vector<Frames::Frame>& frames() const;
  [[nodiscard]] Result<bool> may_contain(std::size_t frame, std::string_view run, bool any_case);
  // The frame's lines, valid until the next text().
  [[nodiscard]] Result<const FrameText*> text(std::size_t frame);
  // Bodies, places, positions, levels and metadata of the rows of the frame whose text was asked
  // for last.
  [[nodiscard]] Result<void> complete(std::size_t frame);

 private:
  struct State;
  explicit LineReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
  friend Result<Lines> decode(std::string, const Wanted&);
};

// A metadata set as attributes; the views point into the set.
[[nodiscard]] std::vector<Attribute> attributes_of(std::string_view set);

// What the directory knows of a block: the key facts of its head (no streams, no column values),
// and of its streams the keys in the family of streams.
struct DirectoryEntry {
  Head head = {};
  std::uint64_t block_bytes = 0, index_bytes = 0;  // index: filter and minutes
  std::uint64_t buckets = 0;                       // of the filter
  std::uint64_t zstd_level = 0;                    // of the block
  std::array<std::uint64_t, kLevels> levels{};     // lines of each level
  std::vector<std::uint64_t> streams = {};
};
[[nodiscard]] std::string encode_entry(const DirectoryEntry& entry);
[[nodiscard]] Result<DirectoryEntry> decode_entry(std::string_view value);
// Written by a program of format 1: the block says it all.
[[nodiscard]] bool is_older_entry(std::string_view value);
[[nodiscard]] std::string encode_labels(const Labels& labels);
[[nodiscard]] Result<Labels> decode_labels(std::string_view value);

}  // namespace logboom::store
