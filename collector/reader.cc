#include "collector/reader.h"

#include <algorithm>
#include <cstring>

#include "collector/meters.h"
#include "collector/plain_files.h"
#include "core/time.h"

namespace logboom::collector {

Reader::Seen Reader::turn(Source& source, std::optional<Shipment>& shipment) {
  if (source.offset < source.saved.head_size && !unchanged(source)) return Seen::replaced;
  const auto before = source.tail.size();
  const auto got =
      read_at(source.file.get(), buffer_.data(), before + kTurnBytes, source.offset - before);
  if (!got) {
    error_ = got.error();
    return Seen::failed;
  }
  if (*got < before) return Seen::truncated;
  // The bytes before are read again with the new ones: a file written anew since shows itself here
  // before a byte of it is taken for the old one's continuation.
  if (before > 0 && std::memcmp(buffer_.data(), source.tail.data(), before) != 0) {
    return Seen::replaced;
  }
  std::string_view bytes(buffer_.data() + before, *got - before);
  const bool at_end = bytes.size() < kTurnBytes;
  source.saved.size = std::max(at_end ? 0 : source.saved.size, source.offset + bytes.size());
  now_ns_ = now_ns();
  batcher_.start(source.origin);
  auto position = source.offset;
  while (!batcher_.full()) {
    const auto line = source.lines.next(bytes, position);
    if (!line) break;
    take(source, *line);
  }
  const bool done = at_end && !batcher_.full();
  if (done && source.flush) flush(source, bytes, position);

  const auto taken = static_cast<std::size_t>(position - source.offset);
  if (taken > 0) {
    const auto tail = std::min(kTailBytes, before + taken);
    source.tail.assign(buffer_.data() + before + taken - tail, tail);
    source.offset = position;
    meters().bytes.add(taken);
    take_head(source, source.offset);
  }
  if (!batcher_.empty()) shipment = ship(source);
  return done ? Seen::end : Seen::more;
}

void Reader::take(Source& source, const RawLine& line) {
  if (source.origin.format == Format::plain) {
    auto text = line.text;
    auto size = line.size;
    if (size == text.size() && text.ends_with('\r')) {
      text.remove_suffix(1);
      --size;
    }
    if (line.end <= source.known) return;
    const auto time = leading_time(text).value_or(now_ns_++);
    batcher_.add({.time_ns = time, .text = text, .position = line.end, .size = size});
    return;
  }
  if (line.text.empty()) return;
  const bool docker = line.text.front() == '{';
  const auto piece = docker ? parse_docker(line.text, scratch_) : parse_cri(line.text);
  if (piece) {
    const auto whole =
        source.pieces.add(*piece, line.begin, line.end, line.size - line.text.size());
    if (whole) take_container_line(source, *whole);
  } else if (line.end > source.known) {
    batcher_.add({.time_ns = now_ns_++,
                  .text = line.text,
                  .position = line.end,
                  .size = line.size,
                  .malformed = docker ? "docker" : "cri"});
  }
}

void Reader::take_container_line(Source& source, const ContainerLine& line) {
  if (line.end <= source.known) return;
  if (source.output) source.output->line(line.time_ns);
  batcher_.add({.time_ns = line.time_ns,
                .stream = line.stream,
                .text = line.text,
                .position = line.end,
                .size = line.size});
}

void Reader::flush(Source& source, std::string_view& bytes, std::uint64_t& position) {
  if (const auto line = source.lines.rest(bytes, position)) take(source, *line);
  // Lines that wait for a piece that never comes. They may have begun before a line of the other
  // stream that ended at the file's very end, so they get positions just past it; the next record,
  // should the file grow after all, ends further away than that.
  for (const auto stream : {kStdout, kStderr}) {
    const auto line = source.pieces.flush(stream, position + 1 + stream);
    if (line) take_container_line(source, *line);
  }
}

Shipment Reader::ship(Source& source) {
  const auto next = batcher_.last_position();
  const Mark mark{.acked = next,
                  .resume = source.resume(),
                  .tail_end = source.offset,
                  .tail_hash = fingerprint(source.tail)};
  Shipment shipment{.source = source.saved.number,
                    .epoch = source.epoch,
                    .source_id = source.id,
                    .tool = source.origin.tool,
                    .previous = source.shipped,
                    .next = next,
                    .bytes = batcher_.finish(source.id, source.shipped, next)};
  source.in_flight.push_back({source.shipped, next, mark, false});
  source.shipped = next;
  if (source.output) source.output->positions[source.id] = next;
  return shipment;
}

Shipment Reader::gap(Source& source, const Source::Gap& gap, std::uint64_t position,
                     const Mark& after) {
  const auto now = now_ns();
  std::string text = gap.missing_bytes > 0
                         ? "gap: " + format_size(gap.missing_bytes) + " missing at least, "
                         : "gap: lines may be missing, ";
  text += format_rfc3339(now, 0).substr(11, 8) + ": " + source.saved.origin_path;
  if (gap.reason == "truncated") text += " was truncated before it was read to its end";
  if (gap.reason == "replaced") text += " was written anew before it was read to its end";
  if (gap.reason == "rotated") text += " was rotated away before it was read to its end";
  if (gap.reason == "refused") text += ": the server refused these lines";
  if (gap.reason == "lost") text += ": the server has lost lines that are no longer in the file";
  batcher_.start(source.origin);
  batcher_.add(
      {.time_ns = now, .text = text, .position = position, .size = text.size(), .gap = gap.reason});
  Shipment shipment{.source = source.saved.number,
                    .epoch = source.epoch,
                    .source_id = source.id,
                    .tool = source.origin.tool,
                    .previous = source.shipped,
                    .next = position,
                    .bytes = batcher_.finish(source.id, source.shipped, position)};
  source.in_flight.push_back({source.shipped, position, after, true});
  source.shipped = position;
  if (source.output) source.output->positions[source.id] = position;
  return shipment;
}

std::string format_size(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1000 && unit + 1 < std::size(kUnits); ++unit) size /= 1000;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 || size >= 100 ? "%.0f %s" : "%.1f %s", size,
                kUnits[unit]);
  return text;
}

}  // namespace logboom::collector
