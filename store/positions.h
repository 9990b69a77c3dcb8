// How far each source has come, and which of a batch's records are new.
//
// A source's records up to `next` are stored, except for those in its holes: ranges that were
// jumped over by batches read from Kafka, and that a late batch may still fill.
//
// Limits:  kMaxHoles per source; beyond it the oldest hole is forgotten (its late fill would be
// taken
//          for seen).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/batch.h"
#include "core/result.h"

namespace logboom::store {

inline constexpr std::size_t kMaxHoles = 64;
inline constexpr std::size_t kMaxSourceName = 1024;

struct Position {
  struct Hole {  // positions p with after < p <= upto are missing
    std::uint64_t after = 0, upto = 0;
    friend bool operator==(const Hole&, const Hole&) = default;
  };
  std::uint64_t next = 0;
  std::int64_t last_use_ns = 0;  // the commit that moved it last: old entries expire
  std::vector<Hole> holes;       // disjoint, ascending
  friend bool operator==(const Position&, const Position&) = default;
};

[[nodiscard]] std::string encode_position(const Position& position);
[[nodiscard]] Result<Position> decode_position(std::string_view value);

// What is new in a batch.
struct News {
  bool any = false;  // it covers something that was missing, be it without a record
  std::vector<std::pair<std::size_t, std::size_t>> records;  // ranges [begin, end) of its records
  std::size_t forgotten_holes = 0;
};
// Moves the position over the span, and says which records to keep. A span that starts past `next`
// leaves a hole; who wants a conflict instead asks before.
[[nodiscard]] News advance(Position& position, const SourceSpan& span,
                           std::span<const Record> records);

// Is the span possible, and are the records in order within it?
[[nodiscard]] Result<void> check_span(const SourceSpan& span, std::span<const Record> records);

}  // namespace logboom::store
