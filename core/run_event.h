// What happens to a run, as a log record on the same ordered path as the run's lines (DESIGN 4.8).
//
// An event is a record whose metadata has `logboom.event`; its fields are further metadata, as
// text, inside a batch of ours, so no field needs a place of its own in OTLP. The store takes it
// into the ledger and does not show it among the lines. An event is applied once or many times with
// the same result.
//
// Units:  times are UTC nanoseconds; durations are milliseconds; sizes are bytes. -1: not known.
// Errors: invalid (parse: which field). Unknown fields are ignored, so that old servers take new
//         collectors' events.
// Limits: kMaxRunId, kMaxJob, kMaxCommand; longer texts are cut by the sender, refused by parse().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/batch.h"
#include "core/result.h"

namespace logboom {

inline constexpr std::string_view kEventName = "logboom.event";
inline constexpr std::size_t kMaxRunId = 40, kMaxJob = 200, kMaxCommand = 4096;

struct RunEvent {
  enum class Kind : std::uint8_t {
    start,       // the command is about to be executed, or a container was first seen
    end,         // it is over; the facts are below
    sample,      // resources, while it lives; also its sign of life
    lost,        // it never ended: its wrapper or node is gone; a later end overrules this
    missed,      // a tick passed without a run; `time_ns` is the tick
    skipped,     // a tick found the run before it (`other`) still alive
    check,       // what is expected of a job: schedule, zone, grace
    check_gone,  // nothing is expected any more
  };
  Kind kind = Kind::start;
  std::int64_t time_ns = 0;  // when it happened
  std::string run;           // the run's id; empty for check and check_gone
  std::string job;

  // start
  std::string trigger;  // command, cron, container, ping
  std::string command;  // as typed, redacted like a line
  std::string node, pod, container, user;
  std::int64_t deadline_ms = -1;
  std::int64_t memory_limit_bytes = -1;  // also in samples

  // end
  std::int64_t exit_code = -1;
  std::int64_t signal = -1;
  std::int64_t core_dumped = -1;  // 1: it was
  std::int64_t timed_out = -1;    // 1: ended because its deadline had passed
  std::int64_t exec_errno = -1;   // the command could not be started at all
  std::string interpreter;        // ... because the program its #! line names is not there
  std::int64_t oom_kills = -1;    // processes of it the kernel killed at the memory limit
  std::int64_t stop_signal = -1;  // what somebody sent to end it, if its wrapper saw that
  std::string reason;   // the container runtime's word: OOMKilled, Evicted, Completed, ...
  std::string message;  // ... and sentence
  std::int64_t wall_ms = -1;
  std::int64_t lines = -1;         // captured
  std::int64_t lost_bytes = -1;    // of output that could not be kept
  std::int64_t quiet_ms = -1;      // since its last output; also in samples
  std::int64_t quiet_cpu_ms = -1;  // CPU used in that time
  std::int64_t max_quiet_ms = -1;  // the longest pause between two outputs before
  // The run's lines are complete once these sources (name, position) are stored that far.
  std::vector<std::pair<std::string, std::uint64_t>> sources;

  // end and sample; the CPU and I/O figures count from the start
  std::int64_t cpu_ms = -1;
  std::int64_t memory_bytes = -1;  // now (sample) or at its peak (end)
  std::int64_t throttled_ms = -1;
  std::int64_t processes = -1;
  std::int64_t read_bytes = -1, written_bytes = -1;

  // skipped; missed: the run that came late after all, if any
  std::string other;

  // check
  std::string schedule;  // five fields of cron, @daily, ...; or "every 1h" (from its last ping)
  std::string zone;      // IANA; empty: UTC
  std::int64_t grace_ms = -1;
  std::string origin;  // where that is written: /etc/cron.d/backup:7, ping

  friend bool operator==(const RunEvent&, const RunEvent&) = default;
};

[[nodiscard]] std::string_view name(RunEvent::Kind kind);

// All fields that are set, as pairs; `time_ns` is the record's own time.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> fields(const RunEvent& event);
[[nodiscard]] Result<RunEvent> parse_run_event(
    std::int64_t time_ns, const std::vector<std::pair<std::string, std::string>>& fields);

// As a record; the texts go into the arena. The body is a sentence for people who read a topic.
[[nodiscard]] Record to_record(const RunEvent& event, Arena& arena);
// Nothing when the record is a line.
[[nodiscard]] bool is_event(const Record& record);
[[nodiscard]] Result<RunEvent> event_of(const Record& record);

// A run's id: 12 of [0-9a-z] without i, l, o, u. new_run_id() is random; run_id_of() is a hash, for
// runs that have a name of their own (a container's instance, a missed tick).
[[nodiscard]] std::string new_run_id();
[[nodiscard]] std::string run_id_of(std::string_view name);
// 1 to kMaxRunId of [A-Za-z0-9_-].
[[nodiscard]] bool valid_run_id(std::string_view id);

// The job's name a command has where nobody names it: what stands after "#job:" at its end, else
// the name of the script or program it runs ("cd /srv && python3 -u bin/daily_report.py -v" ->
// daily_report). The crontab reader and `logs-sh` agree through this. Never empty.
[[nodiscard]] std::string job_of_command(std::string_view command);

}  // namespace logboom
