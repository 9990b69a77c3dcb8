// The token filter of a block: says "no line has this token", or "maybe".
//
// A split-block Bloom filter: 32-byte buckets of eight 32-bit words. A token's XXH3 hash chooses
// the bucket and one bit in each of the eight words, so a question touches one cache line. At 12
// bits per distinct token about one answer in 200 is a wrong "maybe"; a "no" is never wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logboom::store {

class FilterBuilder {
 public:
  FilterBuilder();
  // Adds the tokens of the text.
  void add(std::string_view text);
  // The filter's value, ready to be stored.
  [[nodiscard]] std::string finish() const;

 private:
  void insert(std::uint64_t hash);
  void grow();

  std::vector<std::uint64_t> slots_;  // an open hash set; 0 is an empty slot
  std::size_t used_ = 0;
};

// A stored filter. The view must outlive it.
class Filter {
 public:
  // Nothing when the value is not a filter of ours or fails its checksum: then everything is
  // "maybe".
  [[nodiscard]] static std::optional<Filter> open(std::string_view value);
  [[nodiscard]] bool maybe(std::string_view token) const;

 private:
  explicit Filter(std::string_view words) : words_(words) {}
  std::string_view words_;
};

}  // namespace logboom::store
