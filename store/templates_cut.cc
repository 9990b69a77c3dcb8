#include "store/templates_cut.h"

#include <emmintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace logboom::store {
namespace {

__m128i equal(__m128i bytes, char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); }

// Which bytes are among `count` that begin with `first`.
__m128i among(__m128i bytes, char first, char count) {
  const auto distance = _mm_sub_epi8(bytes, _mm_set1_epi8(first));
  const auto most = _mm_set1_epi8(static_cast<char>(count - 1));
  return _mm_cmpeq_epi8(_mm_min_epu8(distance, most), distance);
}

std::uint64_t from_bit(std::size_t at) { return ~std::uint64_t{0} << (at % 64); }

}  // namespace

// False when there is a zero byte. 64 bytes at a time; at least one gap lies behind the line.
bool Cutter::classify(std::string_view line) {
  const auto groups = line.size() / 64 + 1;
  if (bits_.size() < groups) bits_.resize(groups);
  const bool quotes = rule_ == CutRule::quotes;
  const char joint = quotes ? '.' : '-';
  const char event = quotes ? '"' : '0';
  std::array<char, 64> last;
  last.fill(' ');
  const auto rest = line.substr((groups - 1) * 64);
  std::copy(rest.begin(), rest.end(), last.begin());
  for (std::size_t group = 0; group < groups; ++group) {
    const char* from = group + 1 < groups ? line.data() + group * 64 : last.data();
    Bits bits;
    int zeros = 0;
    for (unsigned part = 0; part < 64; part += 16) {
      const auto in = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + part));
      const auto digits = among(in, '0', 10);
      const auto letters = among(_mm_or_si128(in, _mm_set1_epi8(0x20)), 'a', 26);
      const auto joined = _mm_or_si128(_mm_or_si128(digits, letters), equal(in, joint));
      const auto events = _mm_or_si128(digits, equal(in, event));
      bits.joined |= static_cast<std::uint64_t>(_mm_movemask_epi8(joined)) << part;
      bits.events |= static_cast<std::uint64_t>(_mm_movemask_epi8(events)) << part;
      zeros |= _mm_movemask_epi8(equal(in, 0));
    }
    if (zeros != 0) return false;
    bits_[group] = bits;
  }
  return true;
}

// Where the run begins, ends that the digit at `at` is of.
std::size_t Cutter::run_begin(std::size_t at) const {
  auto group = at / 64;
  auto gaps = ~bits_[group].joined & ~from_bit(at);
  while (gaps == 0) {
    if (group == 0) return 0;
    gaps = ~bits_[--group].joined;
  }
  return group * 64 + 64 - static_cast<unsigned>(std::countl_zero(gaps));
}
std::size_t Cutter::run_end(std::size_t at) const {
  auto group = at / 64;
  auto gaps = ~bits_[group].joined & from_bit(at);
  while (gaps == 0) gaps = ~bits_[++group].joined;
  return group * 64 + static_cast<unsigned>(std::countr_zero(gaps));
}

bool Cutter::cut(std::string_view line, std::vector<std::string_view>& values) {
  if (!classify(line)) return false;
  const auto size = line.size();
  if (text_.size() < size + 16) text_.resize(size + 16);
  char* out = text_.data();
  std::size_t done = 0;
  const auto keep_upto = [&](std::size_t end) {
    const auto count = end - done;
    if (count <= 16 && done + 16 <= size) {
      std::memcpy(out, line.data() + done, 16);
    } else {
      std::memcpy(out, line.data() + done, count);
    }
    out += count;
  };
  for (std::size_t group = 0, groups = size / 64 + 1; group < groups; ++group) {
    auto events = bits_[group].events;
    while (events != 0) {
      const auto at = group * 64 + static_cast<unsigned>(std::countr_zero(events));
      auto begin = at + 1, end = begin, next = begin;  // a quote that is nothing but itself
      if (line[at] != '"') {
        begin = run_begin(at);
        next = end = run_end(at);
      } else if (at > 0 && line[at - 1] == ' ') {
        const auto quote = line.find('"', begin);
        if (quote != std::string_view::npos && quote > begin) {
          end = quote;
          next = quote + 1;
        }
      }
      if (end > begin) {
        keep_upto(begin);
        *out++ = 0;
        values.push_back(line.substr(begin, end - begin));
        done = end;
      }
      group = next / 64;
      events = bits_[group].events & from_bit(next);
    }
  }
  keep_upto(size);
  text_size_ = static_cast<std::size_t>(out - text_.data());
  return true;
}

}  // namespace logboom::store
