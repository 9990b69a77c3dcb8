#include "store/filter.h"

#include <xxhash.h>

#include <array>
#include <utility>

#include "store/bytes.h"
#include "store/tokens.h"

namespace logboom::store {
namespace {

constexpr char kMagic = 'F';
constexpr char kFormat = 1;
constexpr std::size_t kBitsPerToken = 12;
constexpr std::size_t kWords = 8;
constexpr std::size_t kBucketBytes = kWords * 4;
constexpr std::size_t kHeaderBytes = 2, kChecksumBytes = 8;
// Odd numbers that spread one 32-bit hash over eight words; part of the format.
constexpr std::array<std::uint32_t, kWords> kSalt = {0xd837115fU, 0x026f4c85U, 0x50a74cffU,
                                                     0x73e1d037U, 0x8f8de0e9U, 0x3eb459c9U,
                                                     0xf11fc8dfU, 0x0977e471U};

std::uint64_t hash_token(std::string_view token) {
  const auto hash = XXH3_64bits(token.data(), token.size());
  return hash != 0 ? hash : 1;  // 0 marks an empty slot
}

std::size_t bucket_of(std::uint64_t hash, std::size_t buckets) {
  return static_cast<std::size_t>(((hash >> 32) * buckets) >> 32);
}

unsigned bit_of(std::uint64_t hash, std::size_t word) {
  return (static_cast<std::uint32_t>(hash) * kSalt[word]) >> 27;
}

// A bit as (byte, mask) in the words, which are stored lowest byte first.
std::pair<std::size_t, unsigned> place_of(std::size_t bucket, std::size_t word, unsigned bit) {
  return {bucket * kBucketBytes + word * 4 + bit / 8, 1U << (bit % 8)};
}

}  // namespace

FilterBuilder::FilterBuilder() : slots_(1024) {}

void FilterBuilder::add(std::string_view text) {
  each_token(text, [this](std::string_view token) { insert(hash_token(token)); });
}

void FilterBuilder::insert(std::uint64_t hash) {
  const auto mask = slots_.size() - 1;
  auto slot = static_cast<std::size_t>(hash) & mask;
  while (slots_[slot] != 0) {
    if (slots_[slot] == hash) return;
    slot = (slot + 1) & mask;
  }
  slots_[slot] = hash;
  if (++used_ * 2 > slots_.size()) grow();
}

void FilterBuilder::grow() {
  const auto old = std::exchange(slots_, std::vector<std::uint64_t>(slots_.size() * 4));
  used_ = 0;
  for (const auto hash : old)
    if (hash != 0) insert(hash);
}

std::string FilterBuilder::finish() const {
  const std::size_t buckets = (used_ * kBitsPerToken + 255) / 256;
  std::string out = {kMagic, kFormat};
  out.resize(kHeaderBytes + buckets * kBucketBytes);
  for (const auto hash : slots_) {
    if (hash == 0) continue;
    for (std::size_t word = 0; word < kWords; ++word) {
      const auto [byte, mask] = place_of(bucket_of(hash, buckets), word, bit_of(hash, word));
      auto& target = out[kHeaderBytes + byte];
      target = static_cast<char>(static_cast<std::uint8_t>(target) | mask);
    }
  }
  put_u64(out, XXH64(out.data(), out.size(), 0));
  return out;
}

std::optional<Filter> Filter::open(std::string_view value) {
  if (value.size() < kHeaderBytes + kChecksumBytes || value[0] != kMagic || value[1] != kFormat)
    return std::nullopt;
  const auto covered = value.substr(0, value.size() - kChecksumBytes);
  if (ByteReader(value.substr(covered.size())).u64() != XXH64(covered.data(), covered.size(), 0))
    return std::nullopt;
  const auto words = covered.substr(kHeaderBytes);
  if (words.size() % kBucketBytes != 0) return std::nullopt;
  return Filter(words);
}

bool Filter::maybe(std::string_view token) const {
  if (words_.empty()) return false;
  const auto hash = hash_token(token);
  const auto bucket = bucket_of(hash, words_.size() / kBucketBytes);
  for (std::size_t word = 0; word < kWords; ++word) {
    const auto [byte, mask] = place_of(bucket, word, bit_of(hash, word));
    if ((static_cast<std::uint8_t>(words_[byte]) & mask) == 0) return false;
  }
  return true;
}

}  // namespace logboom::store
