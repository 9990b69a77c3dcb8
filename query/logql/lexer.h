// Cuts LogQL text into tokens; comments (# to the end of the line) and white space vanish.
//
// Knows the signs of the whole grammar, also of parts the parser refuses, so that the refusal can
// name what was meant instead of pointing at a strange character.
// Errors: invalid, in Loki's form: "parse error at line 1, col 8: ...".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace logboom::query::logql {

enum class TokenKind : std::uint8_t { end, identifier, string, number, sign };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;        // as written; of a string its value, without quotes and escapes
  std::size_t offset = 0;  // of its first byte in the query
};

// The last token is always `end`.
[[nodiscard]] Result<std::vector<Token>> lex(std::string_view query);

// "parse error at line L, col C: message", with the place of `offset` in `query`; columns count
// characters, not bytes.
[[nodiscard]] Error parse_error(std::string_view query, std::size_t offset,
                                std::string_view message);
// "line L, col C".
[[nodiscard]] std::string place_text(std::string_view query, std::size_t offset);

}  // namespace logboom::query::logql
