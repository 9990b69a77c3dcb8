// E-mail addresses, and the user and password in a URL.
#include <algorithm>
#include <array>

#include "core/redaction/rules.h"

namespace logboom::redaction {
namespace {

using bytes::is;
using bytes::lower;

constexpr std::size_t kLongestLocal = 64, kLongestDomain = 253;
constexpr std::size_t kLongestUserinfo = 2048;
constexpr std::size_t kUnescapedSlash = 256;  // how far a password with a raw '/' may reach

// Last labels of what looks like a domain behind an '@' and is none: systemd units, files,
// Kubernetes services.
constexpr std::array<std::string_view, 26> kNoDomains = {
    "service", "socket", "target", "timer", "mount", "slice",     "scope", "device", "path",
    "swap",    "png",    "jpg",    "jpeg",  "gif",   "svg",       "webp",  "css",    "js",
    "json",    "log",    "tgz",    "gz",    "conf",  "automount", "svc",   "default"};

bool domain_byte(char c) {
  return is(c, bytes::kDigit | bytes::kAlpha) || c == '-' || c == '.' ||
         static_cast<unsigned char>(c) >= 128;
}

bool is_domain(std::string_view domain) {
  const auto dot = domain.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || domain.front() == '-') return false;
  if (domain.find("..") != std::string_view::npos) return false;
  const auto last = domain.substr(dot + 1);
  if (last.size() < 2 || domain.find(".svc.") != std::string_view::npos) return false;
  const bool encoded = last.size() > 4 && bytes::equal(last.substr(0, 4), "xn--");
  if (!encoded && std::ranges::any_of(last, bytes::digit)) return false;
  return std::ranges::none_of(kNoDomains,
                              [&](std::string_view known) { return bytes::equal(last, known); });
}

// Where the authority of a URL ends. A quote ends it when it closes something.
bool ends_authority(const Line& line, std::size_t at) {
  const char c = line.peek(at);
  if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') return true;
  if (std::string_view("\"<>`\\").find(c) != std::string_view::npos) return true;
  if (c != '\'') return false;
  const char next = line.peek(at + 1);
  return static_cast<unsigned char>(next) <= ' ' ||
         std::string_view(",;)]}:").find(next) != std::string_view::npos;
}

}  // namespace

std::optional<Span> email(Line& line, std::size_t at, std::size_t at_length) {
  const auto text = line.text;
  std::size_t begin = at;
  while (begin > line.floor && at - begin < kLongestLocal && is(text[begin - 1], bytes::kMail)) {
    --begin;
  }
  if (begin > 0 && text[begin - 1] == '%' && at - begin > 2 && bytes::hex(text[begin]) &&
      bytes::hex(text[begin + 1])) {
    begin += 2;  // the rest of a percent-encoded byte: email%3Djane@example.org
  }
  while (begin < at && !bytes::word(text[begin]) && static_cast<unsigned char>(text[begin]) < 128) {
    ++begin;
  }
  std::size_t end = at + at_length;
  const std::size_t domain_begin = end;
  while (end < text.size() && end - domain_begin < kLongestDomain && domain_byte(text[end])) ++end;
  line.work += end - begin;
  while (end > domain_begin && (text[end - 1] == '.' || text[end - 1] == '-')) --end;
  if (begin == at || !is_domain(text.substr(domain_begin, end - domain_begin))) {
    return std::nullopt;
  }
  const bool git_remote =
      text.substr(begin, at - begin) == "git" && (line.peek(end) == ':' || line.peek(end) == '/');
  if (git_remote) return std::nullopt;
  return Span{begin, end, Mark::email};
}

std::optional<Span> userinfo(Line& line, std::size_t colon) {
  const auto text = line.text;
  std::size_t begin = colon + 1;
  for (int slash = 0; slash < 2; ++slash) {  // "//", or "\/\/" as some write JSON
    while (line.peek(begin) == '\\') ++begin;
    if (line.peek(begin) != '/') return std::nullopt;
    ++begin;
  }
  const std::size_t limit = std::min(text.size(), begin + kLongestUserinfo);
  std::size_t last_at = 0, port = 0, end = begin;
  for (; end < limit && !ends_authority(line, end); ++end) {
    const char c = text[end];
    if (c == '/' || c == '?' || c == '#') break;
    if (c == '@') last_at = end;
    if (c == ':') port = end + 1;
  }
  // user:pa/ss@host: what stands behind the ':' is no port, so the '/' is a part of the password.
  if (last_at == 0 && port != 0 && end > port && end < limit && !ends_authority(line, end) &&
      !std::ranges::all_of(text.substr(port, end - port), bytes::digit)) {
    const std::size_t reach = std::min(limit, end + kUnescapedSlash);
    for (; end < reach && !ends_authority(line, end); ++end) {
      if (text[end] == '@') last_at = end;
    }
  }
  line.work += end - begin;
  const auto host = text.substr(last_at + 1, 7);
  const bool image = host == "sha256:" || host == "sha512:";  // docker://nginx@sha256:...
  if (last_at <= begin || image || text.substr(begin, last_at - begin) == "git") {
    return std::nullopt;
  }
  return Span{begin, last_at, Mark::userinfo};
}

std::optional<Span> userinfo_percent_encoded(Line& line, std::size_t percent) {
  const auto text = line.text;
  const auto encoded_at = [&](std::size_t i, char high, char low) {
    return line.peek(i) == '%' && line.peek(i + 1) == high && lower(line.peek(i + 2)) == low;
  };
  if (!encoded_at(percent + 3, '2', 'f') || !encoded_at(percent + 6, '2', 'f')) {
    return std::nullopt;
  }
  const std::size_t begin = percent + 9;
  const std::size_t limit = std::min(text.size(), begin + kLongestUserinfo);
  std::size_t last_at = 0, end = begin;
  for (; end < limit && (is(text[end], bytes::kMail) || text[end] == '%'); ++end) {
    if (encoded_at(end, '2', 'f') || encoded_at(end, '3', 'f')) break;
    if (encoded_at(end, '4', '0')) last_at = end;
  }
  line.work += end - begin;
  if (last_at <= begin) return std::nullopt;
  return Span{begin, last_at, Mark::userinfo};
}

}  // namespace logboom::redaction
