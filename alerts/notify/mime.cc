#include "alerts/notify/mime.h"

#include <algorithm>

#include "alerts/text.h"
#include "core/base64.h"
#include "core/run_event.h"

namespace logboom::alerts {
namespace {

constexpr std::size_t kColumns = 76;
constexpr std::size_t kWordBytes = 42;  // of UTF-8 in one encoded word of at most 75 columns

bool is_ascii_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string list_label(std::string_view name) {
  std::string label;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    label += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : plain ? c : '-';
  }
  return label;
}

void add_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void add_part(std::string& out, std::string_view boundary, std::string_view type,
              std::string_view text) {
  out.append("--").append(boundary).append("\r\n");
  add_header(out, "Content-Type", std::string(type) + "; charset=utf-8");
  add_header(out, "Content-Transfer-Encoding", "quoted-printable");
  out += "\r\n" + quoted_printable(text) + "\r\n";
}

}  // namespace

std::string quoted_printable(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      out += "\r\n";
      column = 0;
      continue;
    }
    const bool last = i + 1 == text.size() || text[i + 1] == '\n';
    const auto byte = static_cast<unsigned char>(c);
    // A dot or "From " at a line's start is kept from what lies on the way.
    const bool start = column == 0 && (c == '.' || text.substr(i).starts_with("From "));
    const bool plain =
        ((c >= '!' && c <= '~' && c != '=') || ((c == ' ' || c == '\t') && !last)) && !start;
    const std::size_t width = plain ? 1 : 3;
    if (column + width > kColumns - 1) {
      out += "=\r\n";
      column = 0;
    }
    if (plain) {
      out += c;
    } else {
      out += '=';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
    column += width;
  }
  return out;
}

std::string header_text(std::string_view text, std::size_t used) {
  if (is_ascii_text(text) && text.find("=?") == std::string_view::npos) {
    if (used + text.size() <= kColumns) return std::string(text);
    // The first row is short by what stands before it.
    std::string out = wrapped(std::string(used, 'x') + std::string(text), " ", kColumns);
    out = out.substr(used, out.size() - used - 1);
    for (std::size_t at = 0; (at = out.find('\n', at)) != std::string::npos; at += 2) {
      out.insert(at, 1, '\r');
    }
    return out;
  }
  std::string out;
  while (!text.empty()) {
    std::size_t end = std::min(text.size(), out.empty() ? kWordBytes - used / 2 : kWordBytes);
    while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
      --end;
    }
    if (end == 0) end = text.size();
    if (!out.empty()) out += "\r\n ";
    out += "=?utf-8?B?" + base64(text.substr(0, end)) + "?=";
    text.remove_prefix(end);
  }
  return out;
}

bool valid_address(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == address.size() || address.size() > 254) {
    return false;
  }
  return std::all_of(address.begin(), address.end(),
                     [](char c) {
                       return c > ' ' && c <= '~' &&
                              std::string_view("<>()[]\\,;:\"").find(c) == std::string_view::npos;
                     }) &&
         address.find('@') == at;
}

std::string host_of(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos || at + 1 == address.size()) return "localhost";
  return std::string(address.substr(at + 1));
}

std::string mime(const Mail& mail) {
  std::string out;
  add_header(out, "Date", mail_date(mail.date_ns));
  add_header(out, "From", "Logboom <" + mail.from + ">");
  add_header(out, "To", mail.to);
  add_header(out, "Subject", header_text(mail.subject, 9));
  add_header(out, "Message-ID", "<" + mail.message_id + ">");
  if (!mail.in_reply_to.empty()) add_header(out, "In-Reply-To", "<" + mail.in_reply_to + ">");
  std::string references;
  for (const auto& id : mail.references)
    references += (references.empty() ? "<" : "\r\n <") + id + ">";
  if (!references.empty()) add_header(out, "References", references);
  add_header(out, "Auto-Submitted", "auto-generated");
  add_header(out, "List-Id", "<" + list_label(mail.list_name) + ".alerts." + mail.host + ">");
  if (!mail.unsubscribe_url.empty()) {
    add_header(out, "List-Unsubscribe", "<" + mail.unsubscribe_url + ">");
    add_header(out, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
  }
  // No quoted-printable text can hold "=_".
  const std::string boundary = "=_" + run_id_of(mail.message_id);
  add_header(out, "MIME-Version", "1.0");
  add_header(out, "Content-Type", "multipart/alternative;\r\n boundary=\"" + boundary + "\"");
  out += "\r\n";
  add_part(out, boundary, "text/plain", mail.plain);
  add_part(out, boundary, "text/html", mail.html);
  return out + "--" + boundary + "--\r\n";
}

}  // namespace logboom::alerts
