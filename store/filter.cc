#include "store/filter.h"

#include <xxhash.h>

#include <array>
#include <bit>

#include "store/bytes.h"
#include "store/compression.h"

namespace logboom::store {
namespace {

constexpr char kMagic = 'F';
constexpr char kFormat = 2;
constexpr std::size_t kHeaderBytes = 2, kChecksumBytes = 8;
constexpr std::size_t kMaxWords = 64 << 20;  // bytes of a list
constexpr int kLevel = 3;
// Odd numbers that spread one 32-bit hash over eight words; part of the format.
constexpr std::array<std::uint32_t, 8> kSalt = {0xd837115fU, 0x026f4c85U, 0x50a74cffU, 0x73e1d037U,
                                                0x8f8de0e9U, 0x3eb459c9U, 0xf11fc8dfU, 0x0977e471U};

}  // namespace

// The number of buckets for so many features: 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20 ...
std::size_t buckets_for(std::size_t features) {
  const auto least = (features * kBitsPerFeature + kBucketBits - 1) / kBucketBits;
  if (least <= 4) return least;
  const auto step = std::bit_floor(least - 1) / 4;
  return (least + step - 1) / step * step;
}

FilterBits::FilterBits(std::uint64_t hash, std::size_t buckets)
    : bucket(static_cast<std::size_t>(((hash >> 32) * buckets) >> 32)) {
  for (std::size_t word = 0; word < bits.size(); ++word)
    bits[word] = static_cast<std::uint8_t>(
        32 * word + ((static_cast<std::uint32_t>(hash) * kSalt[word]) >> 27));
}

void put_words(std::string& out, std::string_view words) {
  put_varint(out, words.size());
  put_text(out, compress(words, kLevel));
}

std::optional<std::string> read_words(ByteReader& reader) {
  const auto size = reader.varint_upto(kMaxWords);
  auto words = decompress(reader.text(), size);
  if (!reader.ok() || !words) return std::nullopt;
  return *std::move(words);
}

std::string encode_filter(std::string_view buckets, std::string_view words) {
  std::string out = {kMagic, kFormat};
  put_words(out, words);
  out.append(buckets);
  put_u64(out, XXH64(out.data(), out.size(), 0));
  return out;
}

std::string encode_filter(const FeatureSet& features) {
  const auto count = buckets_for(features.size());
  std::string buckets(count * kBucketBytes, '\0');
  for (const auto hash : features.hashes()) {
    const FilterBits at(hash, count);
    for (const auto bit : at.bits) {
      auto& byte = buckets[at.bucket * kBucketBytes + bit / 8];
      byte = static_cast<char>(static_cast<std::uint8_t>(byte) | 1U << (bit % 8U));
    }
  }
  return encode_filter(buckets, features.words());
}

std::optional<Filter> Filter::open(std::string_view value) {
  if (value.size() < kHeaderBytes + kChecksumBytes || value[0] != kMagic || value[1] != kFormat)
    return std::nullopt;
  const auto covered = value.substr(0, value.size() - kChecksumBytes);
  if (ByteReader(value.substr(covered.size())).u64() != XXH64(covered.data(), covered.size(), 0))
    return std::nullopt;
  ByteReader reader(covered.substr(kHeaderBytes));
  auto words = read_words(reader);
  if (!words || reader.rest().size() % kBucketBytes != 0) return std::nullopt;
  return Filter(reader.rest(), *std::move(words));
}

bool Filter::maybe(std::uint64_t hash) const {
  if (buckets_.empty()) return false;
  const FilterBits at(hash, buckets_.size() / kBucketBytes);
  const auto bucket = buckets_.substr(at.bucket * kBucketBytes, kBucketBytes);
  for (const auto bit : at.bits)
    if ((static_cast<std::uint8_t>(bucket[bit / 8]) >> (bit % 8U) & 1U) == 0) return false;
  return true;
}

bool Filter::maybe(const Needs& needs) const {
  for (const auto hash : needs.all)
    if (!maybe(hash)) return false;
  for (const auto& need : needs.words) {
    bool any = maybe(kLongWord);
    if (!any) each_word_in(words_, need, [&](std::string_view) { return !(any = true); });
    if (!any) return false;
  }
  return true;
}

}  // namespace logboom::store
