// Prints lines: for people (text, raw), for programs (json, jsonl, logfmt, csv).
//
//   text    14:05:30 daily-report Traceback (most recent call last):
//   raw     the line alone, as it was written unless `safe`
//   jsonl   {"ts","tenant","job","run","stream","level","line","labels","id"}, one object a line;
//   the
//           names are stable. `labels` are the stream's, with the line's own metadata
//   json    the same objects as one array
//   logfmt, csv   the fields of --fields, by default ts, job, stream, level, line
//
// Threads: one at a time.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "ui/cli/line.h"
#include "ui/cli/when.h"
#include "ui/cli/words.h"

namespace logboom::ui::cli {

enum class Format : std::uint8_t { text, raw, json, jsonl, logfmt, csv };
[[nodiscard]] Result<Format> parse_format(std::string_view text);

struct OutputOptions {
  Format format = Format::text;
  std::vector<std::string> fields;  // empty: the format's own; names as in jsonl, or labels
  TimeStyle times = TimeStyle::clock;
  Zone zone = Zone::utc();
  std::function<std::int64_t()> now;
  std::string tool;
  bool colour = false;
  bool safe = true;      // take out what could take over a terminal
  bool show_job = true;  // in text, before each line
  Words highlight;       // in colour, in text
};

class Printer {
 public:
  // `out` must outlive it.
  Printer(OutputOptions options, std::ostream& out);

  void print(const Line& line);
  // Between groups that are not neighbours, as grep does; text and raw only.
  void separate();
  // What closes the output; call it once, after the last line.
  void finish();

 private:
  void print_text(const Line& line);
  void print_object(const Line& line);
  void print_row(const Line& line);
  [[nodiscard]] std::string field(const Line& line, std::string_view name) const;
  [[nodiscard]] std::string shown(std::string_view text) const;
  [[nodiscard]] std::string body(const Line& line) const;

  OutputOptions options_;
  std::ostream& out_;
  bool first_ = true;
};

}  // namespace logboom::ui::cli
