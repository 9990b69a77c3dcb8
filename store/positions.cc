#include "store/positions.h"

#include <algorithm>

#include "store/bytes.h"

namespace logboom::store {
namespace {

constexpr char kMagic = 'P';
constexpr char kFormat = 1;

using Hole = Position::Hole;

// What of the hole stays when (after, upto] is filled: nothing, one end, or both.
void subtract(const Hole& hole, std::uint64_t after, std::uint64_t upto, std::vector<Hole>& left) {
  if (upto <= hole.after || after >= hole.upto) {
    left.push_back(hole);
    return;
  }
  if (hole.after < after) left.push_back({hole.after, after});
  if (upto < hole.upto) left.push_back({upto, hole.upto});
}

bool missing(const Position& position, std::uint64_t at) {
  if (at > position.next) return true;
  return std::any_of(position.holes.begin(), position.holes.end(),
                     [at](const Hole& hole) { return hole.after < at && at <= hole.upto; });
}

}  // namespace

std::string encode_position(const Position& position) {
  std::string out = {kMagic, kFormat};
  put_varint(out, position.next);
  put_signed(out, position.last_use_ns);
  put_varint(out, position.holes.size());
  std::uint64_t last = 0;
  for (const auto& hole : position.holes) {
    put_varint(out, hole.after - last);
    put_varint(out, hole.upto - hole.after);
    last = hole.upto;
  }
  return out;
}

Result<Position> decode_position(std::string_view value) {
  ByteReader reader(value);
  Position position;
  const bool ours = reader.byte() == kMagic && reader.byte() == kFormat;
  position.next = reader.varint();
  position.last_use_ns = reader.signed_varint();
  const auto holes = reader.varint_upto(kMaxHoles);
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < holes; ++i) {
    Hole hole;
    hole.after = last + reader.varint();
    hole.upto = last = hole.after + reader.varint();
    position.holes.push_back(hole);
  }
  if (!ours || !reader.ok() || !reader.done())
    return fail(Errc::corrupt, "a source's stored position cannot be read");
  return position;
}

News advance(Position& position, const SourceSpan& span, std::span<const Record> records) {
  News news;
  if (span.previous >= position.next) {  // all of it, whatever the records' positions
    if (!records.empty()) news.records.emplace_back(0, records.size());
    news.any = span.next > position.next || !records.empty();
    if (span.previous > position.next) position.holes.push_back({position.next, span.previous});
    position.next = span.next;
    while (position.holes.size() > kMaxHoles) {
      position.holes.erase(position.holes.begin());
      ++news.forgotten_holes;
    }
    return news;
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (!missing(position, records[i].position)) continue;
    if (!news.records.empty() && news.records.back().second == i)
      ++news.records.back().second;
    else
      news.records.emplace_back(i, i + 1);
  }
  std::vector<Hole> left;
  for (const auto& hole : position.holes) subtract(hole, span.previous, span.next, left);
  news.any = span.next > position.next || left != position.holes || !news.records.empty();
  // Filling the middle of a hole makes two of it.
  while (left.size() > kMaxHoles) {
    left.erase(left.begin());
    ++news.forgotten_holes;
  }
  position.holes = std::move(left);
  position.next = std::max(position.next, span.next);
  return news;
}

Result<void> check_span(const SourceSpan& span, std::span<const Record> records) {
  if (span.source.empty() || span.source.size() > kMaxSourceName)
    return fail(Errc::invalid, "batch: a source's name has 1 to 1024 bytes");
  if (span.next < span.previous)
    return fail(Errc::invalid, "batch of source " + span.source + ": `next` is before `previous`");
  auto last = span.previous;
  for (const auto& record : records) {
    if (record.position < last || record.position > span.next)
      return fail(Errc::invalid, "batch of source " + span.source +
                                     ": records are not in order of position within the span");
    last = record.position;
  }
  return {};
}

}  // namespace logboom::store
