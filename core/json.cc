#include "core/json.h"

#include <array>

#include "core/utf8.h"

namespace logboom {
namespace {

enum class Kind : unsigned char { plain, escape, wide };

constexpr std::array<Kind, 256> kKinds = [] {
  std::array<Kind, 256> kinds{};
  for (std::size_t c = 0; c < 0x20; ++c) kinds[c] = Kind::escape;
  kinds['"'] = kinds['\\'] = kinds[0x7f] = Kind::escape;
  for (std::size_t c = 0x80; c < 256; ++c) kinds[c] = Kind::wide;
  return kinds;
}();

void append_escape(std::string& out, char c) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // where the text not yet copied starts
  for (std::size_t i = 0; i < text.size();) {
    const Kind kind = kKinds[static_cast<unsigned char>(text[i])];
    if (kind == Kind::plain) {
      ++i;
      continue;
    }
    const std::size_t length = kind == Kind::wide ? utf8_length(text.substr(i)) : 0;
    if (length > 0) {
      i += length;
      continue;
    }
    out += text.substr(plain, i - plain);
    if (kind == Kind::escape) {
      append_escape(out, text[i]);
    } else {
      out += "\xef\xbf\xbd";
    }
    plain = ++i;
  }
  out += text.substr(plain);
  out += '"';
}

void append_json_comma(std::string& out) {
  if (!out.empty() && out.back() != '{' && out.back() != '[') out += ',';
}

void append_json_name(std::string& out, std::string_view name) {
  append_json_comma(out);
  append_json_string(out, name);
  out += ':';
}

}  // namespace logboom
