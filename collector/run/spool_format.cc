#include "collector/run/spool_format.h"

#include <algorithm>
#include <cstring>

namespace logboom::collector {
namespace {

constexpr std::string_view kMagic = "LOGRUN1\n";
constexpr std::size_t kFieldsAt = 24, kMaxValue = 64 * 1024;

template <class Number>
void put(std::string& to, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) {
    to += static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i));
  }
}

template <class Number>
Number get(std::string_view from) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(from[i])} << (8 * i);
  }
  return static_cast<Number>(value);
}

// Of a frame's header without itself: tells a frame from what a crash left in its place.
std::uint16_t check_of(char kind, std::uint32_t size, std::int64_t time_ns) {
  std::uint64_t mixed = (static_cast<std::uint64_t>(time_ns) ^ (std::uint64_t{size} << 20) ^
                         static_cast<unsigned char>(kind)) *
                        0x9E3779B97F4A7C15;
  return static_cast<std::uint16_t>(mixed >> 48);
}

bool known(char kind) { return kind == 'o' || kind == 'e' || kind == 'v' || kind == 'g'; }

Result<Fields> sized_fields(std::string_view bytes) {
  const auto size = get<std::uint32_t>(bytes);
  bytes.remove_prefix(4);
  if (size > bytes.size()) return fail(Errc::corrupt, "spool: fields past their place");
  return decode_fields(bytes.substr(0, size));
}

}  // namespace

std::string encode_fields(const Fields& fields) {
  std::string bytes;
  for (const auto& [name, value] : fields) {
    put(bytes, static_cast<std::uint16_t>(name.size()));
    bytes += name;
    put(bytes, static_cast<std::uint32_t>(value.size()));
    bytes += value;
  }
  return bytes;
}

Result<Fields> decode_fields(std::string_view bytes) {
  Fields fields;
  const auto broken = [] { return fail(Errc::corrupt, "spool: torn fields"); };
  while (!bytes.empty()) {
    if (fields.size() == kMaxFields || bytes.size() < 2) return broken();
    const auto name = get<std::uint16_t>(bytes);
    bytes.remove_prefix(2);
    if (bytes.size() < std::size_t{name} + 4) return broken();
    auto& [key, value] = fields.emplace_back(bytes.substr(0, name), std::string());
    const auto size = get<std::uint32_t>(bytes.substr(name));
    bytes.remove_prefix(std::size_t{name} + 4);
    if (size > bytes.size() || size > kMaxValue) return broken();
    value = bytes.substr(0, size);
    bytes.remove_prefix(size);
  }
  return fields;
}

std::string_view field(const Fields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

std::string encode_header(const SpoolHeader& header) {
  std::string bytes(kMagic);
  put(bytes, header.acknowledged);
  put(bytes, header.resume);
  auto fields = header.fields;
  auto encoded = encode_fields(fields);
  for (auto& [name, value] : fields) {
    if (encoded.size() + kFieldsAt + 4 <= kLastWordsAt) break;
    value.resize(std::min<std::size_t>(value.size(), 200));
    encoded = encode_fields(fields);
  }
  if (encoded.size() + kFieldsAt + 4 > kLastWordsAt) encoded.clear();
  put(bytes, static_cast<std::uint32_t>(encoded.size()));
  bytes += encoded;
  bytes.resize(kLastWordsAt, '\0');
  if (const auto words = encode_last_words(header.last_words)) bytes += *words;
  bytes.resize(kSpoolHeader, '\0');
  return bytes;
}

Result<SpoolHeader> decode_header(std::string_view bytes) {
  if (bytes.size() < kSpoolHeader || !bytes.starts_with(kMagic)) {
    return fail(Errc::corrupt, "spool: no file of a run");
  }
  bytes = bytes.substr(0, kSpoolHeader);
  SpoolHeader header;
  header.acknowledged = get<std::uint64_t>(bytes.substr(8));
  header.resume = get<std::uint64_t>(bytes.substr(16));
  auto fields = sized_fields(bytes.substr(kFieldsAt, kLastWordsAt - kFieldsAt));
  if (!fields) return fail(std::move(fields).error());
  header.fields = *std::move(fields);
  if (header.resume < kSpoolHeader || header.acknowledged < kSpoolHeader ||
      header.resume > INT64_MAX || header.acknowledged > INT64_MAX) {
    return fail(Errc::corrupt, "spool: an impossible offset in the header");
  }
  // Torn last words are none.
  if (auto words = sized_fields(bytes.substr(kLastWordsAt))) header.last_words = *std::move(words);
  return header;
}

std::optional<std::string> encode_last_words(Fields fields) {
  std::string bytes;
  auto encoded = encode_fields(fields);
  if (encoded.size() + 4 > kSpoolHeader - kLastWordsAt) {
    std::erase_if(fields, [](const auto& pair) {
      return pair.first == "message" || pair.first == "command";
    });
    encoded = encode_fields(fields);
  }
  if (encoded.size() + 4 > kSpoolHeader - kLastWordsAt) return std::nullopt;
  put(bytes, static_cast<std::uint32_t>(encoded.size()));
  return bytes + encoded;
}

std::string encode_frame_header(FrameKind kind, std::int64_t time_ns, std::size_t size) {
  std::string bytes;
  bytes.reserve(kFrameHeader);
  const auto short_size = static_cast<std::uint32_t>(size);
  bytes += static_cast<char>(kind);
  bytes += '\0';
  put(bytes, check_of(static_cast<char>(kind), short_size, time_ns));
  put(bytes, short_size);
  put(bytes, time_ns);
  return bytes;
}

Result<std::optional<Frame>> decode_frame(std::string_view bytes) {
  if (bytes.size() < kFrameHeader) return std::nullopt;
  const char kind = bytes[0];
  const auto size = get<std::uint32_t>(bytes.substr(4));
  const auto time_ns = get<std::int64_t>(bytes.substr(8));
  if (!known(kind) || size > kMaxFrame ||
      get<std::uint16_t>(bytes.substr(2)) != check_of(kind, size, time_ns)) {
    return fail(Errc::corrupt, "spool: no frame where one should be");
  }
  if (bytes.size() - kFrameHeader < size) return std::nullopt;
  return Frame{static_cast<FrameKind>(kind), time_ns, bytes.substr(kFrameHeader, size)};
}

std::string encode_gap(const SpoolGap& gap) {
  std::string bytes;
  put(bytes, gap.missing_bytes);
  return bytes + gap.reason.substr(0, 200);
}

Result<SpoolGap> decode_gap(std::string_view bytes) {
  if (bytes.size() < 8) return fail(Errc::corrupt, "spool: torn gap");
  return SpoolGap{get<std::uint64_t>(bytes), std::string(bytes.substr(8, 200))};
}

}  // namespace logboom::collector
