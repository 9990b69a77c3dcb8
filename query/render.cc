#include "query/render.h"

#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/json.h"
#include "query/plan.h"

namespace logboom::query {
namespace {

using View = std::pair<std::string_view, std::string_view>;

// The fields of a line beyond its stream: sorted, each name once, none of the stream's.
std::vector<View> extra_fields(const Line& line) {
  std::vector<View> fields(line.metadata.begin(), line.metadata.end());
  if (line.level != Level::unknown) fields.emplace_back(kLevelLabel, name(line.level));
  std::erase_if(fields, [&](const View& field) { return !line.stream->get(field.first).empty(); });
  std::ranges::sort(fields);
  const auto repeats = std::ranges::unique(fields, {}, &View::first);
  fields.erase(repeats.begin(), repeats.end());
  return fields;
}

void append_object(std::string& out, const std::vector<View>& fields) {
  out += '{';
  for (const auto& [name, value] : fields) {
    append_json_name(out, name);
    append_json_string(out, value);
  }
  out += '}';
}

void append_stream(std::string& out, const Line& line, Encoding encoding) {
  std::vector<View> fields;
  if (!encoding.categorize) fields = extra_fields(line);
  for (const auto& [name, value] : line.stream->pairs()) fields.emplace_back(name, value);
  std::ranges::sort(fields);
  append_object(out, fields);
}

void append_value(std::string& out, const Line& line, Encoding encoding) {
  out += "[\"";
  out += std::to_string(line.time_ns);
  out += "\",";
  append_json_string(out, line.body);
  if (encoding.categorize || encoding.line_ids) {
    out += ",{";
    if (encoding.categorize) {
      if (const auto fields = extra_fields(line); !fields.empty()) {
        append_json_name(out, "structuredMetadata");
        append_object(out, fields);
      }
    }
    if (encoding.line_ids) {
      append_json_name(out, "id");
      append_json_string(out, line_id(line.place, line.index));
    }
    out += '}';
  }
  out += ']';
}

bool same_stream(const Line& a, const Line& b, Encoding encoding) {
  if (a.stream != b.stream) return false;
  return encoding.categorize || (a.level == b.level && a.metadata == b.metadata);
}

void append_number(std::string& out, std::string_view name, double value) {
  char digits[64];
  const auto end =
      std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed, 6).ptr;
  append_json_name(out, name);
  out.append(digits, end);
}

void append_number(std::string& out, std::string_view name, std::uint64_t value) {
  append_json_name(out, name);
  out += std::to_string(value);
}

void append_stats(std::string& out, const Answer& answer) {
  const double seconds = std::max(1e-9, std::chrono::duration<double>(answer.took).count());
  const auto per_second = [&](std::uint64_t count) {
    return static_cast<std::uint64_t>(static_cast<double>(count) / seconds);
  };
  const auto& scanned = answer.scanned;
  out += ",\"stats\":{\"summary\":{";
  append_number(out, "bytesProcessedPerSecond", per_second(scanned.bytes));
  append_number(out, "linesProcessedPerSecond", per_second(scanned.lines));
  append_number(out, "totalBytesProcessed", scanned.bytes);
  append_number(out, "totalLinesProcessed", scanned.lines);
  append_number(out, "totalEntriesReturned", std::uint64_t{answer.lines.size()});
  append_number(out, "execTime", seconds);
  append_number(out, "queueTime", 0.0);
  out += "},\"querier\":{\"store\":{";
  append_number(out, "totalChunksRef", scanned.pieces + scanned.pieces_skipped);
  append_number(out, "totalChunksDownloaded", scanned.pieces);
  append_number(out, "framesUnpacked", scanned.frames);
  append_number(out, "indexReads", scanned.index_reads);
  out += "}},\"ingester\":{\"store\":{}}}";
}

}  // namespace

std::string line_id(const store::Place& place, std::uint32_t index) {
  char text[8 + 16 + 8 + 3];
  const int size = std::snprintf(text, sizeof text, "%" PRIx32 ".%" PRIx64 ".%" PRIx32,
                                 place.partition, place.offset, index);
  return {text, static_cast<std::size_t>(size)};
}

std::optional<std::pair<store::Place, std::uint32_t>> parse_line_id(std::string_view text) {
  std::pair<store::Place, std::uint32_t> id;
  const auto take = [&text](auto& number, bool last) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number, 16);
    if (error != std::errc() || (last ? stop != end : stop == end || *stop != '.')) return false;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()) + (last ? 0 : 1));
    return true;
  };
  const bool whole =
      take(id.first.partition, false) && take(id.first.offset, false) && take(id.second, true);
  return whole ? std::optional(id) : std::nullopt;
}

void append_streams(std::string& out, std::span<const Line> lines, Encoding encoding) {
  struct Group {
    std::string stream;
    std::vector<const Line*> lines;
  };
  std::vector<Group> groups;
  std::unordered_map<std::string, std::size_t> by_stream;
  std::size_t group = 0;
  const Line* last = nullptr;
  for (const Line& line : lines) {
    if (last == nullptr || !same_stream(*last, line, encoding)) {
      std::string stream;
      append_stream(stream, line, encoding);
      const auto [at, is_new] = by_stream.try_emplace(stream, groups.size());
      if (is_new) groups.push_back({std::move(stream), {}});
      group = at->second;
    }
    groups[group].lines.push_back(&line);
    last = &line;
  }
  out += '[';
  for (const auto& [stream, members] : groups) {
    append_json_comma(out);
    out += "{\"stream\":";
    out += stream;
    out += ",\"values\":[";
    for (const Line* line : members) {
      append_json_comma(out);
      append_value(out, *line, encoding);
    }
    out += "]}";
  }
  out += ']';
}

void append_encoding_flags(std::string& out, Encoding encoding) {
  if (!encoding.categorize && !encoding.line_ids) return;
  append_json_name(out, "encodingFlags");
  out += encoding.categorize && encoding.line_ids ? R"(["categorize-labels","line-ids"])"
         : encoding.categorize                    ? R"(["categorize-labels"])"
                                                  : R"(["line-ids"])";
}

void append_labels(std::string& out, const Labels& labels) {
  out += '{';
  for (const auto& [name, value] : labels.pairs()) {
    append_json_name(out, name);
    append_json_string(out, value);
  }
  out += '}';
}

std::string query_range_json(const Answer& answer, Encoding encoding) {
  std::string out = R"({"status":"success")";
  if (answer.scanned.quarantined > 0) {
    append_json_name(out, "warnings");
    out += '[';
    append_json_string(out, std::to_string(answer.scanned.quarantined) +
                                " blocks failed their checksum and are left out");
    out += ']';
  }
  out += R"(,"data":{"resultType":"streams")";
  append_encoding_flags(out, encoding);
  append_json_name(out, "result");
  append_streams(out, answer.lines, encoding);
  append_stats(out, answer);
  return out + "}}";
}

}  // namespace logboom::query
