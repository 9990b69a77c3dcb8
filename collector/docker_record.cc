// Docker's json-file records; the only place of this folder's sources that knows simdjson.
#include <simdjson.h>

#include "collector/cri.h"
#include "core/time.h"

namespace logboom::collector {

std::optional<Piece> parse_docker(std::string_view line, std::string& scratch) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::object record;
  if (parser.parse(line.data(), line.size()).get(record) != simdjson::SUCCESS) return std::nullopt;
  std::string_view text, time, stream;
  if (record["log"].get(text) != simdjson::SUCCESS) return std::nullopt;
  if (record["time"].get(time) != simdjson::SUCCESS) return std::nullopt;
  const auto parsed = parse_rfc3339(time);
  if (!parsed) return std::nullopt;
  Piece piece;
  piece.time_ns = *parsed;
  if (record["stream"].get(stream) == simdjson::SUCCESS && stream == "stderr") {
    piece.stream = kStderr;
  }
  piece.partial = !text.ends_with('\n');
  if (!piece.partial) text.remove_suffix(1);
  scratch.assign(text);
  piece.text = scratch;
  return piece;
}

}  // namespace logboom::collector
