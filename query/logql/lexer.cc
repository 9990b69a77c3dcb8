#include "query/logql/lexer.h"

#include <array>
#include <optional>

namespace logboom::query::logql {
namespace {

// Longer signs first: the first that fits is taken.
constexpr std::array<std::string_view, 31> kSigns = {
    "|=", "|~", "|>", "!=", "!~", "!>", "=~", "==", ">=", "<=", "{", "}", "(", ")", "[", "]",
    ",",  "=",  "|",  ">",  "<",  "+",  "-",  "*",  "/",  "%",  "^", "@", ":", ".", "$"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto byte = [&](std::uint32_t value) { out += static_cast<char>(value); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xc0 | point >> 6);
    byte(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    byte(0xe0 | point >> 12);
    byte(0x80 | (point >> 6 & 0x3f));
    byte(0x80 | (point & 0x3f));
  } else {
    byte(0xf0 | point >> 18);
    byte(0x80 | (point >> 12 & 0x3f));
    byte(0x80 | (point >> 6 & 0x3f));
    byte(0x80 | (point & 0x3f));
  }
}

std::optional<char> simple_escape(char c) {
  constexpr std::string_view kNames = "abfnrtv\\\"";
  constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\\"";
  const auto at = kNames.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return kValues[at];
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> all() {
    std::vector<Token> tokens;
    for (;;) {
      skip_blank();
      auto token = next();
      if (!token) return fail(std::move(token).error());
      tokens.push_back(*std::move(token));
      if (tokens.back().kind == TokenKind::end) return tokens;
    }
  }

 private:
  void skip_blank() {
    while (at_ < text_.size()) {
      if (text_[at_] == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (is_space(text_[at_])) {
        ++at_;
      } else {
        return;
      }
    }
  }

  Result<Token> next() {
    if (at_ == text_.size()) return Token{TokenKind::end, "", at_};
    const char c = text_[at_];
    if (c == '"') return quoted();
    if (c == '`') return raw();
    if (is_letter(c)) return run(TokenKind::identifier);
    if (is_digit(c)) return run(TokenKind::number);
    for (const auto sign : kSigns) {
      if (!text_.substr(at_).starts_with(sign)) continue;
      const std::size_t start = at_;
      at_ += sign.size();
      return Token{TokenKind::sign, std::string(sign), start};
    }
    return error(at_, "syntax error: unexpected character");
  }

  // Identifiers; numbers, durations and sizes too: 5, 1.5, 1h30m, 20MB.
  Token run(TokenKind kind) {
    const std::size_t start = at_;
    const auto goes_on = [&](char c) {
      return is_letter(c) || is_digit(c) || (kind == TokenKind::number && c == '.');
    };
    while (at_ < text_.size() && goes_on(text_[at_])) ++at_;
    return Token{kind, std::string(text_.substr(start, at_ - start)), start};
  }

  Result<Token> raw() {
    const std::size_t start = at_;
    const std::size_t end = text_.find('`', start + 1);
    if (end == std::string_view::npos) return error(start, "literal not terminated");
    at_ = end + 1;
    return Token{TokenKind::string, std::string(text_.substr(start + 1, end - start - 1)), start};
  }

  Result<Token> quoted() {
    Token token{TokenKind::string, "", at_++};
    while (at_ < text_.size() && text_[at_] != '\n') {
      const char c = text_[at_++];
      if (c == '"') return token;
      if (c != '\\') {
        token.text += c;
      } else if (auto done = escape(token.text); !done) {
        return fail(std::move(done).error());
      }
    }
    return error(token.offset, "literal not terminated");
  }

  // Go's escapes; at_ is behind the backslash.
  Result<void> escape(std::string& out) {
    const std::size_t start = at_ - 1;
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    if (const auto simple = simple_escape(c)) {
      out += *simple;
      ++at_;
      return {};
    }
    if (c >= '0' && c <= '7') {
      const auto value = digits(3, 8);
      if (!value || *value > 255) return error(start, "invalid char escape");
      out += static_cast<char>(*value);
      return {};
    }
    const std::size_t width = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (width == 0) return error(start, "invalid char escape");
    ++at_;
    const auto value = digits(width, 16);
    if (!value) return error(start, "invalid char escape");
    if (c == 'x') {
      out += static_cast<char>(*value);
      return {};
    }
    const bool surrogate = *value >= 0xd800 && *value < 0xe000;
    if (surrogate || *value > 0x10ffff) return error(start, "invalid char escape");
    append_utf8(out, *value);
    return {};
  }

  std::optional<std::uint32_t> digits(std::size_t count, int base) {
    if (text_.size() - at_ < count) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const int digit = hex_value(text_[at_++]);
      if (digit < 0 || digit >= base) return std::nullopt;
      value = value * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
    }
    return value;
  }

  std::unexpected<Error> error(std::size_t offset, std::string_view message) const {
    return fail(parse_error(text_, offset, message));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<Token>> lex(std::string_view query) { return Lexer(query).all(); }

std::string place_text(std::string_view query, std::size_t offset) {
  std::size_t line = 1, column = 1;
  for (const char c : query.substr(0, offset)) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      ++column;
    }
  }
  return "line " + std::to_string(line) + ", col " + std::to_string(column);
}

Error parse_error(std::string_view query, std::size_t offset, std::string_view message) {
  return Error{Errc::invalid,
               "parse error at " + place_text(query, offset) + ": " + std::string(message)};
}

}  // namespace logboom::query::logql
