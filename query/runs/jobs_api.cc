// /api/v1/jobs, /api/v1/health, /api/v1/usage: what jobs look like over their runs.
#include <algorithm>
#include <functional>
#include <map>

#include "core/cron_schedule.h"
#include "query/params.h"
#include "query/runs/answer.h"
#include "query/runs/frozen.h"
#include "query/runs/history.h"
#include "query/runs/runs_api.h"

namespace logboom::query {
namespace {

constexpr std::size_t kRecent = 30;  // runs shown of a job
constexpr std::size_t kUsageRuns = 100;
constexpr std::int64_t kMiB = 1 << 20;

bool says_something(store::Outcome outcome) {
  return outcome == store::Outcome::succeeded || store::is_bad(outcome);
}

struct Job {
  std::string tool, name;
  std::vector<store::Run> runs;  // newest first
  std::optional<RunEvent> check;
  bool whole = false;  // there are no runs before these

  [[nodiscard]] const store::Run* last() const { return runs.empty() ? nullptr : &runs.front(); }
  // The last that says something about the job's state.
  [[nodiscard]] const store::Run* last_judged() const {
    for (const auto& run : runs) {
      const auto outcome = run.outcome();
      if (says_something(outcome)) return &run;
    }
    return nullptr;
  }
  [[nodiscard]] bool in_trouble() const {
    const auto* run = last_judged();
    return run != nullptr && store::is_bad(run->outcome());
  }
  // When a job in trouble failed last; 0: it is in none.
  [[nodiscard]] std::int64_t failed_ns() const {
    return in_trouble() ? std::max(last_judged()->end_ns(), last_judged()->time_ns()) : 0;
  }
  [[nodiscard]] std::optional<std::int64_t> next_tick(std::int64_t now) const {
    if (!check) return std::nullopt;
    const auto schedule = CronSchedule::parse(check->schedule);
    if (!schedule) return std::nullopt;
    if (schedule->period()) return schedule->next(last() ? last()->time_ns() : check->time_ns);
    return schedule->next(now, check->zone);
  }
};

Result<Job> read_job(const RunsApi& api, const std::string& tool, const std::string& name,
                     std::size_t runs) {
  Job job{.tool = tool, .name = name, .runs = {}, .check = {}, .whole = false};
  auto read = api.store->ledger().runs(tool, {.job = name, .limit = runs});
  if (!read) return fail(std::move(read).error());
  job.runs = *std::move(read);
  job.whole = job.runs.size() < runs;
  return job;
}

// Those in trouble come first, the newest failure before older ones; the others keep their order.
void put_trouble_first(std::vector<Job>& jobs) {
  std::ranges::stable_sort(jobs, std::ranges::greater{}, &Job::failed_ns);
}

// In order of name, but for the trouble.
Result<std::vector<Job>> read_jobs(const RunsApi& api, const std::string& tool, std::size_t runs) {
  auto names = api.store->ledger().jobs(tool);
  if (!names) return fail(std::move(names).error());
  auto checks = api.store->ledger().checks(tool);
  if (!checks) return fail(std::move(checks).error());
  for (const auto& check : *checks) {
    if (std::ranges::find(*names, check.job) == names->end()) names->push_back(check.job);
  }
  std::vector<Job> jobs;
  for (const auto& name : *names) {
    auto job = read_job(api, tool, name, runs);
    if (!job) return fail(std::move(job).error());
    for (const auto& check : *checks) {
      if (check.job == name) job->check = check;
    }
    jobs.push_back(*std::move(job));
  }
  std::ranges::sort(jobs, {}, &Job::name);
  put_trouble_first(jobs);
  return jobs;
}

// Since when it is as it is: the first run of the same kind without another in between.
struct State {
  store::RunRef since;
  std::int64_t since_ns = 0;  // 0: longer than the runs that were looked at
  std::int64_t length = 0;
};
State state_of(const Job& job) {
  State state;
  bool known = job.whole;
  for (const auto& run : job.runs) {
    const auto outcome = run.outcome();
    if (!says_something(outcome)) continue;
    known = known || store::is_bad(outcome) != job.in_trouble();
    if (store::is_bad(outcome) != job.in_trouble()) break;
    // The verdict on a bad run has counted already.
    const auto& judgement = run.judgement;
    if (job.in_trouble() && judgement && !judgement->failing_since.id.empty()) {
      state.since = judgement->failing_since;
      state.length += judgement->failures;
      known = true;
      break;
    }
    state.since = ref_of(run);
    ++state.length;
  }
  if (known) {
    state.since_ns = state.since.started_ns;
  } else {
    state.since = {};
  }
  return state;
}

void append_job(Json& json, const RunsApi& api, const Job& job) {
  const auto now = api.now_ns();
  json.open('{').member("tool", job.tool).member("job", job.name);
  const auto* last = job.last();
  json.member("outcome", last ? store::name(last->outcome()) : "unknown");
  json.flag("trouble", job.in_trouble());
  const auto state = state_of(job);
  json.time("since", state.since_ns);
  if (job.in_trouble()) append_ref(json, "failing_since", state.since);
  json.member("failures", job.in_trouble() ? state.length : std::int64_t{0});
  if (job.check) {
    json.member("schedule", job.check->schedule).optional("zone", job.check->zone);
    if (const auto next = job.next_tick(now)) json.time("next", *next);
  }
  if (last) {
    json.name("last");
    append_run(json, *last);
  }
  json.name("recent").open('[');
  for (std::size_t i = 0; i < std::min(job.runs.size(), kRecent); ++i) {
    append_brief(json, job.runs[i]);
  }
  json.close(']').close('}');
}

http::Response list_jobs(const RunsApi& api, const http::Request& request) {
  const auto tool = tool_of(request);
  if (!tool) return http::failed(tool.error());
  const bool all = request.param("all_tools").value_or("") == "1";
  std::vector<Job> jobs;
  for (const auto& name : all ? api.store->ledger().tools() : std::vector<std::string>{*tool}) {
    auto of_tool = read_jobs(api, name, kRecent);
    if (!of_tool) return http::failed(of_tool.error());
    std::ranges::move(*of_tool, std::back_inserter(jobs));
  }
  put_trouble_first(jobs);
  Json json;
  json.open('{').name("jobs").open('[');
  for (const auto& job : jobs) append_job(json, api, job);
  json.close(']').close('}');
  return http::json(json.take());
}

std::int64_t habit_quiet_ms(const Job& job) {
  std::int64_t habit = -1;
  for (const auto& run : job.runs) {
    if (run.outcome() == store::Outcome::succeeded && run.end) {
      habit = std::max(habit, run.end->max_quiet_ms);
    }
  }
  return habit;
}

struct Health {
  std::string_view state;
  std::string text;
  std::int64_t quiet_ms = -1, habit_ms = -1;
};

// What is late or frozen is what the clock has found, and told: a missed tick is a run of the job.
Health health_of(const Job& job, bool frozen) {
  Health health{.state = "ok", .text = "the last run went well", .habit_ms = habit_quiet_ms(job)};
  const auto* last = job.last();
  if (last == nullptr) {
    health = {.state = "unknown", .text = "it has not run yet"};
  } else if (last->outcome() == store::Outcome::running) {
    health.state = "running";
    health.text = "running";
    if (last->last_sample) health.quiet_ms = last->last_sample->quiet_ms;
    if (frozen) {
      health.state = "frozen";
      health.text = "no output and no CPU for " + std::to_string(health.quiet_ms / 60'000) + " min";
    }
  }
  if (job.in_trouble() && health.state != "frozen") {
    const auto* bad = job.last_judged();
    health.state = bad->outcome() == store::Outcome::missed ? "late" : "failing";
    health.text = bad->judgement && !bad->judgement->headline.empty()
                      ? bad->judgement->headline
                      : std::string(store::name(bad->outcome()));
  }
  return health;
}

http::Response health(const RunsApi& api, const http::Request& request) {
  const auto tool = tool_of(request);
  if (!tool) return http::failed(tool.error());
  const auto jobs = read_jobs(api, *tool, kRecent);
  if (!jobs) return http::failed(jobs.error());
  Json json;
  std::int64_t problems = 0;
  json.open('{').name("jobs").open('[');
  for (const auto& job : *jobs) {
    const auto frozen = job.last() ? is_frozen(api.store->ledger(), *job.last()) : false;
    if (!frozen) return http::failed(frozen.error());
    const auto health = health_of(job, *frozen);
    const bool fine =
        health.state == "ok" || health.state == "running" || health.state == "unknown";
    problems += fine ? 0 : 1;
    json.open('{').member("tool", job.tool).member("job", job.name);
    json.member("outcome", job.last() ? store::name(job.last()->outcome()) : "unknown");
    json.member("state", health.state).member("text", health.text);
    if (job.last()) json.member("run", job.last()->id);
    for (const auto& run : job.runs) {
      if (run.end_ns() == 0) continue;
      json.time("last_ended", run.end_ns());
      break;
    }
    if (const auto next = job.next_tick(api.now_ns())) json.time("next", *next);
    json.optional("quiet_ms", health.quiet_ms).optional("habit_quiet_ms", health.habit_ms);
    json.close('}');
  }
  json.close(']').member("problems", problems).close('}');
  return http::json(json.take());
}

void append_spread(Json& json, std::string_view name, std::vector<std::int64_t> values) {
  if (values.empty()) return;
  std::ranges::sort(values);
  const auto at = [&](std::size_t percent) {
    return values[std::min(values.size() - 1, values.size() * percent / 100)];
  };
  json.name(name).open('{').member("p50", at(50)).member("p95", at(95));
  json.member("max", values.back()).close('}');
}

// What a job should be given: what it needs, and a fifth more; more than it had if that was not
// enough.
std::int64_t suggested_memory(const std::vector<std::int64_t>& peaks, std::int64_t limit,
                              bool was_too_little) {
  if (peaks.empty()) return -1;
  auto sorted = peaks;
  std::ranges::sort(sorted);
  auto bytes = sorted[std::min(sorted.size() - 1, sorted.size() * 95 / 100)] / 5 * 6;
  if (was_too_little && limit > 0) bytes = std::max(bytes, limit / 2 * 3);
  return std::max<std::int64_t>(32, (bytes + 16 * kMiB - 1) / (16 * kMiB) * 16) * kMiB;
}

http::Response usage(const RunsApi& api, const http::Request& request) {
  const auto tool = tool_of(request);
  if (!tool) return http::failed(tool.error());
  const std::string name(request.param("job").value_or(""));
  if (name.empty()) return http::failed({Errc::invalid, "job: which job? Give job=NAME"});
  const auto job = read_job(api, *tool, name, kUsageRuns);
  if (!job) return http::failed(job.error());
  if (job->runs.empty()) {
    return http::failed({Errc::not_found, "no runs of a job '" + name + "' of tool " + *tool});
  }
  std::vector<std::int64_t> wall, cpu, peaks, good_peaks;
  std::int64_t limit = -1, throttled = 0, cpu_of_throttled = 0;
  bool too_little = false;
  for (const auto& run : job->runs) {
    if (!run.end) continue;
    const auto& end = *run.end;
    if (end.wall_ms >= 0) wall.push_back(end.wall_ms);
    if (end.cpu_ms >= 0) cpu.push_back(end.cpu_ms);
    if (end.memory_bytes >= 0) {
      peaks.push_back(end.memory_bytes);
      if (run.outcome() == store::Outcome::succeeded) good_peaks.push_back(end.memory_bytes);
    }
    if (limit < 0 && end.memory_limit_bytes > 0) limit = end.memory_limit_bytes;
    if (limit < 0 && run.start && run.start->memory_limit_bytes > 0) {
      limit = run.start->memory_limit_bytes;
    }
    too_little = too_little || end.oom_kills > 0;
    if (end.throttled_ms >= 0 && end.wall_ms > 0) {
      throttled += end.throttled_ms;
      cpu_of_throttled += end.wall_ms;
    }
  }
  Json json;
  json.open('{').member("tool", *tool).member("job", name);
  json.member("runs", static_cast<std::int64_t>(wall.size()));
  append_spread(json, "wall_ms", wall);
  append_spread(json, "cpu_ms", cpu);
  append_spread(json, "peak_bytes", peaks);
  json.optional("memory_limit_bytes", limit);
  const auto& needed = good_peaks.empty() ? peaks : good_peaks;
  json.optional("suggested_memory_bytes", suggested_memory(needed, limit, too_little));
  if (cpu_of_throttled > 0) {
    json.member("throttled_percent",
                std::min<std::int64_t>(100, throttled * 100 / cpu_of_throttled));
  }
  json.name("recent").open('[');
  for (std::size_t i = 0; i < std::min(job->runs.size(), kRecent); ++i) {
    append_brief(json, job->runs[i]);
  }
  json.close(']').close('}');
  return http::json(json.take());
}

}  // namespace

void add_job_routes(http::Router& router, const RunsApi& api) {
  const auto get = [&](std::string_view path, auto handler) {
    router.add("GET", path,
               [&api, handler](const http::Request& request) { return handler(api, request); });
  };
  get("/api/v1/jobs", list_jobs);
  get("/api/v1/health", health);
  get("/api/v1/usage", usage);
}

}  // namespace logboom::query
