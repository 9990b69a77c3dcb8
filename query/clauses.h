// What every wanted line must contain: clauses of which each has a literal that is in the line.
//
// They spare the store blocks and lines; whether a line is wanted is still asked of the line. So a
// clause may always be dropped, and is dropped where it says too little or too much of it is asked.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace logboom::query {

using Clause = std::vector<store::Literal>;

inline constexpr std::size_t kMaxClauses = 16;
inline constexpr std::size_t kMaxLiterals = 64;        // of one clause; one with more is dropped
inline constexpr std::size_t kMaxLiteralBytes = 1024;  // a longer text is cut

[[nodiscard]] bool holds(const Clause& clause, std::string_view line);

// The same demand in the fewest words, most selective first: no clause that any line meets, none
// that another one implies, at most kMaxClauses.
[[nodiscard]] std::vector<Clause> simplify(std::vector<Clause> clauses);

// One clause that lines have of which only some meet `a` and the others `b`; empty where there is
// none. Both as simplify() leaves them.
[[nodiscard]] Clause either(std::span<const Clause> a, std::span<const Clause> b);

}  // namespace logboom::query
