// A log made ready to be judged: every line as a person reads it, and which kind of line it is.
//
// A clean line has no ANSI escapes, shows the last state of what carriage returns overwrote, and
// has lost a leading time stamp, the white space at its end, and what lies beyond kMaxLineBytes.
//
// Owns:    Prepared owns the clean text it had to copy; `lines` and the rest of `clean` are views
// of
//          the caller's bytes. Moves keep views valid; it cannot be copied.
// Errors:  none: any bytes are lines.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/batch.h"
#include "query/why/why.h"

namespace logboom::query::why {

struct Prepared {
  Prepared() = default;
  Prepared(Prepared&&) = default;
  Prepared& operator=(Prepared&&) = default;
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

  std::vector<LogLine> lines;
  // The rest runs parallel to `lines`.
  std::vector<std::string_view> clean;
  std::vector<std::uint64_t> hash;    // template_hash(); 0 for blank lines
  std::vector<std::uint16_t> indent;  // columns of white space before the first word; a tab is 8
  std::vector<bool> red;              // some of it was printed in red
  Arena copied;

  [[nodiscard]] std::size_t size() const { return lines.size(); }
  [[nodiscard]] bool blank(std::size_t i) const { return hash[i] == 0; }
};

[[nodiscard]] Prepared prepare(const std::vector<LogLine>& lines);

// One line on its own. What must be copied goes into the arena.
struct CleanLine {
  std::string_view text;
  bool red = false;
};
[[nodiscard]] CleanLine clean_line(std::string_view text, Arena& arena);
// The same with its time stamp: as a terminal shows it.
[[nodiscard]] CleanLine shown_line(std::string_view text, Arena& arena);

// How many bytes at the start are a time stamp, with its brackets and the space behind it; 0: none.
// ISO 8601, syslog, `[12:03:04]`, seconds since 1970 or since the start (`[   12.345]`).
[[nodiscard]] std::size_t leading_time(std::string_view text);

}  // namespace logboom::query::why
