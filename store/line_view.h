// Rows as readers see them.
#pragma once

#include <vector>

#include "store/block.h"
#include "store/directory.h"
#include "store/store.h"

namespace logboom::store {

// `metadata`: the attributes of each set of the lines.
inline LineView line_of(const Lines& lines, const Lines::Row& row,
                        const std::vector<std::vector<Attribute>>& metadata) {
  return {.time_ns = row.time_ns,
          .place = {lines.partition, row.offset},
          .index = row.index,
          .position = row.position,
          .level = row.level,
          .stream = &lines.streams[row.stream],
          .body = row.body,
          .metadata = metadata[row.set]};
}

inline std::vector<std::vector<Attribute>> metadata_of(const Lines& lines) {
  std::vector<std::vector<Attribute>> metadata;
  metadata.reserve(lines.sets.size());
  for (const auto set : lines.sets) metadata.push_back(attributes_of(set));
  return metadata;
}

inline bool overlaps(const Piece& piece, std::int64_t start, std::int64_t end) {
  return piece.max_time >= start && piece.min_time < end;
}

}  // namespace logboom::store
