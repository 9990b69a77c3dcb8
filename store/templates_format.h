// The numbers of the template codec that its two halves share; see FORMAT.md. On disk: never
// renumber.
#pragma once

#include <cstddef>
#include <cstdint>

namespace logboom::store {

enum class Column : unsigned char {
  constant = 0,  // all the same text
  few = 1,       // at most 256 different texts
  number = 2,    // decimal numbers, less the least one
  delta = 3,     // decimal numbers, less the one before
  hex = 4,       // lower-case hexadecimal digits, two a byte
  text = 5,      // texts of one length
  texts = 6,     // texts
};
inline constexpr unsigned kColumnKinds = 7;
inline constexpr unsigned kPrefix = 0x10, kSuffix = 0x20;  // with the kind: all values share one
inline constexpr std::size_t kMaxDigits = 18;              // of a number
inline constexpr std::size_t kMaxFew = 256;
inline constexpr std::size_t kMaxVariables = 1024;  // of a template
inline constexpr std::size_t kMaxTemplates = 1 << 15;
inline constexpr std::size_t kMaxBook = 1 << 20;  // bytes
inline constexpr std::size_t kMaxFrameLines = 1 << 16;

}  // namespace logboom::store
