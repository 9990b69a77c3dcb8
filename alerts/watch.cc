#include "alerts/watch.h"

#include <algorithm>

namespace logboom::alerts {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kDayMs = 24 * 3600 * 1000;
// A first run has no habit to compare with: it is given more patience than the floor.
constexpr std::int64_t kUnknownHabitFactor = 6;
constexpr std::int64_t kHabitFactor = 3;

}  // namespace

TickFate fate_of_tick(std::int64_t tick_ns, std::int64_t grace_ms,
                      const std::vector<store::Run>& runs) {
  const std::int64_t last = tick_ns + grace_ms * kMs;
  for (const auto& run : runs) {
    if (!run.start && !run.end) continue;
    const std::int64_t began = run.time_ns();
    if (began >= tick_ns - kEarlyNs && began <= last) return {TickFate::Kind::ran, {}};
  }
  for (const auto& run : runs) {
    if (!run.start || run.lost || run.time_ns() >= tick_ns - kEarlyNs) continue;
    if (!run.end || run.end_ns() > tick_ns) return {TickFate::Kind::skipped, run.id};
  }
  return {};
}

void LiveRun::take(const RunEvent& event, std::int64_t now_ns) {
  heard_ns = now_ns;
  if (event.kind == RunEvent::Kind::start) {
    trigger = event.trigger;
    started_ns = event.time_ns;
    deadline_ms = event.deadline_ms;
  }
  if (!event.job.empty()) job = event.job;
  if (event.kind != RunEvent::Kind::sample) return;
  sampled = true;
  if (started_ns == 0) started_ns = event.time_ns;
  max_quiet_ms = std::max(max_quiet_ms, event.max_quiet_ms);
  quiet_ms = event.quiet_ms;
  const std::int64_t since = event.quiet_ms < 0 ? 0 : event.time_ns - event.quiet_ms * kMs;
  // Two samples of one silence agree on its start but for their rounding.
  if (cpu_then_ms_ < 0 || since > quiet_since_ns_ + 1'000 * kMs) {
    quiet_since_ns_ = since;
    cpu_then_ms_ = event.cpu_ms;
  }
  quiet_cpu_ms = event.quiet_cpu_ms >= 0                  ? event.quiet_cpu_ms
                 : event.cpu_ms >= 0 && cpu_then_ms_ >= 0 ? event.cpu_ms - cpu_then_ms_
                                                          : -1;
}

bool is_lost(const LiveRun& run, std::int64_t now_ns, std::int64_t lost_after_ms,
             std::int64_t ping_grace_ms) {
  if (run.trigger == "ping") {
    const std::int64_t allowed = std::max<std::int64_t>(run.deadline_ms, 0) + ping_grace_ms;
    return now_ns - run.started_ns > allowed * kMs;
  }
  // A container nobody samples may be silent for months.
  if (!run.sampled && run.trigger != "command" && run.trigger != "cron") return false;
  return now_ns - run.heard_ns > lost_after_ms * kMs;
}

std::optional<std::int64_t> quiet_limit_ms(const LiveRun& run, std::int64_t habit_ms,
                                           std::int64_t floor_ms, std::int64_t now_ns) {
  if (habit_ms >= 0) return std::max(kHabitFactor * habit_ms, floor_ms);
  if (run.trigger != "container") return kUnknownHabitFactor * floor_ms;
  const bool old = now_ns - run.started_ns > kDayMs * kMs;
  if (!old || run.max_quiet_ms < 0) return std::nullopt;
  return std::max(kHabitFactor * run.max_quiet_ms, kUnknownHabitFactor * floor_ms);
}

bool is_idle(const LiveRun& run) {
  return run.quiet_ms >= 0 && run.quiet_cpu_ms >= 0 &&
         run.quiet_cpu_ms <= std::max<std::int64_t>(500, run.quiet_ms / 100);
}

}  // namespace logboom::alerts
