// Finding text in bytes, in any case of its ASCII letters.
#pragma once

#include <string_view>

namespace logboom::store {

// The first place at or after `from` where `lower` (in lower case) stands in any case; npos: none.
[[nodiscard]] std::size_t find_any_case(std::string_view in, std::string_view lower,
                                        std::size_t from);

}  // namespace logboom::store
