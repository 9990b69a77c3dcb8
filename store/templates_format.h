// The numbers of the template codec that its two halves share; see FORMAT.md. On disk: never
// renumber.
#pragma once

#include <cstddef>
#include <cstdint>

namespace logboom::store {

enum class ColumnKind : unsigned char {
  constant = 0,  // all the same text
  number = 1,    // decimal numbers, less the least one
  delta = 2,     // decimal numbers, less the one before
  hex = 3,       // words of lower-case hexadecimal digits, two a byte
  text = 4,      // words of one length
  texts = 5,     // words
};
inline constexpr unsigned kKindBits = 0x0f;
// With the kind. Of numbers: all values share what is before the digits, behind them.
inline constexpr unsigned kPrefix = 0x10, kSuffix = 0x20;
// Of words: not each is new in the frame; each is told from the one that went with the same word of
// the template's first column of words.
inline constexpr unsigned kRepeated = 0x40, kFollows = 0x80;

inline constexpr std::size_t kMaxDigits = 18;       // of a number
inline constexpr std::size_t kMaxVariables = 1024;  // of a template
inline constexpr std::size_t kMaxTemplates = 1 << 15;
inline constexpr std::size_t kMaxBook = 1 << 20;  // bytes
inline constexpr std::size_t kMaxFrameLines = 1 << 16;

// Differences small in either direction become small numbers: 0, -1, 1, -2, ... to 0, 1, 2, 3, ...
inline std::uint64_t zigzag(std::uint64_t difference) {
  return (difference << 1) ^ (0 - (difference >> 63));
}
inline std::uint64_t unzigzag(std::uint64_t stored) { return (stored >> 1) ^ (0 - (stored & 1)); }

}  // namespace logboom::store
