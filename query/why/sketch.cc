// Sketch: what a good run looked like, as bytes:
//
//   u8 version (1) · varint lines · zigzag wall_ms, cpu_ms, memory_bytes, max_quiet_ms
//   varint n · n × (u64 hash, little endian, ascending; varint count > 0)
//   varint m · m × (u64 hash, little endian, ascending; zigzag greatest number)
#include <algorithm>
#include <unordered_map>

#include "query/why/mask.h"
#include "query/why/text.h"
#include "query/why/why.h"

namespace logboom::query::why {
namespace {

constexpr char kVersion = 1;

void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

void put_zigzag(std::string& out, std::int64_t value) {
  put_varint(out,
             (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

void put_hash(std::string& out, std::uint64_t hash) {
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(hash >> shift);
}

// Reads the above; after any bad byte, `ok` stays false and every value is 0.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool ok = true;

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      if (shift == 63 && byte > 1) break;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte == 0 && shift > 0) break;  // one value, one form
        return value;
      }
    }
    return fail();
  }
  std::int64_t zigzag() {
    const auto value = varint();
    return static_cast<std::int64_t>((value >> 1) ^ (0 - (value & 1)));
  }
  std::uint64_t hash() {
    if (bytes_.size() < 8) return fail();
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 8; ++i) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes_[i])) << (8 * i);
    }
    bytes_.remove_prefix(8);
    return value;
  }
  std::uint64_t fail() {
    ok = false;
    bytes_ = {};
    return 0;
  }
  [[nodiscard]] bool done() const { return ok && bytes_.empty(); }

 private:
  std::string_view bytes_;
};

// Fills ascending pairs; false where the bytes are none.
bool read_pairs(Reader& in, auto& pairs, auto&& value) {
  const auto count = in.varint();
  if (count > kMaxTemplates) return false;
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < count && in.ok; ++i) {
    const auto hash = in.hash();
    if (hash <= last) return false;
    last = hash;
    pairs.emplace_back(hash, value());
  }
  return in.ok;
}

}  // namespace

std::string Sketch::encode() const {
  std::string out(1, kVersion);
  put_varint(out, lines);
  for (const auto value : {wall_ms, cpu_ms, memory_bytes, max_quiet_ms}) put_zigzag(out, value);
  put_varint(out, templates.size());
  for (const auto& [hash, count] : templates) {
    put_hash(out, hash);
    put_varint(out, count);
  }
  put_varint(out, numbers.size());
  for (const auto& [hash, greatest] : numbers) {
    put_hash(out, hash);
    put_zigzag(out, greatest);
  }
  return out;
}

std::optional<Sketch> Sketch::decode(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != kVersion) return std::nullopt;
  Reader in(bytes.substr(1));
  Sketch sketch;
  sketch.lines = in.varint();
  for (auto* value :
       {&sketch.wall_ms, &sketch.cpu_ms, &sketch.memory_bytes, &sketch.max_quiet_ms}) {
    *value = in.zigzag();
  }
  bool counts_fit = true;
  const auto count = [&] {
    const auto value = in.varint();
    counts_fit &= value > 0 && value <= UINT32_MAX;
    return static_cast<std::uint32_t>(value);
  };
  if (!read_pairs(in, sketch.templates, count) || !counts_fit) return std::nullopt;
  if (!read_pairs(in, sketch.numbers, [&] { return in.zigzag(); })) return std::nullopt;
  if (!in.done()) return std::nullopt;
  return sketch;
}

Sketch sketch(const std::vector<LogLine>& lines, const Facts& facts) {
  Sketch result;
  result.lines = lines.size();
  if (facts.end) {
    result.wall_ms = facts.end->wall_ms;
    result.cpu_ms = facts.end->cpu_ms;
    result.memory_bytes = facts.end->memory_bytes;
    result.max_quiet_ms = facts.end->max_quiet_ms;
  }
  std::unordered_map<std::uint64_t, std::uint32_t> counts;
  std::unordered_map<std::uint64_t, std::int64_t> numbers;
  Mask mask;
  for (const auto& line : lines) {
    Arena arena;
    mask_line(clean_line(line.text, arena).text, mask);
    const auto hash = hash_of(mask);
    if (hash == 0) continue;
    if (const auto known = counts.find(hash); known != counts.end()) {
      if (known->second < UINT32_MAX) ++known->second;
    } else if (counts.size() < kMaxTemplates) {
      counts.emplace(hash, 1);
    } else {
      continue;
    }
    if (!mask.greatest) continue;
    const auto [number, added] = numbers.emplace(hash, *mask.greatest);
    if (!added) number->second = std::max(number->second, *mask.greatest);
  }
  result.templates.assign(counts.begin(), counts.end());
  result.numbers.assign(numbers.begin(), numbers.end());
  std::ranges::sort(result.templates);
  std::ranges::sort(result.numbers);
  return result;
}

}  // namespace logboom::query::why
