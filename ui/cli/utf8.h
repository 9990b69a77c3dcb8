// Walks bytes from outside as UTF-8, one code point or one bad byte at a time.
#pragma once

#include <cstdint>
#include <string_view>

namespace logboom::ui::cli {

struct Symbol {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = true;  // false: one byte that belongs to no code point
};

// The first symbol of a text that is not empty. Overlong forms and surrogates are not valid.
[[nodiscard]] inline Symbol next_symbol(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const char32_t least = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return {first, 1, false};
  char32_t code = first & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {first, 1, false};
    code = (code << 6) | (byte(i) & 0x3fu);
  }
  if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
    return {first, 1, false};
  }
  return {code, length, true};
}

}  // namespace logboom::ui::cli
