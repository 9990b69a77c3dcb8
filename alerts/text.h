// Text for people's screens: harmless, cut where a character ends, in plain words.
//
// Columns count characters; wide ones count as one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace logboom::alerts {

// One line: runs of white space become one blank unless they lead it, terminal colours go, control
// and direction characters go, bytes that are not UTF-8 become '?'.
[[nodiscard]] std::string clean_line(std::string_view text);
// At most so many bytes, ending with an ellipsis where something was cut.
[[nodiscard]] std::string cut(std::string_view text, std::size_t most_bytes);
// Broken at blanks where there are any, every line but the first after `indent`; ends with \n.
[[nodiscard]] std::string wrapped(std::string_view text, std::string_view indent,
                                  std::size_t columns);

[[nodiscard]] std::string duration_words(std::int64_t ns);  // 2 h 10 min
[[nodiscard]] std::string time_words(std::int64_t ns);      // 2026-11-25 02:00 UTC
[[nodiscard]] std::string clock_words(std::int64_t ns, std::int64_t now_ns);  // shorter, today
[[nodiscard]] std::string mail_date(std::int64_t ns);         // Wed, 25 Nov 2026 02:00:00 +0000
[[nodiscard]] std::string size_words(std::int64_t bytes);     // 34.5 MiB
[[nodiscard]] std::string signal_words(std::int64_t signal);  // SIGKILL
// "3 failures", "1 failure".
[[nodiscard]] std::string counted(std::int64_t count, std::string_view one);

}  // namespace logboom::alerts
