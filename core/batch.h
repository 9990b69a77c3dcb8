// What travels from a collector to the store: consecutive lines of one tool, already redacted.
//
// Units:   times are UTC nanoseconds since 1970; positions are raw bytes of the source, before
//          redaction.
// Owns:    a Batch owns every byte its views point to (the arena); it moves, it does not copy.
// Threads: a value; one thread at a time.
//
// Position: a record's position is the offset just past its last raw byte in its source (the end of
// its last piece, where a container runtime split it). So positions rise in the order records are
// completed, also when two streams' pieces interleave, and (source, position) names a line for
// ever. A batch with a span says: these are all the records of `source` after `previous` up to
// `next`. The next batch's `previous` is this one's `next`. `next` may lie past the last record
// (bytes that make no record). A gap is a record like any other, written by the collector in words
// people can read, with the metadata `gap` = reason; so the span itself never jumps.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/labels.h"
#include "core/level.h"

namespace logboom {

// Where the bytes of views live. Addresses stay valid until the arena dies, also across moves.
class Arena {
 public:
  // Copies the text in.
  std::string_view copy(std::string_view text);
  // Keeps the buffer alive without copying it; batches decoded from one request share one.
  std::string_view adopt(std::shared_ptr<const std::string> text);
  [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }

 private:
  static constexpr std::size_t kChunk = 64 * 1024;
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t used_ = kChunk, size_bytes_ = 0;  // used_: of the last chunk
  std::vector<std::shared_ptr<const std::string>> adopted_;
};

using Attribute = std::pair<std::string_view, std::string_view>;

struct Record {
  std::int64_t time_ns = 0;
  std::uint64_t position = 0;  // see above; 0 in a batch without span
  std::uint32_t stream = 0;    // index into Batch::streams
  Level level = Level::unknown;
  std::string_view body = {};
  std::vector<Attribute> metadata = {};  // beyond the batch's columns; usually empty
};

struct SourceSpan {
  std::string source;  // unique for ever: "<collector id>/<number>", number durable before reading
  std::uint64_t previous = 0;
  std::uint64_t next = 0;
};

struct Batch {
  std::string tool;
  std::vector<Labels> streams;
  std::vector<Attribute> columns;  // of every record: pod, node, filename, run
  std::vector<Record> records;     // with a span: in order of position
  std::optional<SourceSpan> span;  // none: at-least-once
  bool redacted = false;           // by the sender, before it left the node
  Arena arena;

  // Bytes of all bodies and metadata: what limits and quotas count.
  [[nodiscard]] std::size_t size_bytes() const;
};

// Limits of what we make and accept; see the options table for those an operator may change.
inline constexpr std::size_t kMaxLine = 256 * 1024;      // longer lines are cut and marked
inline constexpr std::size_t kBatchBytes = 512 * 1024;   // a collector closes a batch here
inline constexpr std::size_t kMaxMetadata = 64 * 1024;   // bytes per record
inline constexpr std::size_t kMaxMetadataEntries = 128;  // per record

}  // namespace logboom
