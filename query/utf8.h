// UTF-8, one character at a time: core/utf8.h answers for whole texts, writers of JSON and LogQL
// must know where it breaks.
#pragma once

#include <cstddef>
#include <string_view>

namespace logboom::query {

// The bytes of the character at the start of `text`, which is not empty: 1 to 4, or 0 when they are
// not UTF-8 (overlong forms, surrogates and cut characters included).
[[nodiscard]] std::size_t utf8_length(std::string_view text);

}  // namespace logboom::query
