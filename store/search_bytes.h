// Finds bytes in bytes, as they are or without regard to case: the first place in `in`, not before
// `from`, that holds `wanted`; npos: none does.
//
// Several GB/s where the first and the last byte of `wanted` are seldom found so far apart; for
// what a log holds that is faster than memmem().
#pragma once

#include <cstddef>
#include <string_view>

namespace logboom::store {

[[nodiscard]] std::size_t find_bytes(std::string_view in, std::string_view wanted,
                                     std::size_t from = 0);
// ASCII letters are found in either case; `lower` has none in upper case.
[[nodiscard]] std::size_t find_any_case(std::string_view in, std::string_view lower,
                                        std::size_t from = 0);

}  // namespace logboom::store
