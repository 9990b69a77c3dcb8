// What is expected and does not come, and what lives but gives no sign of it: the rules, pure.
//
// Units: times are UTC nanoseconds, durations milliseconds; -1: not known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/cron_schedule.h"
#include "core/run_event.h"
#include "store/ledger.h"

namespace logboom::alerts {

// A start so long before its tick is still its start: clocks differ.
inline constexpr std::int64_t kEarlyNs = 30 * std::int64_t{1'000'000'000};
inline constexpr std::int64_t kLeastGraceMs = 60'000;

// What became of a tick, from the job's runs around it (newest first, as the ledger lists them).
struct TickFate {
  enum class Kind : std::uint8_t { ran, skipped, missed };
  Kind kind = Kind::missed;
  std::string other;  // skipped: the run that was still alive
};
[[nodiscard]] TickFate fate_of_tick(std::int64_t tick_ns, std::int64_t grace_ms,
                                    const std::vector<store::Run>& runs);

// A run that is under way, from its events.
struct LiveRun {
  std::string tool, run, job, trigger;
  std::int64_t started_ns = 0;
  std::int64_t heard_ns = 0;  // when its last event came in, by our clock
  bool sampled = false;
  std::int64_t quiet_ms = -1, max_quiet_ms = -1;
  std::int64_t quiet_cpu_ms = -1;  // used since its last output
  std::int64_t deadline_ms = -1;
  bool frozen = false;  // an incident says so

  // A start or a sample.
  void take(const RunEvent& event, std::int64_t now_ns);

 private:
  std::int64_t quiet_since_ns_ = 0, cpu_then_ms_ = -1;
};

// Nothing from it for so long that its wrapper or node must be gone. A run started by pings gives
// no sign but its last ping: it has `ping_grace_ms` for that.
[[nodiscard]] bool is_lost(const LiveRun& run, std::int64_t now_ns, std::int64_t lost_after_ms,
                           std::int64_t ping_grace_ms);

// How long a run may be without output and CPU before it counts as frozen; `habit_ms`: the longest
// pause of the job's good runs. Nothing: that cannot be said (a service that idles by nature).
[[nodiscard]] std::optional<std::int64_t> quiet_limit_ms(const LiveRun& run, std::int64_t habit_ms,
                                                         std::int64_t floor_ms,
                                                         std::int64_t now_ns);
[[nodiscard]] bool is_idle(const LiveRun& run);  // no CPU worth mention since its last output

}  // namespace logboom::alerts
