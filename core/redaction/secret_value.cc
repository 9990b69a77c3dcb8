// Finds the key before a separator and, when its name means a secret, how far the value goes.
//
// Where a value ends is a guess in free text; each guess here errs towards taking out too much: an
// unclosed quote runs to the end of the line, and a ',' or ';' ends a bare value only where another
// key or a space follows.
#include <algorithm>
#include <array>

#include "core/redaction/rules.h"

namespace logboom::redaction {
namespace {

using bytes::is;
using bytes::lower;
using bytes::quote;

constexpr std::size_t kMostSpaces = 16;  // between key, separator and value
constexpr std::size_t kLongestKey = 64;
constexpr std::size_t kLookahead = 40;  // for the next key behind a delimiter
constexpr std::size_t kLongestElement = 4096;

bool blank(char c) { return c == ' ' || c == '\t'; }

// A quote with the backslashes before it: \" inside of JSON in a string.
struct Quote {
  char byte = '\0';  // '%' stands for an encoded one, %22
  std::size_t backslashes = 0;
};

struct Name {
  std::size_t begin = 0;
  Key key;
  bool quoted = false;  // "key": x, rather than key: x
};

bool encoded_at(const Line& line, std::size_t at, std::string_view hex_pair) {
  return line.peek(at) == '%' && line.peek(at + 1) == hex_pair[0] &&
         lower(line.peek(at + 2)) == hex_pair[1];
}

// Steps back over what may stand between a key and its separator; returns the key's end.
std::size_t key_end(const Line& line, std::size_t at, bool& quoted) {
  const auto text = line.text;
  const std::size_t floor = line.floor;
  for (std::size_t n = 0; at > floor && n < kMostSpaces && blank(text[at - 1]); ++n) --at;
  if (at >= floor + 4 && text[at - 1] == 'm') {  // a colour: \e[36mtoken\e[0m=
    std::size_t escape = at - 1;
    while (escape > floor && at - escape < 8 && text[escape] != '\x1b') --escape;
    if (text[escape] == '\x1b') return escape;
  }
  for (std::size_t n = 0; at > floor && n < 8; ++n) {
    const char c = text[at - 1];
    if (quote(c) || c == '\\') {
      quoted = true;
    } else if (at >= floor + 3 &&
               (encoded_at(line, at - 3, "22") || encoded_at(line, at - 3, "5d"))) {
      quoted = true;
      at -= 2;
    } else if (c != ']') {
      break;
    }
    --at;
  }
  return at;
}

std::optional<Name> name_before(Line& line, std::size_t separator) {
  const auto text = line.text;
  Name name;
  std::size_t end = separator;
  if (end > line.floor &&
      std::string_view("?.+|").find(line.text[end - 1]) != std::string_view::npos) {
    --end;  // ?=, .=, +=, ||=
  }
  end = key_end(line, end, name.quoted);
  std::size_t letters = end;  // without a number behind: password2
  while (letters > line.floor && end - letters < 3 && bytes::digit(text[letters - 1])) --letters;
  while (letters > line.floor && letters < end && is(text[letters - 1], bytes::kUnderscore))
    --letters;
  if (letters < line.floor + 2 || !may_end_secret_key(text[letters - 2], text[letters - 1])) {
    return std::nullopt;
  }
  name.begin = letters;
  while (name.begin > line.floor && letters - name.begin < kLongestKey &&
         is(text[name.begin - 1], bytes::kKey)) {
    --name.begin;
  }
  line.work += separator - name.begin;
  const auto key = secret_key(text.substr(name.begin, letters - name.begin));
  if (!key) return std::nullopt;
  name.key = *key;
  return name;
}

// The opening quote at `at`, if there is one there.
std::optional<Quote> quote_at(const Line& line, std::size_t at) {
  if (encoded_at(line, at, "22")) return Quote{'%', 0};
  std::size_t backslashes = 0;
  while (line.peek(at + backslashes) == '\\' && backslashes < 16) ++backslashes;
  if (!quote(line.peek(at + backslashes))) return std::nullopt;
  return Quote{line.peek(at + backslashes), backslashes};
}

std::size_t length_of(Quote mark) { return mark.byte == '%' ? 3 : mark.backslashes + 1; }

// Where the closing one begins, or the end of the line. One level of escaping turns k backslashes
// into 2k + 1, so the closing quote has k more than a multiple of 2(k + 1).
std::size_t closing_quote(Line& line, std::size_t from, Quote open) {
  const auto text = line.text;
  std::size_t backslashes = 0;
  for (std::size_t at = from; at < text.size(); ++at) {
    const char c = text[at];
    if (open.byte == '%') {
      if (encoded_at(line, at, "22") || is(c, bytes::kSpace) || c == '&') return at;
      continue;
    }
    if (c == open.byte && backslashes % (2 * (open.backslashes + 1)) == open.backslashes) {
      line.work += at - from;
      return at - open.backslashes;
    }
    backslashes = c == '\\' ? backslashes + 1 : 0;
  }
  line.work += text.size() - from;
  return text.size();
}

// \n, \r, \t, \" and \u00xx as they stand in JSON: no part of a bare value.
bool escape_at(const Line& line, std::size_t at) {
  while (line.peek(at) == '\\') ++at;
  const char c = line.peek(at);
  return c == 'n' || c == 'r' || c == 't' || quote(c) ||
         (c == 'u' && line.peek(at + 1) == '0' && line.peek(at + 2) == '0');
}

bool key_or_bracket(char c) { return is(c, bytes::kKey) || c == ' ' || c == '[' || c == ']'; }

// Does something new begin at `at`, behind a ',' ';' '&' or '|'? A key, a quote, a space, the end.
bool begins_anew(Line& line, std::size_t at) {
  const char first = line.peek(at);
  if (at >= line.text.size() || is(first, bytes::kSpace) || quote(first)) return true;
  if (std::string_view("[{<\\,;&|").find(first) != std::string_view::npos) return true;
  if (line.text.substr(at).starts_with("amp;")) return true;
  std::size_t end = at;
  while (end - at < kLookahead && key_or_bracket(line.peek(end))) ++end;
  line.work += end - at;
  const char c = line.peek(end);
  return end > at && (c == '=' || c == ':' || (c == '%' && line.peek(end + 1) == '3'));
}

bool next_key_at(Line& line, std::size_t at) {
  std::size_t end = at;
  while (end - at < kLookahead && is(line.peek(end), bytes::kKey)) ++end;
  line.work += end - at;
  const char value = line.peek(end + 1);
  return end > at && line.peek(end) == '=' && is(line.text[at], bytes::kAlpha) && value != '=' &&
         static_cast<unsigned char>(value) > ' ';
}

std::size_t bare_value_end(Line& line, std::size_t from) {
  const auto text = line.text;
  std::size_t at = from, depth = 0, length = 0;
  if (starts_with_mark(text.substr(from), length)) at += length;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    const char next = line.peek(at + 1);
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '"') break;
    if ((c == ',' || c == ';' || c == '&' || c == '|') && begins_anew(line, at + 1)) break;
    if ((c == '\'' || c == '`') && !bytes::word(next)) break;
    if (c == '\\' && escape_at(line, at)) break;
    if (c == '%' && (encoded_at(line, at, "26") || encoded_at(line, at, "22"))) break;
    if (c == '<' && next == '/') break;
    if (c == '<' && starts_with_mark(text.substr(at), length)) break;
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c != ')' && c != ']' && c != '}' && c != '>') continue;
    if (depth > 0) {  // its own pair: {x}, $(x)
      --depth;
    } else if (static_cast<unsigned char>(next) <= ' ' ||
               std::string_view(",;.:&|<\\)]}>\"'`").find(next) != std::string_view::npos) {
      break;
    }
  }
  line.work += at - from;
  return at;
}

// The end of a header that goes on to the end of its line: Cookie, and schemes with parameters.
// `enclosing`: the quote that the whole header stands in, if any.
std::size_t header_end(Line& line, std::size_t from, std::optional<Quote> enclosing) {
  if (enclosing) return closing_quote(line, from, *enclosing);
  const auto text = line.text;
  bool inside = false;  // a quoted parameter: realm="x"
  std::size_t at = from;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n' || c == '\r') break;
    if (c == '"') {
      if (!inside && line.peek(at - 1) != '=' && line.peek(at - 1) != '\\') break;
      inside = !inside;
    }
    if (c == '\\' && !inside && escape_at(line, at) && text[at - 1] != '=') break;
  }
  line.work += at - from;
  while (at > from && is(text[at - 1], bytes::kSpace)) --at;
  return at;
}

bool is_scheme(std::string_view word, const auto& schemes) {
  return std::ranges::any_of(schemes,
                             [&](std::string_view known) { return bytes::equal(word, known); });
}
constexpr std::array<std::string_view, 10> kTokenSchemes = {
    "basic", "bearer", "token", "negotiate", "ntlm", "apikey", "key", "jwt", "bot", "splunk"};
constexpr std::array<std::string_view, 7> kParameterSchemes = {
    "digest", "oauth", "hawk", "aws4-hmac-sha256", "signature", "mac", "scram-sha-256"};

std::size_t bare_authorization_end(Line& line, std::size_t from, std::optional<Quote> enclosing) {
  const auto text = line.text;
  if (enclosing) return closing_quote(line, from, *enclosing);
  const std::size_t end = bare_value_end(line, from);
  const auto word = text.substr(from, end - from);
  if (is_scheme(word, kParameterSchemes)) return header_end(line, from, enclosing);
  std::size_t next = end;
  while (blank(line.peek(next)) && next - end < kMostSpaces) ++next;
  if (next > end && is_scheme(word, kTokenSchemes)) return bare_value_end(line, next);
  return end;
}

std::size_t bare_cookie_end(Line& line, std::size_t from, std::optional<Quote> enclosing) {
  if (enclosing) return closing_quote(line, from, *enclosing);
  const std::size_t end = bare_value_end(line, from);
  const auto first = line.text.substr(from, end - from);
  const bool list = first.find('=') != std::string_view::npos;
  return list ? header_end(line, from, enclosing) : end;
}

// ["a", "b"]: from the first to the last quoted element.
std::optional<Span> quoted_list(Line& line, std::size_t from, Quote open, const Key& key) {
  std::size_t begin = from + length_of(open), end = begin, at = from;
  while (quote_at(line, at)) {
    end = closing_quote(line, at + length_of(open), open);
    at = std::min(line.text.size(), end + length_of(open));
    if (line.peek(at) != ',') break;
    ++at;
    while (blank(line.peek(at))) ++at;
  }
  if (end <= begin || benign_value(line.text.substr(begin, end - begin), key, false)) {
    return std::nullopt;
  }
  return Span{begin, end, key.mark};
}

// The value that starts at `at`, behind the separator and its spaces. `prose`: "key: value" with a
// space and no quotes, as people write.
std::optional<Span> value_at(Line& line, std::size_t at, const Name& name, bool prose, bool colon) {
  const auto text = line.text;
  if (is(line.peek(at), bytes::kAlpha) && quote(line.peek(at + 1)) &&
      std::string_view("bBuUrR").find(text[at]) != std::string_view::npos) {
    ++at;  // b'...' of Python
  }
  const auto spanning = [&](std::size_t end) -> std::optional<Span> {
    const auto value = text.substr(at, end - at);
    if (end <= at || benign_value(value, name.key, prose)) return std::nullopt;
    return Span{at, end, name.key.mark};
  };
  const char first = line.peek(at);
  if (first == '[' || encoded_at(line, at, "5b")) {
    const std::size_t inside = at + (first == '[' ? 1 : 3);
    if (const auto open = quote_at(line, inside)) {
      return quoted_list(line, inside, *open, name.key);
    }
    if (name.key.mark != Mark::password) {  // map[Cookie:[a=b; c=d]] of Go
      at = inside;
      const auto close = text.find_first_of("]\n", at);
      const std::size_t end = close == std::string_view::npos ? text.size() : close;
      line.work += end - at;
      return spanning(end);
    }
  }
  if (const auto open = quote_at(line, at)) {
    at += length_of(*open);
    prose = false;
    return spanning(closing_quote(line, at, *open));
  }
  const char next = line.peek(at + 1);
  if (first == '{' &&
      (quote(next) || is(next, bytes::kSpace) || next == '\\' || next == '}' || next == '{')) {
    return std::nullopt;  // an object, looked at key by key, or a template
  }
  std::optional<Quote> enclosing;
  if (!name.quoted && name.begin > 0 && quote(text[name.begin - 1])) {
    std::size_t backslashes = 0;
    while (backslashes < 16 && name.begin >= backslashes + 2 &&
           text[name.begin - 2 - backslashes] == '\\') {
      ++backslashes;
    }
    enclosing = Quote{text[name.begin - 1], backslashes};
  }
  if (name.key.mark == Mark::authorization) {
    return spanning(bare_authorization_end(line, at, enclosing));
  }
  if (name.key.mark == Mark::cookie && colon) {
    return spanning(bare_cookie_end(line, at, enclosing));
  }
  return spanning(bare_value_end(line, at));
}

}  // namespace

std::optional<Span> secret(Line& line, Separator separator) {
  const auto text = line.text;
  const auto name = name_before(line, separator.begin);
  if (!name) return std::nullopt;
  std::size_t length = 0;
  if (name->begin > 0 && text[name->begin - 1] == '<' &&
      starts_with_mark(text.substr(name->begin - 1), length)) {
    return std::nullopt;  // <secret:password>
  }
  const bool bare_colon = separator.colon && !name->quoted;
  std::size_t at = separator.end;
  while (at - separator.end < 4 &&
         std::string_view("=:>").find(line.peek(at)) != std::string_view::npos &&
         at < text.size()) {
    ++at;
  }
  const auto behind = text.substr(separator.end, at - separator.end);
  const char next = line.peek(at);
  if (bare_colon && behind == ":" && bytes::word(next)) return std::nullopt;  // Password::check
  if (bare_colon && next == '/' && line.peek(at + 1) == '/') return std::nullopt;  // token://x
  const std::size_t spaces = at;
  while (blank(line.peek(at)) && at - spaces < kMostSpaces) ++at;
  if (at >= text.size()) return std::nullopt;
  if (!separator.colon && at > spaces && !blank(line.peek(separator.begin - 1)) &&
      next_key_at(line, at)) {
    return std::nullopt;  // token= user=bob
  }
  const bool prose = bare_colon && at > spaces;
  if (prose && name->begin > 0 && text[name->begin - 1] == '/') {
    return std::nullopt;  // open /etc/passwd: permission denied
  }
  return value_at(line, at, *name, prose, separator.colon);
}

std::optional<Span> secret_flag(Line& line, std::size_t dash) {
  const auto text = line.text;
  if (dash > line.floor && is(text[dash - 1], bytes::kKey)) return std::nullopt;
  std::size_t end = dash + 2;
  while (end - dash < kLongestKey && is(line.peek(end), bytes::kKey)) ++end;
  line.work += end - dash;
  if (end < dash + 4 || !may_end_secret_key(text[end - 2], text[end - 1])) return std::nullopt;
  const auto key = secret_key(text.substr(dash + 2, end - dash - 2));
  if (!key) return std::nullopt;
  std::size_t at = end;  // --password x, and "--password", "x" of an argument list
  const auto closing = quote_at(line, at);
  if (closing) {
    at += length_of(*closing);
    if (line.peek(at) == ',') ++at;
  }
  const std::size_t spaces = at;
  while (blank(line.peek(at)) && at - spaces < kMostSpaces) ++at;
  if (at == end || at >= text.size() || line.peek(at) == '-') return std::nullopt;
  if (closing && !quote_at(line, at)) return std::nullopt;
  Name name{.begin = dash, .key = *key, .quoted = closing.has_value()};
  return value_at(line, at, name, false, false);
}

std::optional<Span> secret_element(Line& line, std::size_t greater) {
  const auto text = line.text;
  std::size_t begin = greater;
  while (begin > line.floor && greater - begin < kLongestKey && is(text[begin - 1], bytes::kKey)) {
    --begin;
  }
  line.work += greater - begin;
  if (begin == 0 || text[begin - 1] != '<') return std::nullopt;
  const auto key = secret_key(text.substr(begin, greater - begin));
  if (!key) return std::nullopt;
  const auto rest = text.substr(greater + 1, kLongestElement);
  const auto close = rest.find('<');
  line.work += std::min(close, rest.size());
  if (close == std::string_view::npos || close == 0 || line.peek(greater + 2 + close) != '/' ||
      benign_value(rest.substr(0, close), *key, false)) {
    return std::nullopt;
  }
  return Span{greater + 1, greater + 1 + close, key->mark};
}

}  // namespace logboom::redaction
