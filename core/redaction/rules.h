// The rules behind core/redaction.h: each looks at one trigger byte and says which bytes go.
//
// A rule walks only a bounded way around its trigger, or over bytes that it takes out; so the work
// on a line is linear. It adds the bytes it looked at to Line::work; the caller holds the budget.
// Threads: pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace logboom::redaction {

enum class Mark : std::uint8_t { ip, email, authorization, cookie, password, userinfo };
inline constexpr std::array<std::string_view, 6> kMarks = {"<ip>",
                                                           "<email>",
                                                           "<secret:authorization>",
                                                           "<secret:cookie>",
                                                           "<secret:password>",
                                                           "<secret:url-userinfo>"};
inline constexpr std::string_view kWithheld = "<withheld:redaction-budget>";

struct Span {
  std::size_t begin = 0, end = 0;  // of the line, half open, never empty
  Mark mark = Mark::ip;
};

struct Line {
  std::string_view text;
  std::size_t floor = 0;  // bytes before it are decided: a span begins here or later
  std::size_t work = 0;   // bytes looked at so far

  // The byte at `at`, or NUL outside of the line: rules peek without caring for the ends.
  [[nodiscard]] char peek(std::size_t at) const { return at < text.size() ? text[at] : '\0'; }
};

// A separator between a key and its value: '=' or ':' or their percent-encoded forms.
struct Separator {
  std::size_t begin = 0, end = 0;
  bool colon = false;
};

// `at` is the trigger: a '.' between digits, a ':', an '@', the '%' of an encoded one.
[[nodiscard]] std::optional<Span> ipv4(Line& line, std::size_t at);
[[nodiscard]] std::optional<Span> ipv6(Line& line, std::size_t at);
[[nodiscard]] std::optional<Span> ipv6_percent_encoded(Line& line, std::size_t at);
[[nodiscard]] std::optional<Span> email(Line& line, std::size_t at, std::size_t at_length);
[[nodiscard]] std::optional<Span> userinfo(Line& line, std::size_t colon);
[[nodiscard]] std::optional<Span> userinfo_percent_encoded(Line& line, std::size_t percent);

// The value after `key=`, `"key": `, ...; of `--key value`; of <key>value</key>.
[[nodiscard]] std::optional<Span> secret(Line& line, Separator separator);
[[nodiscard]] std::optional<Span> secret_flag(Line& line, std::size_t dash);
[[nodiscard]] std::optional<Span> secret_element(Line& line, std::size_t greater);

// What a key's name says about its value.
struct Key {
  Mark mark = Mark::password;
  bool words = false;   // also used in prose ("token: expected"): a plain word is no secret
  bool path = false;    // also used for paths (PWD=/home/x)
  bool number = false;  // also used for counts and ids (pass=12, sessionid=0x15)
};
// Nothing for a name that means no secret: "DB_PASSWORD", "wpPassword", "x-api-key" do,
// "password_file", "tokens", "compass" do not.
[[nodiscard]] std::optional<Key> secret_key(std::string_view name);
// Could a name with these last two bytes be one? Cheap, for the hot path; false is certain.
[[nodiscard]] bool may_end_secret_key(char before_last, char last);

// Values that hide nothing: null, true, ***, ${VAR}, %s, <password>, our own marks.
[[nodiscard]] bool benign_value(std::string_view value, const Key& key, bool prose);

// True when `text` begins with a mark or a placeholder in angle brackets; its length is in
// `length`.
[[nodiscard]] bool starts_with_mark(std::string_view text, std::size_t& length);

namespace bytes {
inline constexpr std::uint8_t kDigit = 1, kHex = 2, kAlpha = 4, kUnderscore = 8, kSpace = 16,
                              kQuote = 32, kKey = 64, kMail = 128;
inline constexpr std::array<std::uint8_t, 256> kClass = [] {
  std::array<std::uint8_t, 256> table{};
  const auto set = [&](std::string_view bytes, int flags) {
    for (const char c : bytes) {
      auto& entry = table[static_cast<unsigned char>(c)];
      entry = static_cast<std::uint8_t>(entry | flags);
    }
  };
  set("0123456789", kDigit | kHex | kKey | kMail);
  set("abcdefABCDEF", kHex);
  set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", kAlpha | kKey | kMail);
  set("_", kUnderscore | kKey | kMail);
  set("-.", kKey | kMail);
  set("+'!#$*~", kMail);
  set(" \t\r\n\v\f", kSpace);
  set("\"'`", kQuote);
  for (int c = 128; c < 256; ++c) table[static_cast<std::size_t>(c)] = kMail;
  return table;
}();
inline bool is(char c, std::uint8_t flags) {
  return (kClass[static_cast<unsigned char>(c)] & flags) != 0;
}
inline bool digit(char c) { return is(c, kDigit); }
inline bool hex(char c) { return is(c, kHex); }
inline bool word(char c) { return is(c, kDigit | kAlpha | kUnderscore); }
inline bool space(char c) { return is(c, kSpace); }
inline bool quote(char c) { return is(c, kQuote); }
inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
// ASCII, without regard to case; `lower_text` is in lower case.
bool equal(std::string_view text, std::string_view lower_text);
}  // namespace bytes

}  // namespace logboom::redaction
