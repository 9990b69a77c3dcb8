#include "query/logql/printer.h"

#include "core/utf8.h"

namespace logboom::query::logql {
namespace {

std::string_view sign(MatchOp op) {
  switch (op) {
    case MatchOp::equal:
      return "=";
    case MatchOp::not_equal:
      return "!=";
    case MatchOp::regex:
      return "=~";
    case MatchOp::not_regex:
      return "!~";
  }
  return "";
}

std::string_view sign(FilterOp op) {
  switch (op) {
    case FilterOp::contains:
      return "|=";
    case FilterOp::not_contains:
      return "!=";
    case FilterOp::regex:
      return "|~";
    case FilterOp::not_regex:
      return "!~";
  }
  return "";
}

void append_hex(std::string& out, char c) {
  constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\x";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

void append(std::string& out, const LineFilter& filter) {
  std::string_view before = sign(filter.op);
  for (const auto& text : filter.alternatives) {
    out += ' ';
    out += before;
    out += ' ';
    out += quote(text);
    before = "or";
  }
}

}  // namespace

std::string quote(std::string_view text) {
  constexpr std::string_view kEscaped = "\"\\\n\r\t";
  constexpr std::string_view kNames = "\"\\nrt";
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const std::size_t length = utf8_length(text.substr(i));
    if (const auto at = kEscaped.find(c); at != std::string_view::npos) {
      out += '\\';
      out += kNames[at];
    } else if (length == 0 || static_cast<unsigned char>(c) < 0x20 || c == '\x7f') {
      append_hex(out, c);
    } else {
      out += text.substr(i, length);
    }
    i += length == 0 ? 1 : length;
  }
  return out + '"';
}

std::string print(const std::vector<Matcher>& matchers) {
  std::string out = "{";
  for (const auto& matcher : matchers) {
    if (out.size() > 1) out += ", ";
    out += matcher.name;
    out += sign(matcher.op);
    out += quote(matcher.value);
  }
  return out + "}";
}

std::string print(const LogQuery& query) {
  std::string out = print(query.matchers);
  for (const auto& stage : query.stages) {
    std::visit([&](const auto& one) { append(out, one); }, stage);
  }
  return out;
}

}  // namespace logboom::query::logql
