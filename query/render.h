// Lines as Loki's JSON: the answer of query_range and the frames of tail.
//
// Without `categorize` a line's columns, structured metadata and level are folded into its stream
// (one result per distinct set), since stock clients unpack exactly two values per line. A stream's
// own label wins over metadata of the same name.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "query/execute.h"
#include "query/line.h"

namespace logboom::query {

struct Encoding {
  bool categorize = false;  // Loki's flag categorize-labels
  bool line_ids = false;    // ours, line-ids: {"id":"..."} in each value's third element
};

// "partition.offset.index" in hex: names a line for ever, the same on every replica. Opaque to
// clients.
[[nodiscard]] std::string line_id(const store::Place& place, std::uint32_t index);
[[nodiscard]] std::optional<std::pair<store::Place, std::uint32_t>> parse_line_id(
    std::string_view text);

// [{"stream":{...},"values":[[...],...]},...]: streams in order of their first line.
void append_streams(std::string& out, std::span<const Line> lines, Encoding encoding);
// ,"encodingFlags":[...] where there are any.
void append_encoding_flags(std::string& out, Encoding encoding);
// {"a":"b",...}
void append_labels(std::string& out, const Labels& labels);

[[nodiscard]] std::string query_range_json(const Answer& answer, Encoding encoding);

}  // namespace logboom::query
