// From a regular expression to texts that every line it is found in must contain.
//
//   user=\w+ (not found|denied)   "user=", and "not found" or "denied"
//   (?i)out of memory             "out of memory" in any case
//   \d+ms|.*                      nothing
//
// How: RE2's prefilter (FilteredRE2) reduces a pattern to an and/or formula over texts, in lower
// case as Unicode has it. Two things are made of that:
//
// - Without (?i) the exact texts are wanted. So before RE2 sees the pattern each upper-case letter
//   and each character beyond ASCII is replaced by a character of its own from Unicode's private
//   area, which has no case; what stands for more than one character ('\w', '[a-z]') becomes "any",
//   and anchors nothing. That only ever makes the pattern match more.
// - With (?i), or an escape that is not understood here, the lower-case texts serve, cut down to
//   ASCII. Two characters beyond ASCII fold into it, U+017F to s and U+212A to k: a text with an s
//   or a k is wanted in these spellings too.
//
// Threads: pure.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "query/clauses.h"

namespace logboom::query {

// A pattern longer than this gives nothing: the work rises faster than its length.
inline constexpr std::size_t kMaxLiteralPattern = 2048;

// As simplify() leaves them. Nothing for a pattern that does not compile.
[[nodiscard]] std::vector<Clause> required_texts(std::string_view pattern);

}  // namespace logboom::query
