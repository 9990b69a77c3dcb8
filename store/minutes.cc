#include "store/minutes.h"

#include <xxhash.h>

#include <utility>

#include "store/bytes.h"

namespace logboom::store {
namespace {

constexpr char kMagic = 'M', kFormat = 1;
constexpr std::size_t kChecksumBytes = 8;

std::unexpected<Error> corrupt(std::string_view what) {
  return fail(Errc::corrupt, "minutes: wrong " + std::string(what));
}

struct Minute {
  std::uint32_t stream = 0;
  std::int64_t minute = 0;
  LevelCounts counts{};
};

}  // namespace

LevelCounts count_levels(const Lines& lines) {
  LevelCounts counts{};
  for (const auto& row : lines.rows) ++counts[static_cast<std::size_t>(row.level)];
  return counts;
}

std::string encode_minutes(const Lines& lines) {
  std::string out = {kMagic, kFormat};
  std::uint32_t stream = 0;
  std::int64_t last = 0;
  const auto put = [&](const Minute& minute) {
    put_varint(out, minute.stream - std::exchange(stream, minute.stream));
    put_signed(out, minute.minute - std::exchange(last, minute.minute));
    unsigned levels = 0;
    for (std::size_t level = 0; level < kLevels; ++level)
      if (minute.counts[level] != 0) levels |= 1U << level;
    out.push_back(static_cast<char>(levels));
    for (const auto count : minute.counts)
      if (count != 0) put_varint(out, count);
  };
  Minute at;
  bool any = false;
  for (const auto& row : lines.rows) {
    const auto minute = minute_of(row.time_ns);
    if (any && (row.stream != at.stream || minute != at.minute)) {
      put(at);
      at.counts = {};
    }
    any = true;
    at.stream = row.stream;
    at.minute = minute;
    ++at.counts[static_cast<std::size_t>(row.level)];
  }
  if (any) put(at);
  put_u64(out, XXH64(out.data(), out.size(), 0));
  return out;
}

Result<void> each_minute(
    std::string_view value,
    const std::function<void(std::size_t, std::int64_t, const LevelCounts&)>& visit) {
  if (value.size() < 2 + kChecksumBytes || value[0] != kMagic || value[1] != kFormat)
    return corrupt("format");
  const auto covered = value.substr(0, value.size() - kChecksumBytes);
  if (ByteReader(value.substr(covered.size())).u64() != XXH64(covered.data(), covered.size(), 0))
    return corrupt("checksum");
  ByteReader reader(covered.substr(2));
  std::uint64_t stream = 0;
  std::int64_t minute = 0;
  while (!reader.done()) {
    stream += reader.varint_upto(UINT32_MAX);
    minute += reader.signed_varint();
    const unsigned levels = reader.byte();
    LevelCounts counts{};
    for (std::size_t level = 0; level < kLevels; ++level)
      if ((levels >> level & 1U) != 0) counts[level] = reader.varint();
    if (!reader.ok() || levels >> kLevels != 0) return corrupt("counts");
    visit(stream, minute, counts);
  }
  return reader.ok() ? Result<void>{} : corrupt("counts");
}

}  // namespace logboom::store
