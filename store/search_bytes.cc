#include "store/search_bytes.h"

#include <emmintrin.h>

#include <bit>
#include <cstring>

namespace logboom::store {
namespace {

// The two cases of a letter are one but for this bit; other bytes have one case.
char case_bit(char c, bool any_case) { return any_case && c >= 'a' && c <= 'z' ? 0x20 : 0; }

// Where among 16 bytes a byte stands.
class ByteMask {
 public:
  ByteMask(char c, bool any_case)
      : byte_(_mm_set1_epi8(c)), bit_(_mm_set1_epi8(case_bit(c, any_case))) {}
  [[nodiscard]] __m128i operator()(const char* at) const {
    const auto in = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    return _mm_cmpeq_epi8(_mm_or_si128(in, bit_), byte_);
  }

 private:
  __m128i byte_, bit_;
};

bool equal(const char* at, std::string_view wanted, bool any_case) {
  if (!any_case) return std::memcmp(at, wanted.data(), wanted.size()) == 0;
  for (const char c : wanted)
    if ((*at++ | case_bit(c, true)) != c) return false;
  return true;
}

std::size_t find(std::string_view in, std::string_view wanted, std::size_t from, bool any_case) {
  if (from > in.size() || wanted.size() > in.size() - from) return std::string_view::npos;
  if (wanted.empty()) return from;
  const auto last = wanted.size() - 1;  // where its last byte is, from its first
  const auto end = in.size() - last;    // of the places where it may begin
  const ByteMask is_first(wanted.front(), any_case), is_last(wanted.back(), any_case);
  auto at = from;
  for (; at + 16 <= end; at += 16) {
    const char* const begin = in.data() + at;
    auto found = static_cast<unsigned>(
        _mm_movemask_epi8(_mm_and_si128(is_first(begin), is_last(begin + last))));
    for (; found != 0; found &= found - 1) {
      const auto place = static_cast<unsigned>(std::countr_zero(found));
      if (equal(begin + place, wanted, any_case)) return at + place;
    }
  }
  for (; at < end; ++at)
    if (equal(in.data() + at, wanted, any_case)) return at;
  return std::string_view::npos;
}

}  // namespace

std::size_t find_bytes(std::string_view in, std::string_view wanted, std::size_t from) {
  return find(in, wanted, from, false);
}
std::size_t find_any_case(std::string_view in, std::string_view lower, std::size_t from) {
  return find(in, lower, from, true);
}

}  // namespace logboom::store
