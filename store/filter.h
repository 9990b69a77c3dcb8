// The feature filter of one block: says "no line has this feature", or "maybe"; and its words.
//
// A split-block Bloom filter: 32-byte buckets of eight 32-bit words. A feature's hash chooses the
// bucket and one bit in each of the eight words, so a question touches one cache line. At 12 bits
// per feature about one answer in 200 is a wrong "maybe"; a "no" is never wrong. The numbers of
// buckets are few (four per power of two), so that blocks with equal ones can be sliced together
// (index.h).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/bytes.h"
#include "store/features.h"

namespace logboom::store {

inline constexpr std::size_t kBucketBytes = 32, kBucketBits = 256;
inline constexpr std::size_t kBitsPerFeature = 12;

// The bits of a bucket that a feature sets, one in each 32-bit word, and its bucket.
struct FilterBits {
  FilterBits(std::uint64_t hash, std::size_t buckets);
  std::size_t bucket = 0;
  std::array<std::uint8_t, 8> bits{};  // within the bucket: 32 · word + bit
};

// The filter's value, ready to be stored.
[[nodiscard]] std::string encode_filter(const FeatureSet& features);
[[nodiscard]] std::size_t buckets_for(std::size_t features);
// The same of buckets and words as they are.
[[nodiscard]] std::string encode_filter(std::string_view buckets, std::string_view words);

// A stored filter. Owns its words; the value must outlive it.
class Filter {
 public:
  // Nothing when the value is not a filter of ours or fails its checksum: then everything is
  // "maybe".
  [[nodiscard]] static std::optional<Filter> open(std::string_view value);
  // Of parts that stand elsewhere; the buckets must outlive it.
  Filter(std::string_view buckets, std::string words)
      : buckets_(buckets), words_(std::move(words)) {}
  [[nodiscard]] bool maybe(std::uint64_t hash) const;
  [[nodiscard]] bool maybe(const Needs& needs) const;
  [[nodiscard]] std::string_view buckets() const { return buckets_; }
  [[nodiscard]] const std::string& words() const { return words_; }

 private:
  std::string_view buckets_;
  std::string words_;
};

// Calls `found` for each listed word that the need accepts, until it returns false.
template <class Found>
void each_word_in(std::string_view words, const Needs::Word& need, const Found& found) {
  for (std::size_t at = 0;;) {
    at = words.find(need.text, at);
    if (at == std::string_view::npos) return;
    const auto line_before = at == 0 ? std::string_view::npos : words.rfind('\n', at - 1);
    const auto begin = line_before == std::string_view::npos ? 0 : line_before + 1;
    const auto end = words.find('\n', at);
    if (end == std::string_view::npos) return;
    const auto word = words.substr(begin, end - begin);
    if (need.in(word) && !found(word)) return;
    at = end + 1;
  }
}

// A list of words as it is stored, and back; nothing when it cannot be read.
void put_words(std::string& out, std::string_view words);
[[nodiscard]] std::optional<std::string> read_words(ByteReader& reader);

}  // namespace logboom::store
