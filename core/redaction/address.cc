// IPv4 and IPv6 addresses, and what only looks like one: versions, times, C++ scopes, MACs.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "core/redaction/rules.h"

namespace logboom::redaction {
namespace {

using bytes::digit;
using bytes::hex;
using bytes::is;
using bytes::word;

constexpr std::size_t kLongestIpv6 = 45;  // eight groups, the last two as IPv4

// Words before a dotted quad that make it a version or a section: "version: 1.2.3.4".
constexpr std::array<std::string_view, 11> kVersionWords = {
    "ver", "release",  "section",  "chapter", "build",   "rev",
    "sdk", "revision", "firmware", "oid",     "versions"};
// The same in a user agent: "Opera/1.2.3.4". Other words stay out: Java writes "host/10.0.0.1".
constexpr std::array<std::string_view, 18> kBrowsers = {"chrome", "chromium", "headlesschrome",
                                                        "crios",  "safari",   "firefox",
                                                        "opera",  "opr",      "edg",
                                                        "edge",   "edga",     "msie",
                                                        "silk",   "trident",  "samsungbrowser",
                                                        "fxios",  "vivaldi",  "yabrowser"};
// After name-1.2.3.4: the file's suffix says that it is a package.
constexpr std::array<std::string_view, 14> kPackageSuffixes = {
    ".jar", ".tar", ".tgz", ".zip", ".whl", ".deb", ".rpm",
    ".gem", ".nup", ".dll", ".so",  ".exe", ".war", ".pom"};

bool after_version_word(std::string_view text, std::size_t begin) {
  std::size_t end = begin;
  for (int skipped = 0; end > 0 && skipped < 4; ++skipped, --end) {
    if (std::string_view(" \t=:/-_(\"'.").find(text[end - 1]) == std::string_view::npos) break;
  }
  std::size_t at = end;
  while (at > 0 && end - at < 16 && is(text[at - 1], bytes::kAlpha)) --at;
  const auto last = text.substr(at, end - at);
  const auto between = text.substr(end, begin - end);
  const auto listed = [&](const auto& words) {
    return std::ranges::any_of(words,
                               [&](std::string_view known) { return bytes::equal(last, known); });
  };
  if (between.empty()) return bytes::equal(last, "v");
  if (between == ".") return bytes::equal(last, "so");
  if (between == "/" && listed(kBrowsers)) return true;
  if (last.size() >= 7 && bytes::equal(last.substr(last.size() - 7), "version")) return true;
  return listed(kVersionWords);
}

bool names_a_package(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin < 2 || (text[begin - 1] != '-' && text[begin - 1] != '_')) return false;
  if (!bytes::word(text[begin - 2])) return false;
  const auto rest = text.substr(end, 4);
  return std::ranges::any_of(kPackageSuffixes,
                             [&](std::string_view suffix) { return rest.starts_with(suffix); });
}

bool all_groups_are_bytes(std::string_view text) {  // aa:bb:cc:...: a MAC, a GUID, a fingerprint
  for (std::size_t at = 0; at < text.size(); at += 3) {
    if (at + 2 > text.size() || !hex(text[at]) || !hex(text[at + 1])) return false;
    if (at + 2 < text.size() && text[at + 2] != ':') return false;
  }
  return text.size() % 3 == 2;
}

bool stays(const std::array<std::uint8_t, 16>& address) {  // ::, ::1, and 127/8, 0.0.0.0 mapped
  const bool zeros = std::all_of(address.begin(), address.begin() + 10,
                                 [](std::uint8_t byte) { return byte == 0; });
  if (!zeros) return false;
  const bool mapped = address[10] == 0xff && address[11] == 0xff;
  if (!mapped && (address[10] != 0 || address[11] != 0)) return false;
  if (mapped && address[12] == 127) return true;
  const bool unspecified = address[12] == 0 && address[13] == 0 && address[14] == 0;
  return unspecified && (address[15] == 0 || (!mapped && address[15] == 1));
}

struct Shape {
  std::size_t colons = 0;
  bool compressed = false, digits = false, dots = false;
};
Shape shape_of(std::string_view text) {
  Shape shape;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ':') {
      ++shape.colons;
      shape.compressed = shape.compressed || (i + 1 < text.size() && text[i + 1] == ':');
    }
    shape.digits = shape.digits || digit(text[i]);
    shape.dots = shape.dots || text[i] == '.';
  }
  return shape;
}

// The length of the address that `text`, a run of hex digits, ':' and '.', starts with, or 0.
// `next` is the byte after the run.
std::size_t ipv6_length(std::string_view text, char next) {
  if (word(next)) {  // the last group is the start of a word: "fe80::1:eth0", "c10::Error"
    const auto last = text.rfind(':');
    if (last == std::string_view::npos || last == 0 || text[last - 1] == ':') return 0;
    text = text.substr(0, last);
  }
  if (const auto dot = text.find('.'); dot != std::string_view::npos) {
    text = text.substr(0, text.find(':', dot));  // a port behind an embedded IPv4
  }
  while (text.ends_with('.')) text.remove_suffix(1);
  if (text.ends_with(':') && (!text.ends_with("::") || text.ends_with(":::"))) {
    text.remove_suffix(1);
  }
  auto shape = shape_of(text);
  if (!shape.digits || shape.colons < 2) return 0;
  if (!shape.compressed) {
    if (all_groups_are_bytes(text)) return 0;
    if (shape.colons == 8 && !shape.dots) {  // a port behind a full address
      text = text.substr(0, text.rfind(':'));
      --shape.colons;
    }
    if (shape.colons != (shape.dots ? 6U : 7U)) return 0;
  }
  if (text.size() > kLongestIpv6) return 0;
  std::array<char, kLongestIpv6 + 1> buffer{};
  std::memcpy(buffer.data(), text.data(), text.size());
  std::array<std::uint8_t, 16> address{};
  if (inet_pton(AF_INET6, buffer.data(), address.data()) != 1) return 0;
  return stays(address) ? 0 : text.size();
}

}  // namespace

std::optional<Span> ipv4(Line& line, std::size_t at) {
  const auto text = line.text;
  std::size_t begin = at;
  while (begin > line.floor && at - begin < 4 && digit(text[begin - 1])) --begin;
  if (at - begin > 3) return std::nullopt;
  if (begin >= 2 && text[begin - 1] == '.' && digit(text[begin - 2])) return std::nullopt;
  std::array<unsigned, 4> octets{};
  std::size_t end = begin;
  for (std::size_t index = 0; index < 4; ++index) {
    if (index > 0 && line.peek(end++) != '.') return std::nullopt;
    const std::size_t first = end;
    for (; end - first < 4 && digit(line.peek(end)); ++end) {
      octets[index] = octets[index] * 10 + static_cast<unsigned>(text[end] - '0');
    }
    if (end == first || end - first > 3 || octets[index] > 255) return std::nullopt;
  }
  line.work += end - begin;
  if (line.peek(end) == '.' && digit(line.peek(end + 1))) return std::nullopt;
  if (octets[0] == 127 || octets[0] == 0) return std::nullopt;  // 0/8 names nobody
  if (after_version_word(text, begin) || names_a_package(text, begin, end)) return std::nullopt;
  return Span{begin, end, Mark::ip};
}

std::optional<Span> ipv6(Line& line, std::size_t at) {
  const auto text = line.text;
  const bool scope = line.peek(at + 1) == ':';
  std::size_t begin = at;
  while (begin > line.floor && at - begin < 5 && hex(text[begin - 1])) --begin;
  const std::size_t digits = at - begin;
  if (digits == 0 && !scope) return std::nullopt;
  const char before = begin > 0 ? text[begin - 1] : '\0';
  if (before == ':' && begin >= 2 && (hex(text[begin - 2]) || text[begin - 2] == ':')) {
    return std::nullopt;  // this run of groups was looked at from its first colon
  }
  if (digits == 0 && scope && line.peek(at + 2) == ':') {
    begin = at + 1;  // "client:::1"
  } else if (digits > 4 || word(before) || before == '.' || before == '-') {
    if (scope) return std::nullopt;  // std::vector
    begin = at + 1;                  // "UTC:2001:db8::1"
  } else if (digits == 0 && before == '>') {
    return std::nullopt;  // vector<int>::a1
  }
  std::size_t end = begin;
  while (end < text.size() && end - begin <= kLongestIpv6 + 6 &&
         (hex(text[end]) || text[end] == ':' || text[end] == '.')) {
    ++end;
  }
  line.work += end - begin;
  const auto length = ipv6_length(text.substr(begin, end - begin), line.peek(end));
  if (length == 0) return std::nullopt;
  return Span{begin, begin + length, Mark::ip};
}

std::optional<Span> ipv6_percent_encoded(Line& line, std::size_t at) {
  const auto text = line.text;
  const auto colon_at = [&](std::size_t i) {
    return line.peek(i) == '%' && line.peek(i + 1) == '3' && bytes::lower(line.peek(i + 2)) == 'a';
  };
  std::size_t begin = at;
  while (begin > line.floor && at - begin < 5 && hex(text[begin - 1])) --begin;
  const bool encoded_before = begin >= 3 && colon_at(begin - 3);
  if (at - begin > 4 || encoded_before) return std::nullopt;
  if (begin > 0 && word(text[begin - 1])) return std::nullopt;
  std::array<char, kLongestIpv6> decoded{};
  std::array<std::uint8_t, kLongestIpv6> ends{};  // of each decoded byte, in the text
  std::size_t length = 0, end = begin;
  while (length < decoded.size()) {
    if (colon_at(end)) {
      decoded[length] = ':';
      end += 3;
    } else if (const char c = line.peek(end); hex(c) || c == '.') {
      decoded[length] = c;
      ++end;
    } else {
      break;
    }
    ends[length++] = static_cast<std::uint8_t>(end - begin);
  }
  line.work += end - begin;
  const auto found = ipv6_length({decoded.data(), length}, line.peek(end));
  if (found == 0) return std::nullopt;
  return Span{begin, begin + ends[found - 1], Mark::ip};
}

}  // namespace logboom::redaction
