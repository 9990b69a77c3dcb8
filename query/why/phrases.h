// Causes in words.
#pragma once

#include <string>
#include <string_view>

#include "query/why/rules.h"

namespace logboom::query::why {

// One sentence: the cause with its slots' values and, where that says too little, the line's own
// words, cut.
[[nodiscard]] std::string headline_of(std::string_view cause, const Slots& slots,
                                      std::string_view line);
// A line's words, short enough for a sentence.
[[nodiscard]] std::string quoted_words(std::string_view line);

}  // namespace logboom::query::why
