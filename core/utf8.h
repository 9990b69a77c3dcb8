// Whether bytes are UTF-8, whole texts or one character at a time: what protobuf and JSON call a
// string; anything else travels as bytes.
#pragma once

#include <cstddef>
#include <string_view>

namespace logboom {

[[nodiscard]] bool valid_utf8(std::string_view text);
// The bytes of the character at the start of `text`, which is not empty: 1 to 4, or 0 when they are
// not UTF-8 (overlong forms, surrogates and cut characters included).
[[nodiscard]] std::size_t utf8_length(std::string_view text);

}  // namespace logboom
