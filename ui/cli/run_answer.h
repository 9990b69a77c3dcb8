// Reads what the server answers about runs: verdicts, runs, health, usage.
//
// Units:   times are UTC nanoseconds, durations milliseconds, sizes bytes; -1 is unknown (0 of a
//          time). Texts are "" where unknown.
// Errors:  invalid: not JSON, or not of this shape. A member that is missing is unknown.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace logboom::ui::cli {

// A run that another one names.
struct RunRef {
  std::string id;
  std::int64_t started_ns = 0;
};

struct RunInfo {
  std::string id, tool, job, outcome, trigger, command, node, pod, container, user;
  std::string signal_name, reason, cause, headline, other;
  std::int64_t started_ns = 0, ended_ns = 0;
  std::int64_t wall_ms = -1, exit_code = -1, signal = -1, timed_out = -1, oom_kills = -1;
  std::int64_t cpu_ms = -1, peak_bytes = -1, memory_limit_bytes = -1;
  std::int64_t read_bytes = -1, written_bytes = -1, lines = -1, lost_bytes = -1, quiet_ms = -1;
};

struct NumberedLine {
  std::uint32_t number = 0;
  std::string text;
};

struct VerdictInfo {
  std::string run, tool, job, outcome, cause, headline, fingerprint;
  RunRef failing_since, last_good, first_seen;
  int confidence = 0;  // of 100
  std::vector<std::pair<std::string, std::string>> slots;
  std::vector<NumberedLine> lines;    // best first
  std::vector<NumberedLine> context;  // of the excerpt, ascending
  struct Proof {
    std::string kind, text;
    std::uint32_t line = 0;  // 0: of no line
  };
  std::vector<Proof> evidence;
  std::int64_t failures = -1;
  bool complete = true;
};

// "failed", "lost" and the like.
[[nodiscard]] bool is_trouble(std::string_view outcome);

[[nodiscard]] Result<VerdictInfo> decode_verdict(std::string_view body);
[[nodiscard]] Result<RunInfo> decode_run(std::string_view body);

struct RunList {
  std::vector<RunInfo> runs;
  std::vector<std::string> json;  // of each, on one line
};
[[nodiscard]] Result<RunList> decode_runs(std::string_view body);

struct JobHealth {
  std::string job, outcome, state, text;
  std::int64_t last_ended_ns = 0, next_ns = 0;
};
struct Health {
  std::vector<JobHealth> jobs;
  std::int64_t problems = 0;
};
[[nodiscard]] Result<Health> decode_health(std::string_view body);

struct Usage {
  struct Spread {
    std::int64_t p50 = -1, p95 = -1, max = -1;
  };
  std::string job;
  std::int64_t runs = 0;
  Spread wall_ms, cpu_ms, peak_bytes;
  std::int64_t memory_limit_bytes = -1, suggested_memory_bytes = -1;
  std::int64_t throttled_percent = -1;  // of the time
  std::vector<RunInfo> recent;          // newest first
};
[[nodiscard]] Result<Usage> decode_usage(std::string_view body);

struct JobsOverview {
  // The first in trouble, which failed last: what `logs why` without a job is about. "": none is.
  std::string troubled;
  std::size_t in_trouble = 0, jobs = 0;
};
[[nodiscard]] Result<JobsOverview> decode_jobs(std::string_view body);

}  // namespace logboom::ui::cli
