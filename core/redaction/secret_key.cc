// Which names of keys mean a secret, and which values of theirs hide nothing.
#include <algorithm>
#include <array>

#include "core/redaction/rules.h"

namespace logboom::redaction {
namespace {

// A name means a secret when it ends in one of these, compared in lower case without '-', '_', '.'.
struct Ending {
  std::string_view text;
  bool whole_word;  // "pass" but not "compass": the name begins there, or a new word does
  Key key;
};
constexpr Key kPlain{};
constexpr Key kWords{.words = true, .path = true};
constexpr Key kPath{.path = true};
constexpr std::array<Ending, 33> kEndings = {{
    {"password", false, kPlain},
    {"passwd", false, kPlain},
    {"passphrase", false, kPlain},
    {"passwordconfirm", false, kPlain},
    {"passwordconfirmation", false, kPlain},
    {"pwd", true, kPath},
    {"pass", true, {.number = true}},
    {"mysqlpass", false, kPlain},
    {"dbpass", false, kPlain},
    {"userpass", false, kPlain},
    {"pswd", false, kPlain},
    {"pw", true, kPlain},
    {"secret", false, kWords},
    {"token", false, kWords},
    {"jwt", true, kWords},
    {"apikey", false, kWords},
    {"secretkey", false, kPath},
    {"secretkeybase", false, kPlain},
    {"accesskey", false, kPath},
    {"privatekey", false, kWords},
    {"accountkey", false, kPath},
    {"authkey", false, kPath},
    {"signingkey", false, kWords},
    {"encryptionkey", false, kWords},
    {"masterkey", false, kWords},
    {"subscriptionkey", false, kPath},
    {"sessionkey", false, kWords},
    {"sessionid", false, {.words = true, .number = true}},
    {"credential", false, kWords},
    {"credentials", false, kWords},
    {"amzsignature", false, kPlain},
    {"authorization", false, {.mark = Mark::authorization, .words = true}},
    {"cookie", false, {.mark = Mark::cookie, .words = true, .number = true}},
}};

constexpr std::size_t index_of(char before_last, char last) {
  return static_cast<std::size_t>((before_last - 'a') * 26 + (last - 'a'));
}
constexpr std::array<bool, 26 * 26> kLastTwo = [] {
  std::array<bool, 26 * 26> table{};
  for (const auto& ending : kEndings) {
    table[index_of(ending.text[ending.text.size() - 2], ending.text.back())] = true;
  }
  return table;
}();

constexpr std::size_t kLongestName = 64;

// Values that are words about a secret, types, or switches.
constexpr std::array<std::string_view, 44> kBenignWords = {
    "true",    "false",   "null",     "nil",    "none",    "undefined", "yes",       "no",
    "on",      "off",     "unset",    "empty",  "missing", "required",  "invalid",   "redacted",
    "hidden",  "masked",  "removed",  "str",    "string",  "bool",      "int",       "object",
    "text",    "bytes",   "filtered", "failed", "denied",  "granted",   "ok",        "expired",
    "changed", "updated", "optional", "not",    "is",      "was",       "incorrect", "must",
    "the",     "for",     "disabled", "enabled"};

bool placeholder(std::string_view value) {  // ${X} $X $(x) {{x}} {x} %s %(x)s [x]
  const char first = value.front();
  if (first == '$') {
    if (value.size() > 1 && (value[1] == '{' || value[1] == '(')) return true;
    return value.size() > 1 && std::ranges::all_of(value.substr(1), [](char c) {
             return (c >= 'A' && c <= 'Z') || c == '_';
           });
  }
  if (first == '{') {
    return value.back() == '}' && std::ranges::none_of(value, bytes::digit);
  }
  if (first == '%') {
    return value.size() <= 2 || (value[1] == '(' && bytes::is(value.back(), bytes::kAlpha));
  }
  return bytes::equal(value, "[redacted]") || bytes::equal(value, "[filtered]");
}

bool path_like(std::string_view value) {  // /var/run/x, ~/x, ./x: lower case, unlike base64
  if (value.starts_with("~/") || value.starts_with("./") || value.starts_with("../")) return true;
  if (!value.starts_with('/')) return false;
  const auto slash = value.find('/', 1);
  return std::ranges::none_of(value.substr(1, slash - 1), [](char c) {
    return (c >= 'A' && c <= 'Z') || c == '+' || c == '=';
  });
}

bool number_like(std::string_view value) {
  if (value.starts_with("0x") && value.size() <= 18) return true;
  return value.size() <= 6 && std::ranges::all_of(value, bytes::digit);
}

}  // namespace

bool bytes::equal(std::string_view text, std::string_view lower_text) {
  return std::ranges::equal(text, lower_text, [](char a, char b) { return bytes::lower(a) == b; });
}

bool may_end_secret_key(char before_last, char last) {
  const char a = bytes::lower(before_last), b = bytes::lower(last);
  return a >= 'a' && a <= 'z' && b >= 'a' && b <= 'z' && kLastTwo[index_of(a, b)];
}

std::optional<Key> secret_key(std::string_view name) {
  if (name == "PASS") return std::nullopt;  // PASS: TestSomething
  if (name.size() > kLongestName) name = name.substr(name.size() - kLongestName);
  std::array<char, kLongestName> lower{};
  std::array<bool, kLongestName> starts{};  // a word starts here
  std::size_t length = 0;
  bool boundary = true;
  char previous = '\0';
  for (const char c : name) {
    if (c == '-' || c == '_' || c == '.') {
      boundary = true;
      continue;
    }
    const bool upper = c >= 'A' && c <= 'Z';
    starts[length] = boundary || (upper && !(previous >= 'A' && previous <= 'Z')) ||
                     !bytes::is(previous, bytes::kAlpha);
    lower[length++] = bytes::lower(c);
    boundary = false;
    previous = c;
  }
  const std::string_view normal{lower.data(), length};
  const Ending* best = nullptr;  // the longest: "secretkey" says more than "key"
  for (const auto& ending : kEndings) {
    if (!normal.ends_with(ending.text)) continue;
    if (ending.whole_word && !starts[length - ending.text.size()]) continue;
    if (best == nullptr || ending.text.size() > best->text.size()) best = &ending;
  }
  if (best == nullptr) return std::nullopt;
  return best->key;
}

bool starts_with_mark(std::string_view text, std::size_t& length) {
  if (!text.starts_with('<')) return false;
  const auto close = text.substr(0, 48).find('>');
  if (close == std::string_view::npos || close < 2) return false;
  const auto inside = text.substr(1, close - 1);
  const bool ours = inside.starts_with("ip:") || inside.starts_with("email:") ||
                    inside.starts_with("secret:") || inside.starts_with("withheld:");
  for (const char c : inside) {
    const bool plain = bytes::is(c, bytes::kAlpha) || c == '_' || c == '-' || c == ':' || c == ' ';
    if (!plain && !(ours && bytes::digit(c))) return false;
  }
  length = close + 1;
  return true;
}

bool benign_value(std::string_view value, const Key& key, bool prose) {
  if (value.empty()) return true;
  if (const char first = value.front();
      std::string_view("*.-x?#X").find(first) != std::string_view::npos &&
      value.find_first_not_of(first) == std::string_view::npos) {
    return true;
  }
  std::size_t length = 0;
  if (starts_with_mark(value, length) && length == value.size()) return true;
  if (placeholder(value)) return true;
  if (key.path && path_like(value)) return true;
  if (key.number && number_like(value)) return true;
  auto word = value;
  while (!word.empty() && (word.back() == '.' || word.back() == '!' || word.back() == ',')) {
    word.remove_suffix(1);
  }
  if (word.size() <= 10 && std::ranges::any_of(kBenignWords, [&](std::string_view known) {
        return bytes::equal(word, known);
      })) {
    return true;
  }
  // "unexpected token: identifier", "token: }".
  if (!key.words || !prose || value.size() >= 16) return false;
  if (word.size() < 2) return value.size() <= 2 && std::ranges::none_of(value, bytes::word);
  return bytes::is(word.front(), bytes::kAlpha) &&
         std::ranges::all_of(word.substr(1), [](char c) { return c >= 'a' && c <= 'z'; });
}

}  // namespace logboom::redaction
