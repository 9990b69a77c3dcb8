// Amounts and states as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logboom::ui::cli {

// 850 ms, 41 s, 2 min 5 s, 3 h 12 min, 5 d 2 h. "" for a negative time.
[[nodiscard]] std::string duration_words(std::int64_t milliseconds);
// 512 B, 1.5 KiB, 120 MiB. "" for a negative size.
[[nodiscard]] std::string size_words(std::int64_t bytes);
// Of 100: "almost certain", "likely", "possible", "a guess".
[[nodiscard]] std::string_view confidence_words(int percent);

// How an outcome or a state of health looks: a sign that can be told without colour, and a colour
// (an escape sequence, "" for none).
struct Look {
  std::string_view sign, colour;
};
[[nodiscard]] Look look_of(std::string_view outcome_or_state);

// Columns a text takes: one a code point, which holds for what most logs say.
[[nodiscard]] std::size_t columns(std::string_view text);
// Broken at spaces into lines of at most `width` columns; a longer word is broken anywhere.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t width);
// With spaces after it, or cut off with an ellipsis, to exactly or at most `width` columns.
[[nodiscard]] std::string padded(std::string_view text, std::size_t width);
[[nodiscard]] std::string clipped(std::string_view text, std::size_t width);

// A row of bars, one a value, against the greatest; a space for a negative one.
[[nodiscard]] std::string bars(const std::vector<std::int64_t>& values);

}  // namespace logboom::ui::cli
