#include "alerts/schedule.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "alerts/fields.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/time.h"
#include "query/runs/frozen.h"

namespace logboom::alerts {
namespace {

constexpr std::int64_t kMs = 1'000'000, kSecond = 1'000 * kMs;
constexpr std::int64_t kPingGraceMs = 24 * 3600 * 1000;  // of a run whose job has no check
constexpr std::int64_t kLostAgainNs = 60 * kSecond;
constexpr std::int64_t kOldestTickNs = 7 * 24 * 3600 * kSecond;  // older ones are not made up for
constexpr std::int64_t kHabitKeptNs = 600 * kSecond;
constexpr std::string_view kTicks = "alert_ticks";

// One thing expected of one job.
struct Check {
  std::string tool;
  RunEvent event;
  std::optional<CronSchedule> schedule;  // none: it cannot be read, and has no ticks
  std::int64_t looked_ns = 0;            // ticks up to here are settled
  std::int64_t due_ns = 0;               // when to look again
  std::int64_t missed_tick_ns = 0;       // the last tick, when it was missed
  bool started = false;                  // a run of the job has begun since the last look

  [[nodiscard]] bool same_plan(const RunEvent& other) const {
    return event.schedule == other.schedule && event.zone == other.zone;
  }
};

struct Running {
  LiveRun live;
  std::int64_t told_lost_ns = 0;  // that it is lost; the event is on its way
  std::int64_t habit_ms = -1, habit_read_ns = 0;
};

// What is needed here of an event: commands and messages may be long, and many events wait.
RunEvent slim(const RunEvent& event) {
  RunEvent kept;
  kept.kind = event.kind;
  kept.time_ns = event.time_ns;
  kept.run = event.run;
  kept.job = event.job;
  kept.trigger = event.trigger;
  kept.deadline_ms = event.deadline_ms;
  kept.quiet_ms = event.quiet_ms;
  kept.quiet_cpu_ms = event.quiet_cpu_ms;
  kept.max_quiet_ms = event.max_quiet_ms;
  kept.cpu_ms = event.cpu_ms;
  kept.schedule = event.schedule;
  kept.zone = event.zone;
  kept.grace_ms = event.grace_ms;
  return kept;
}

class ClockWatch final : public Schedule {
 public:
  ClockWatch(const Options& options, Seams seams) : options_(options), seams_(std::move(seams)) {}

  Result<void> start(std::int64_t now_ns) {
    started_ns_ = now_ns;
    // Subscribed before reading, so that nothing falls between.
    subscription_ = seams_.ledger->subscribe(
        [this](const std::string& tool, const RunEvent& event) { enqueue(tool, event); });
    return read_ledger(now_ns);
  }

  Result<void> tick(std::int64_t now_ns) override {
    if (auto drained = drain_queue(now_ns); !drained) return drained;
    Found found;
    Result<void> looked;  // the first error; what else was found is told all the same
    for (auto& [key, check] : checks_) {
      if (check.due_ns > now_ns && !check.started) continue;
      if (auto done = look_at(check, now_ns, found); !done && looked) looked = std::move(done);
    }
    for (auto it = running_.begin(); it != running_.end();) {
      auto over = look_at(it->second, now_ns, found);
      it = over && *over ? end_watch(it) : std::next(it);
      if (!over && looked) looked = fail(std::move(over).error());
    }
    running_gauge_.set(static_cast<std::int64_t>(running_.size()));
    auto settled = settle(std::move(found));
    return looked ? settled : looked;
  }

 private:
  // What one look has found: first told, then remembered.
  struct Found {
    std::map<std::string, std::vector<RunEvent>> events;  // by tool
    std::vector<Check*> settled;
  };
  using RunningMap = std::map<std::string, Running>;  // by TOOL\0RUN

  // What is expected, under way and frozen, as the ledger has it; what is so no more goes.
  Result<void> read_ledger(std::int64_t now_ns) {
    std::set<std::string> expected, alive;
    const auto tools = seams_.ledger->tools();
    for (const auto& tool : tools) {
      auto checks = seams_.ledger->checks(tool);
      if (!checks) return fail(std::move(checks).error());
      for (const auto& check : *checks) {
        take_check(tool, check);
        expected.insert(joined_key(tool, check.job));
      }
      store::RunQuery query;
      query.limit = kMaxRunning;
      query.wanted = [](const store::Run& run) { return run.outcome() == store::Outcome::running; };
      auto runs = seams_.ledger->runs(tool, query);
      if (!runs) return fail(std::move(runs).error());
      for (const auto& run : *runs) {
        take_running(run, now_ns);
        alive.insert(joined_key(tool, run.id));
      }
    }
    // Of a tool that could not be listed nothing is known.
    std::erase_if(checks_, [&](const auto& check) {
      return std::ranges::binary_search(tools, check.second.tool) &&
             !expected.contains(check.first);
    });
    auto read =
        seams_.records->each(query::kFrozenRuns, "", [&](std::string_view key, std::string_view) {
          const auto middle = key.find('\0');
          if (middle == key.npos) return true;
          auto& live = running_[std::string(key)].live;
          live.tool = key.substr(0, middle);
          live.run = key.substr(middle + 1);
          live.frozen = true;
          return true;
        });
    if (!read) return read;
    for (auto it = running_.begin(); it != running_.end();) {
      const auto at = it++;
      if (alive.contains(at->first)) continue;
      auto run = seams_.ledger->run(at->second.live.tool, at->second.live.run);
      if (!run) return fail(std::move(run).error());
      if (*run && (*run)->outcome() == store::Outcome::running) {
        take_running(**run, now_ns);
      } else {
        end_watch(at);
      }
    }
    return {};
  }

  void enqueue(const std::string& tool, const RunEvent& event) {
    const std::lock_guard lock(mutex_);
    if (reload_) return;
    reload_ = queue_.size() >= kMaxQueue;
    if (reload_) return queue_.clear();
    queue_.emplace_back(tool, slim(event));
  }

  Result<void> drain_queue(std::int64_t now_ns) {
    std::deque<std::pair<std::string, RunEvent>> queue;
    bool reload = false;
    {
      const std::lock_guard lock(mutex_);
      queue.swap(queue_);
      reload = std::exchange(reload_, false);
    }
    if (reload) {
      if (auto read = read_ledger(now_ns); !read) {
        const std::lock_guard lock(mutex_);
        reload_ = true;
        return read;
      }
    }
    for (const auto& [tool, event] : queue) take(tool, event, now_ns);
    return {};
  }

  void take(const std::string& tool, const RunEvent& event, std::int64_t now_ns) {
    switch (event.kind) {
      case RunEvent::Kind::check:
        return take_check(tool, event);
      case RunEvent::Kind::check_gone:
        return forget_check(joined_key(tool, event.job));
      case RunEvent::Kind::start:
      case RunEvent::Kind::sample:
        return take_sign(tool, event, now_ns);
      case RunEvent::Kind::end:
        wake_check(tool, event.job);
        return take_end(tool, event.run);
      case RunEvent::Kind::lost:
        return take_end(tool, event.run);
      case RunEvent::Kind::missed:
      case RunEvent::Kind::skipped:
        return;
    }
  }

  // Should it be expected again, it is from then on.
  void forget_check(const std::string& key) {
    checks_.erase(key);
    auto known = seams_.records->get(kTicks, key);
    if (known && !*known) return;
    store::RecordWrite changes;
    changes.remove(std::string(kTicks), key);
    if (auto written = seams_.records->write(changes); !written) {
      log::warn("cannot forget what was expected", {{"error", written.error().message}});
    }
  }

  void wake_check(const std::string& tool, const std::string& job) {
    const auto check = checks_.find(joined_key(tool, job));
    if (check != checks_.end()) check->second.started = true;
  }

  void take_sign(const std::string& tool, const RunEvent& event, std::int64_t now_ns) {
    if (event.kind == RunEvent::Kind::start) wake_check(tool, event.job);
    const auto key = joined_key(tool, event.run);
    auto found = running_.find(key);
    if (found == running_.end()) {
      // A late start of a run that is over, or one of too many: not watched.
      if (running_.size() >= kMaxRunning) return;
      auto run = seams_.ledger->run(tool, event.run);
      if (run && *run && (*run)->outcome() != store::Outcome::running) return;
      found = running_.emplace(key, Running{}).first;
      found->second.live.tool = tool;
      found->second.live.run = event.run;
    }
    auto& live = found->second.live;
    live.take(event, now_ns);
    if (live.frozen && event.kind == RunEvent::Kind::sample &&
        (live.quiet_ms < options_.frozen_after.count() || !is_idle(live))) {
      live.frozen = false;
      seams_.frozen(live, 0, false);
    }
  }

  void take_end(const std::string& tool, const std::string& run) {
    const auto found = running_.find(joined_key(tool, run));
    if (found != running_.end()) end_watch(found);
  }

  RunningMap::iterator end_watch(RunningMap::iterator over) {
    if (over->second.live.frozen) seams_.frozen(over->second.live, 0, true);
    return running_.erase(over);
  }

  void take_running(const store::Run& run, std::int64_t now_ns) {
    const auto key = joined_key(run.tool, run.id);
    if (running_.size() >= kMaxRunning && !running_.contains(key)) return;
    auto& live = running_[key].live;
    live.tool = run.tool;
    live.run = run.id;
    live.job = run.job;
    if (run.start) live.take(*run.start, now_ns);
    if (run.last_sample) live.take(*run.last_sample, now_ns);
    if (live.started_ns == 0) live.started_ns = run.time_ns();
  }

  void take_check(const std::string& tool, const RunEvent& event) {
    const auto key = joined_key(tool, event.job);
    auto found = checks_.find(key);
    if (found != checks_.end() && found->second.same_plan(event)) {
      found->second.event = event;
      found->second.started = true;
      return;
    }
    if (found == checks_.end() && checks_.size() >= kMaxChecks) return;
    Check check;
    check.tool = tool;
    check.event = event;
    check.looked_ns = event.time_ns;
    auto schedule = CronSchedule::parse(event.schedule);
    if (schedule) {
      check.schedule = *std::move(schedule);
    } else {
      log::warn("a job's schedule cannot be read: its runs are not expected",
                {{"tool", tool}, {"job", event.job}, {"error", schedule.error().message}});
    }
    if (found == checks_.end()) read_looked(key, check);
    checks_.insert_or_assign(key, std::move(check));
  }

  void read_looked(const std::string& key, Check& check) {
    auto value = seams_.records->get(kTicks, key);
    const auto fields = value && *value ? Fields::parse(**value) : std::nullopt;
    if (!fields || fields->text("schedule") != check.event.schedule ||
        fields->text("zone") != check.event.zone) {
      return;
    }
    check.looked_ns = fields->number("looked");
    check.missed_tick_ns = fields->number("missed_tick");
  }

  [[nodiscard]] std::int64_t grace_ms(const Check& check) const {
    const auto own = check.event.grace_ms;
    return std::max(kLeastGraceMs, own >= 0 ? own : options_.grace.count());
  }
  // Runs from before a restart of ours may still be on their way.
  [[nodiscard]] std::int64_t due_of(const Check& check, std::int64_t tick_ns) const {
    return std::max(tick_ns, started_ns_) + grace_ms(check) * kMs;
  }

  [[nodiscard]] Result<std::vector<store::Run>> runs_of(const Check& check, std::int64_t before_ns,
                                                        std::size_t limit) const {
    store::RunQuery query;
    query.job = check.event.job;
    query.before_ns = before_ns;
    query.limit = limit;
    query.look_at_most = 1'000;
    query.wanted = [](const store::Run& run) { return run.start || run.end; };
    return seams_.ledger->runs(check.tool, query);
  }

  Result<void> look_at(Check& check, std::int64_t now_ns, Found& found) {
    check.started = false;
    check.due_ns = INT64_MAX;
    if (!check.schedule) return {};
    const std::int64_t looked_before = check.looked_ns, missed_before = check.missed_tick_ns;
    auto done = check.schedule->period() ? look_at_period(check, now_ns, found)
                                         : look_at_ticks(check, now_ns, found);
    if (!done) {
      check.looked_ns = looked_before;
      check.missed_tick_ns = missed_before;
      check.due_ns = 0;
      return done;
    }
    if (check.looked_ns != looked_before || check.missed_tick_ns != missed_before) {
      found.settled.push_back(&check);
    }
    return {};
  }

  Result<void> look_at_ticks(Check& check, std::int64_t now_ns, Found& found) {
    const auto& zone = check.event.zone;
    if (auto late = look_for_late_run(check, found); !late) return late;
    std::vector<std::int64_t> ticks;
    std::int64_t at = std::max(check.looked_ns, now_ns - kOldestTickNs);
    while (true) {
      const auto next = check.schedule->next(at, zone);
      if (!next) break;
      if (due_of(check, *next) > now_ns) {
        check.due_ns = due_of(check, *next);
        break;
      }
      at = *next;
      ticks.push_back(at);
      // After a long outage the last ones are enough to tell.
      if (ticks.size() > 4 * kMaxCatchUp) ticks.erase(ticks.begin(), ticks.end() - kMaxCatchUp);
    }
    if (ticks.size() > kMaxCatchUp) ticks.erase(ticks.begin(), ticks.end() - kMaxCatchUp);
    for (const auto tick : ticks) {
      auto runs = runs_of(check, tick + grace_ms(check) * kMs + 1, 20);
      if (!runs) return fail(std::move(runs).error());
      const auto fate = fate_of_tick(tick, grace_ms(check), *runs);
      check.missed_tick_ns = fate.kind == TickFate::Kind::missed ? tick : 0;
      if (fate.kind == TickFate::Kind::missed) add(found, check, RunEvent::Kind::missed, tick, "");
      if (fate.kind == TickFate::Kind::skipped) {
        add(found, check, RunEvent::Kind::skipped, tick, fate.other);
      }
    }
    check.looked_ns = at;
    return {};
  }

  // A run that came after its tick was given up belongs to it, unless the next tick is nearer.
  Result<void> look_for_late_run(Check& check, Found& found) {
    if (check.missed_tick_ns == 0) return {};
    const std::int64_t tick = check.missed_tick_ns;
    const auto next = check.schedule->next(tick, check.event.zone);
    auto runs = runs_of(check, next ? *next - kEarlyNs : INT64_MAX, 20);
    if (!runs) return fail(std::move(runs).error());
    for (auto run = runs->rbegin(); run != runs->rend(); ++run) {
      if (run->time_ns() < tick - kEarlyNs) continue;
      add(found, check, RunEvent::Kind::missed, tick, run->id);
      check.missed_tick_ns = 0;
      break;
    }
    return {};
  }

  // "every 1h" counts from the job's last sign, or from the tick that was missed before.
  Result<void> look_at_period(Check& check, std::int64_t now_ns, Found& found) {
    auto runs = runs_of(check, INT64_MAX, 5);
    if (!runs) return fail(std::move(runs).error());
    for (const auto& run : *runs) {
      const std::int64_t sign = std::max(run.time_ns(), run.end_ns());
      if (check.missed_tick_ns != 0 && run.time_ns() > check.missed_tick_ns) {
        add(found, check, RunEvent::Kind::missed, check.missed_tick_ns, run.id);
        check.missed_tick_ns = 0;
      }
      check.looked_ns = std::max(check.looked_ns, sign);
    }
    const auto tick = check.schedule->next(check.looked_ns, check.event.zone);
    if (!tick) return {};
    check.due_ns = due_of(check, *tick);
    if (check.due_ns > now_ns) return {};
    const bool alive = !runs->empty() && runs->front().outcome() == store::Outcome::running;
    if (alive) {
      add(found, check, RunEvent::Kind::skipped, *tick, runs->front().id);
    } else {
      add(found, check, RunEvent::Kind::missed, *tick, "");
      check.missed_tick_ns = *tick;
    }
    // One entry for an outage, not one per period of it.
    check.looked_ns = std::max(*tick, now_ns - grace_ms(check) * kMs);
    check.due_ns = due_of(check, *check.schedule->next(check.looked_ns, check.event.zone));
    return {};
  }

  static void add(Found& found, const Check& check, RunEvent::Kind kind, std::int64_t tick_ns,
                  const std::string& other) {
    RunEvent event;
    event.kind = kind;
    event.time_ns = tick_ns;
    event.run = tick_run_id(check.tool, check.event.job, tick_ns);
    event.job = check.event.job;
    event.other = other;
    found.events[check.tool].push_back(std::move(event));
  }

  // True: it is over.
  Result<bool> look_at(Running& running, std::int64_t now_ns, Found& found) {
    auto& live = running.live;
    if (is_lost(live, now_ns, options_.lost_after.count(), ping_grace_ms(live))) {
      if (running.told_lost_ns + kLostAgainNs > now_ns) return false;
      running.told_lost_ns = now_ns;
      return look_at_silent(live, now_ns, found);
    }
    if (live.frozen || live.quiet_ms < options_.frozen_after.count() || !is_idle(live))
      return false;
    if (running.habit_read_ns == 0 || running.habit_read_ns + kHabitKeptNs < now_ns) {
      auto habit = habit_of(live);
      if (!habit) return fail(std::move(habit).error());
      running.habit_ms = *habit;
      running.habit_read_ns = now_ns;
    }
    const auto limit =
        quiet_limit_ms(live, running.habit_ms, options_.frozen_after.count(), now_ns);
    if (limit && live.quiet_ms > *limit) {
      live.frozen = true;
      seams_.frozen(live, *limit, false);
    }
    return false;
  }

  [[nodiscard]] std::int64_t ping_grace_ms(const LiveRun& live) const {
    const auto check = checks_.find(joined_key(live.tool, live.job));
    return check == checks_.end() ? kPingGraceMs : grace_ms(check->second);
  }

  Result<bool> look_at_silent(LiveRun& live, std::int64_t now_ns, Found& found) {
    auto run = seams_.ledger->run(live.tool, live.run);
    if (!run) return fail(std::move(run).error());
    if (!*run || (*run)->outcome() != store::Outcome::running) return true;
    const bool pings = live.trigger == "ping";
    if (!pings && seams_.has_lines &&
        seams_.has_lines(live.tool, live.run, now_ns - options_.lost_after.count() * kMs)) {
      live.heard_ns = now_ns;
      return false;
    }
    RunEvent event;
    event.kind = RunEvent::Kind::lost;
    event.time_ns = now_ns;
    event.run = live.run;
    event.job = live.job;
    event.message = pings ? "it has not said in time that it is done"
                          : "no sign of life for " +
                                format_duration(std::chrono::milliseconds(options_.lost_after));
    found.events[live.tool].push_back(std::move(event));
    return false;  // until the event has come back
  }

  [[nodiscard]] Result<std::int64_t> habit_of(const LiveRun& live) const {
    store::RunQuery query;
    query.job = live.job;
    query.limit = 10;
    query.look_at_most = 200;
    query.wanted = [](const store::Run& run) { return run.outcome() == store::Outcome::succeeded; };
    auto runs = seams_.ledger->runs(live.tool, query);
    if (!runs) return fail(std::move(runs).error());
    std::int64_t habit = -1;
    for (const auto& run : *runs) {
      if (run.end) habit = std::max({habit, run.end->max_quiet_ms, run.end->quiet_ms});
    }
    return habit;
  }

  Result<void> settle(Found found) {
    std::vector<Batch> batches;
    for (const auto& [tool, events] : found.events) {
      Batch batch;
      batch.tool = tool;
      batch.redacted = true;
      for (const auto& event : events) {
        Record record = to_record(event, batch.arena);
        const Labels labels{{"job", event.job}};
        const auto at = std::find(batch.streams.begin(), batch.streams.end(), labels);
        record.stream = static_cast<std::uint32_t>(at - batch.streams.begin());
        if (at == batch.streams.end()) batch.streams.push_back(labels);
        batch.records.push_back(std::move(record));
        metrics::counter("logboom_alerts_schedule_events_total",
                         "Ticks missed or skipped and runs lost, found by the clock",
                         {{"kind", std::string(name(event.kind))}})
            .add();
      }
      batches.push_back(std::move(batch));
    }
    if (!batches.empty()) {
      if (auto taken = seams_.intake->accept(std::move(batches)); !taken) {
        for (auto* check : found.settled) look_again(*check);
        return fail(std::move(taken).error());
      }
    }
    store::RecordWrite changes;
    for (const auto* check : found.settled) {
      Fields fields;
      fields.set("schedule", check->event.schedule);
      fields.set("zone", check->event.zone);
      fields.set("looked", check->looked_ns);
      fields.set("missed_tick", check->missed_tick_ns);
      changes.put(std::string(kTicks), joined_key(check->tool, check->event.job), fields.json());
    }
    if (changes.operations.empty()) return {};
    return seams_.records->write(changes);
  }

  // What was found could not be told: as if it had not been looked at.
  void look_again(Check& check) {
    check.looked_ns = check.event.time_ns;
    check.missed_tick_ns = 0;
    read_looked(joined_key(check.tool, check.event.job), check);
    check.due_ns = 0;
  }

  const Options& options_;
  Seams seams_;
  std::int64_t started_ns_ = 0;
  std::map<std::string, Check> checks_;  // by TOOL\0JOB
  RunningMap running_;
  std::mutex mutex_;  // guards queue_ and reload_
  std::deque<std::pair<std::string, RunEvent>> queue_;
  bool reload_ = false;  // it was full: the ledger has to be read again
  metrics::Gauge& running_gauge_ =
      metrics::gauge("logboom_alerts_watched_runs", "Runs under way that are watched");
  std::shared_ptr<void> subscription_;
};

}  // namespace

Result<std::unique_ptr<Schedule>> Schedule::open(const Options& options, Seams seams) {
  auto watch = std::make_unique<ClockWatch>(options, std::move(seams));
  if (auto started = watch->start(options.now ? options.now() : now_ns()); !started) {
    return fail(std::move(started).error());
  }
  return watch;
}

std::string tick_run_id(std::string_view tool, std::string_view job, std::int64_t tick_ns) {
  return run_id_of(std::string(tool) + "/" + std::string(job) + "/" + std::to_string(tick_ns));
}

}  // namespace logboom::alerts
