// A mail as bytes: headers, multipart/alternative, plain before HTML, CRLF, ASCII only.
// RFC 5322, 2045 to 2047, 2919 (List-Id), 3834 (Auto-Submitted), 8058 (one-click unsubscribe).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logboom::alerts {

struct Mail {
  std::string from, to;    // addresses
  std::string subject;     // UTF-8, one line
  std::string message_id;  // without angle brackets, as are the next
  std::string in_reply_to;
  std::vector<std::string> references;
  std::string list_name;        // the tool
  std::string host;             // of ids
  std::string unsubscribe_url;  // empty: no such header
  std::int64_t date_ns = 0;
  std::string plain, html;  // UTF-8, \n
};

[[nodiscard]] std::string mime(const Mail& mail);

// One address and nothing else: local@domain, at most 254 bytes, no blanks, quotes or brackets.
[[nodiscard]] bool valid_address(std::string_view address);
// "example.org" of someone@example.org; localhost where there is none.
[[nodiscard]] std::string host_of(std::string_view address);

[[nodiscard]] std::string quoted_printable(std::string_view text);
// A header's text, folded; RFC 2047 where it is not ASCII. `used`: columns before it.
[[nodiscard]] std::string header_text(std::string_view text, std::size_t used);

}  // namespace logboom::alerts
