// Why a run failed: facts and lines in, a verdict with its proof out. Pure: no clock, no disk, no
// server; the same input gives the same bytes.
//
// Order of evidence (strongest first): facts from outside the log; stack traces; the failing
// command; novelty against good runs of the same job; words and forms. Log text is data: it never
// proves an exit code, a signal or an out-of-memory kill.
//
// Units:   line numbers count from 1; times are UTC nanoseconds, 0 where a log has none.
// Errors:  none: any bytes are a log. `unknown` with the best lines is an answer.
// Limits:  kMaxLines lines are looked at (the first kHeadLines and the last; `Case::dropped_lines`
//          says how many lie between), kMaxLineBytes of each; a verdict cites at most kMaxCited.
// Threads: const use from any; explain() keeps no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/run_event.h"

namespace logboom::query::why {

inline constexpr std::size_t kMaxLines = 200'000, kHeadLines = 20'000, kMaxLineBytes = 16 * 1024;
inline constexpr std::size_t kMaxCited = 20, kMaxExcerpt = 60;

enum class Channel : std::uint8_t { unknown, out, err };

struct LogLine {
  std::uint32_t number = 0;  // in the run, from 1
  Channel channel = Channel::unknown;
  std::int64_t time_ns = 0;
  std::string_view text;  // as captured: with colours and carriage returns
};

// What is known from outside the log. The events' fields are facts; -1 and "" are unknown.
struct Facts {
  std::optional<RunEvent> start, end;
  bool lost = false;         // never ended
  bool missed = false;       // never began
  bool skipped = false;      // did not begin, since the run before it lived
  bool log_complete = true;  // false: some of its lines had not arrived within 5 s
  bool from_file = false;    // a log file without a run around it
};

// What a job's good runs look like: masked templates with how often each came, and its habits. Made
// by sketch() when a run has succeeded, and kept beside it, so that a verdict reads ten small
// values instead of ten logs.
struct Sketch {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> templates;  // hash → count, ascending
  std::uint64_t lines = 0;
  std::int64_t wall_ms = -1, cpu_ms = -1, memory_bytes = -1, max_quiet_ms = -1;
  // Numbers its lines report, such as `edited N`: template hash → the greatest number in it.
  std::vector<std::pair<std::uint64_t, std::int64_t>> numbers;

  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static std::optional<Sketch> decode(std::string_view bytes);
};
inline constexpr std::size_t kMaxTemplates = 8'192;  // of one sketch; later ones are left out
[[nodiscard]] Sketch sketch(const std::vector<LogLine>& lines, const Facts& facts);

struct Case {
  Facts facts;
  std::vector<LogLine> lines;  // views: the caller owns the bytes
  std::uint64_t dropped_lines = 0;
  std::vector<Sketch> good;  // of the job's last good runs, newest first, at most ten
};

struct CitedLine {
  std::uint32_t number = 0;
  std::string text;  // without colours
};

struct Evidence {
  std::string kind;  // exit, signal, oom_kill, timeout, trace, rule, novelty, absence, habit, ...
  std::string text;  // a sentence
  std::optional<std::uint32_t> line;
};

struct Verdict {
  // succeeded, failed, suspect (exit 0, but it did not do its work), skipped, missed, lost, running
  std::string outcome;
  std::string cause = "unknown";  // "family/kind"; "" when there is nothing to explain
  int confidence = 0;             // of 100
  std::string headline;           // one sentence
  std::vector<std::pair<std::string, std::string>> slots;  // host, file, ...; in order of name
  std::vector<CitedLine> lines;                            // best first
  std::vector<std::pair<std::uint32_t, std::uint32_t>> excerpt;  // at most 3 ranges, ascending
  std::vector<Evidence> evidence;                                // strongest first
  // cause + exit + the trace's place or the top line's template: equal for equal failures, without
  // pids, dates, hosts. "" when it succeeded.
  std::string fingerprint;
};

[[nodiscard]] Verdict explain(const Case& the_case);

// One line as the same kind of line always looks: dates, numbers, ids, addresses, quoted words
// replaced; colours and a leading time stamp gone. And its hash.
[[nodiscard]] std::string masked(std::string_view line);
[[nodiscard]] std::uint64_t template_hash(std::string_view line);

// The verdict as the JSON that `logs why -o json` and the API answer, without the braces' last
// members, which only the history knows: see query/runs/answer.h. Keys: outcome, class, confidence
// (0..1), headline, slots, lines, excerpt, evidence, fingerprint.
[[nodiscard]] std::string to_json(const Verdict& verdict);
[[nodiscard]] std::optional<Verdict> from_json(std::string_view json);

}  // namespace logboom::query::why
