#include "query/why/mask.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/batch.h"
#include "query/why/text.h"
#include "query/why/why.h"

namespace logboom::query::why {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool upper(char c) { return c >= 'A' && c <= 'Z'; }
bool letter(char c) { return lower(c) || upper(c) || (static_cast<unsigned char>(c) >= 0x80); }
bool hex(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool word_char(char c) { return digit(c) || letter(c) || c == '_'; }
bool blank_char(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

constexpr std::array<bool, 256> make_blob_chars() {
  std::array<bool, 256> table{};
  for (int c = 0; c < 256; ++c) {
    table[static_cast<std::size_t>(c)] =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
  }
  for (const char c : std::string_view("_.:/\\@%+~-")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr auto kBlobChars = make_blob_chars();
bool blob_char(char c) { return kBlobChars[static_cast<unsigned char>(c)]; }

bool any_of(std::string_view text, auto test) { return std::ranges::any_of(text, test); }
bool all_of(std::string_view text, auto test) { return std::ranges::all_of(text, test); }

constexpr std::array<std::string_view, 24> kTimeUnits = {
    "ns", "us",   "ms",   "s",       "sec",  "secs", "second", "seconds",
    "m",  "min",  "mins", "minutes", "h",    "hr",   "hrs",    "hours",
    "d",  "days", "µs",   "msec",    "usec", "sek",  "minute", "hour"};
constexpr std::array<std::string_view, 24> kSizeUnits = {
    "b", "B",  "k",   "K",  "kb", "kB", "KB",  "KiB", "M",     "MB",    "MiB", "Mi",
    "G", "GB", "GiB", "Gi", "T",  "TB", "TiB", "Ki",  "bytes", "Bytes", "mb",  "gb"};
// Units with a space before them. Not bytes: "wrote 0 bytes" is a count that says something.
constexpr std::array<std::string_view, 20> kSpacedUnits = {
    "ns",      "us",    "ms", "s",  "sec", "secs", "second", "seconds", "min", "mins",
    "minutes", "hours", "kB", "KB", "KiB", "MB",   "MiB",    "GB",      "GiB", "TB"};
// What a structured line calls its message: such words are the template, not data.
constexpr std::array<std::string_view, 18> kMessageKeys = {
    "msg",       "message", "err",    "error",       "event",  "reason",
    "detail",    "details", "status", "state",       "level",  "severity",
    "exception", "cause",   "text",   "description", "result", "action"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

bool in(const auto& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

// 550e8400-e29b-41d4-a716-446655440000
bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < 36; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !hex(text[i])) return false;
  }
  return true;
}

bool is_ipv4(std::string_view text) {
  int groups = 0;
  std::size_t length = 0;
  for (const char c : text) {
    if (digit(c)) {
      if (++length > 3) return false;
    } else if (c == '.' && length > 0) {
      ++groups;
      length = 0;
    } else {
      return false;
    }
  }
  return groups == 3 && length > 0;
}

bool is_ipv6(std::string_view text) {
  int colons = 0;
  std::size_t length = 0;
  bool doubled = false, has_hex = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ':') {
      ++colons;
      doubled |= i > 0 && text[i - 1] == ':';
      length = 0;
    } else if (hex(c)) {
      if (++length > 4) return false;
      has_hex = true;
    } else {
      return false;
    }
  }
  return has_hex && colons <= 7 && (colons == 7 || (doubled && colons >= 2));
}

// A random name, which may be of digits alone and so has a number's mark: pod suffixes, hashes,
// keys. Not words with a number behind them.
bool is_id(std::string_view word) {
  std::size_t digits = 0, runs = 0, hexes = 0, lowers = 0, uppers = 0;
  bool in_digits = false;
  for (const char c : word) {
    digits += digit(c);
    hexes += hex(c);
    lowers += lower(c);
    uppers += upper(c);
    if (digit(c) && !in_digits) ++runs;
    in_digits = digit(c);
  }
  if (digits == word.size()) return false;
  if (digits == 0) return hexes == word.size() && word.size() >= 8;
  if (hexes == word.size() && word.size() >= 7) return true;
  if (word.size() >= 5 && runs >= 2 && digits + lowers + uppers == word.size() &&
      (digits * 4 >= word.size() || word.size() >= 16)) {
    return true;
  }
  return word.size() >= 20 && lowers > 0 && uppers > 0;
}

// `1.25s`, `3m12s`, `12MB`: a number and its unit, as often as it comes.
std::string_view quantity(std::string_view word) {
  constexpr std::size_t kId = 7;  // so long a piece of hex may well be an id: 0921428d
  if (word.size() >= kId && all_of(word, hex)) return {};
  bool time = true, size = true;
  std::size_t at = 0, parts = 0;
  while (at < word.size()) {
    const auto number = at;
    while (at < word.size() && (digit(word[at]) || word[at] == '.')) ++at;
    if (at == number || !digit(word[number])) return {};
    const auto unit = at;
    while (at < word.size() && letter(word[at])) ++at;
    if (at == unit) return {};
    const auto name = word.substr(unit, at - unit);
    time &= in(kTimeUnits, name);
    size &= in(kSizeUnits, name) && parts == 0;
    ++parts;
  }
  return parts == 0 ? std::string_view() : time ? "<dur>" : size ? "<size>" : std::string_view();
}

class Masker {
 public:
  Masker(std::string_view text, Mask& mask) : text_(text), mask_(mask), out_(mask.text) {}

  void run() {
    const auto first = text_.find_first_not_of(" \t");
    json_ = first != std::string_view::npos && (text_[first] == '{' || text_[first] == '[');
    while (at_ < text_.size()) step();
    while (!out_.empty() && out_.back() == ' ') out_.pop_back();
  }

 private:
  void step() {
    const char c = text_[at_];
    if (blank_char(c)) {
      if (!out_.empty() && out_.back() != ' ') out_ += ' ';
      ++at_;
    } else if (word_char(c) || ((c == '/' || c == '.' || c == '~') && starts_path())) {
      blob();
    } else if ((c == '-' || c == '+') && at_ + 1 < text_.size() && digit(text_[at_ + 1]) &&
               (at_ == 0 || blank_char(text_[at_ - 1]) || text_[at_ - 1] == '=')) {
      ++at_;
    } else if ((c == '"' || c == '\'' || c == '`') && quoted(c)) {
      return;
    } else if (c == '<' && redaction_mark()) {
      return;
    } else {
      punctuation(c);
    }
  }

  [[nodiscard]] bool starts_path() const {
    const auto rest = text_.substr(at_, 4);
    return rest.size() > 1 && (rest[0] == '/' ? blob_char(rest[1]) && rest[1] != '/'
                                              : rest.starts_with("./") || rest.starts_with("../") ||
                                                    rest.starts_with("~/"));
  }

  void punctuation(char c) {
    std::size_t n = 1;
    while (at_ + n < text_.size() && text_[at_ + n] == c) ++n;
    out_.append(std::min<std::size_t>(n, 2), c);
    at_ += n;
  }

  // <ip:k7:9f3ac21b04> hides an address by another name every so often.
  bool redaction_mark() {
    const auto end = text_.find('>', at_);
    if (end == std::string_view::npos || end - at_ > 60) return false;
    const auto inside = text_.substr(at_ + 1, end - at_ - 1);
    const auto colon = inside.find(':');
    if (colon == std::string_view::npos || inside.find(' ') != std::string_view::npos) return false;
    if (colon == 0 || !all_of(inside.substr(0, colon), lower)) return false;
    if (inside.starts_with("secret:")) return false;
    out_ += '<';
    out_ += inside.substr(0, colon);
    out_ += '>';
    at_ = end + 1;
    return true;
  }

  bool quoted(char quote) {
    if (at_ > 0 && word_char(text_[at_ - 1])) return false;
    auto end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos && quote == '`') end = text_.find('\'', at_ + 1);
    if (end == std::string_view::npos || end == at_ + 1 || end - at_ > 160) return false;
    if (end + 1 < text_.size() && word_char(text_[end + 1])) return false;
    const auto inside = text_.substr(at_ + 1, end - at_ - 1);
    const auto words = 1 + std::ranges::count(inside, ' ');
    const bool key = json_ && end + 1 < text_.size() && text_[end + 1] == ':';
    const bool plain = inside.size() <= 16 && all_of(inside, lower);
    if (key || plain || words > 3 || inside.find("://") != std::string_view::npos ||
        in(kMessageKeys, key_before())) {
      return false;
    }
    out_ += quote;
    out_ += '*';
    out_ += text_[end];
    at_ = end + 1;
    return true;
  }

  // The key whose value starts here: `msg=` or `"msg": `.
  [[nodiscard]] std::string_view key_before() const {
    auto end = at_;
    while (end > 0 && text_[end - 1] == ' ') --end;
    if (end == 0 || (text_[end - 1] != '=' && text_[end - 1] != ':')) return {};
    --end;
    if (end > 0 && text_[end - 1] == '"') --end;
    auto begin = end;
    while (begin > 0 && word_char(text_[begin - 1])) --begin;
    return text_.substr(begin, end - begin);
  }

  // Takes the unit behind a number, if there is one.
  bool spaced_unit() {
    if (at_ + 1 >= text_.size() || text_[at_] != ' ') return false;
    auto end = at_ + 1;
    while (end < text_.size() && word_char(text_[end])) ++end;
    const auto unit = text_.substr(at_ + 1, end - at_ - 1);
    if (!in(kSpacedUnits, unit)) return false;
    out_ += in(kTimeUnits, unit) ? "<dur>" : "<size>";
    at_ = end;
    return true;
  }

  // Months and days are words, unless a number or another of them follows.
  [[nodiscard]] bool in_a_date(std::string_view word) const {
    if (word.size() != 3 || !upper(word[0]) || (!in(kMonths, word) && !in(kDays, word))) {
      return false;
    }
    auto rest = text_.substr(at_);
    while (!rest.empty() && (rest[0] == ' ' || rest[0] == ',')) rest.remove_prefix(1);
    return !rest.empty() && (digit(rest[0]) || in(kMonths, rest.substr(0, 3)));
  }

  void number() {
    // One mark for a list of numbers, so that its length does not matter.
    static constexpr std::array<std::string_view, 3> kBetween = {"# ", "#, ", "#,"};
    for (const auto between : kBetween) {
      if (out_.ends_with(between)) {
        out_.resize(out_.size() - between.size() + 1);
        return;
      }
    }
    out_ += '#';
  }

  void note_number(std::string_view digits) {
    std::int64_t value = 0;
    const auto end = digits.data() + digits.size();
    if (digits.size() > 18 || std::from_chars(digits.data(), end, value).ptr != end) return;
    if (!mask_.greatest || *mask_.greatest < value) mask_.greatest = value;
  }

  void blob() {
    auto end = at_;
    while (end < text_.size() && blob_char(text_[end])) ++end;
    std::string_view blob = text_.substr(at_, end - at_);
    // Punctuation behind a word belongs to the sentence.
    while (blob.size() > 1 && (blob.back() == '.' || blob.back() == ':' || blob.back() == '-')) {
      blob.remove_suffix(1);
    }
    at_ += blob.size();
    if (all_of(blob, letter)) {
      if (in_a_date(blob)) {
        out_ += "<day>";
      } else if (is_id(blob)) {
        number();
      } else {
        out_ += blob;
      }
      return;
    }
    if (blob.find("://") != std::string_view::npos) {
      while (at_ < text_.size() && !blank_char(text_[at_]) && text_[at_] != '"' &&
             text_[at_] != '\'' && text_[at_] != ')' && text_[at_] != '>') {
        ++at_;
      }
      out_ += "<url>";
      return;
    }
    if (!whole(blob)) parts(blob);
  }

  // Marks that take a blob as a whole.
  bool whole(std::string_view blob) {
    const bool starts_digit = digit(blob.front());
    if (starts_digit && all_of(blob, digit)) {
      // 1,234,567 is one number.
      std::string joined;
      while (at_ + 3 < text_.size() && text_[at_] == ',' && digit(text_[at_ + 1]) &&
             digit(text_[at_ + 2]) && digit(text_[at_ + 3]) &&
             (at_ + 4 >= text_.size() || !word_char(text_[at_ + 4]))) {
        if (joined.empty()) joined = blob;
        joined += text_.substr(at_ + 1, 3);
        at_ += 4;
      }
      if (spaced_unit()) return true;
      note_number(joined.empty() ? blob : std::string_view(joined));
      number();
      return true;
    }
    if (const auto length = leading_time(blob); length == blob.size()) {
      out_ += "<time>";
      return true;
    }
    if (starts_digit) {
      if (is_ipv4(blob.substr(0, blob.find_first_of(":/")))) {
        out_ += "<ip>";
        return true;
      }
      if (blob.back() == '%') {
        out_ += "<pct>";
        return true;
      }
      if (const auto mark = quantity(blob); !mark.empty()) {
        out_ += mark;
        return true;
      }
      // 2024-05-01, 01.05.2024, 3/10, 1.5e-3
      if (all_of(blob,
                 [](char c) { return digit(c) || c == '-' || c == '/' || c == '.' || c == ':'; })) {
        if (blob.size() >= 8 && std::ranges::count(blob, '-') == 2) {
          out_ += "<time>";
        } else if (!spaced_unit()) {
          number();
        }
        return true;
      }
    }
    if (is_uuid(blob)) {
      number();
      return true;
    }
    if (is_ipv6(blob)) {
      out_ += "<ip>";
      return true;
    }
    const auto at_sign = blob.find('@');
    if (at_sign != std::string_view::npos && at_sign > 0 &&
        blob.find('/') == std::string_view::npos && blob.find('.', at_sign) != blob.npos &&
        letter(blob.back()) && !digit(blob[at_sign + 1])) {
      out_ += "<mail>";
      return true;
    }
    return false;
  }

  void parts(std::string_view blob) {
    static constexpr std::array<std::string_view, 4> kTemporary = {
        "/tmp/", "/var/tmp/", "/private/tmp/", "/var/folders/"};
    for (const auto directory : kTemporary) {
      if (blob.starts_with(directory)) {
        out_ += "/tmp/*";
        return;
      }
    }
    std::size_t at = 0;
    while (at < blob.size()) {
      auto end = at;
      while (end < blob.size() && (digit(blob[end]) || letter(blob[end]))) ++end;
      if (end == at) {
        out_ += blob[at++];
        continue;
      }
      const auto part = blob.substr(at, end - at);
      // After a dash even a short piece of hex is more likely an id than a word: vol-d969.
      if (at > 0 && blob[at - 1] == '-' && part.size() >= 4 && all_of(part, hex) &&
          any_of(part, digit) && any_of(part, lower)) {
        number();
      } else {
        word(part);
      }
      at = end;
    }
  }

  void word(std::string_view word) {
    if (word.size() > 2 && word.starts_with("0x") && all_of(word.substr(2), hex)) {
      number();
    } else if (is_id(word)) {
      number();
    } else if (word.size() == 3 && upper(word[0]) && in(kMonths, word)) {
      out_ += "<day>";
    } else if (!any_of(word, digit)) {
      out_ += word;
    } else {
      bool in_digits = false;
      for (const char c : word) {
        if (!digit(c)) out_ += c;
        if (digit(c) && !in_digits) out_ += '#';
        in_digits = digit(c);
      }
    }
  }

  std::string_view text_;
  Mask& mask_;
  std::string& out_;
  std::size_t at_ = 0;
  bool json_ = false;
};

}  // namespace

void mask_line(std::string_view clean, Mask& mask) {
  mask.text.clear();
  mask.greatest.reset();
  Masker(clean.substr(0, kMaskedBytes), mask).run();
}

std::uint64_t hash_of(const Mask& mask) {
  if (mask.text.empty()) return 0;
  const auto hash = XXH3_64bits(mask.text.data(), mask.text.size());
  return hash == 0 ? 1 : hash;
}

std::string masked(std::string_view line) {
  Arena arena;
  Mask mask;
  mask_line(clean_line(line, arena).text, mask);
  return mask.text;
}

std::uint64_t template_hash(std::string_view line) {
  Arena arena;
  Mask mask;
  mask_line(clean_line(line, arena).text, mask);
  return hash_of(mask);
}

}  // namespace logboom::query::why
