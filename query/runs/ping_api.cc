// Pings: jobs this server cannot see tell it how they are.
//
// Source: the ping scheme of healthchecks.io (GET, HEAD or POST; /start, /fail, /log, /<exit code>;
// rid=). A start opens a run, the next success or failure ends it; one without a start is a run
// that only ended. The body becomes the run's lines. Beyond the scheme: schedule=, zone=, grace=
// or period= on any ping say what is expected of the check.
#include <algorithm>
#include <charconv>

#include "core/cron_schedule.h"
#include "core/level.h"
#include "core/time.h"
#include "query/params.h"
#include "query/runs/runs_api.h"

namespace logboom::query {
namespace {

constexpr std::size_t kMaxBody = 100'000;
constexpr std::size_t kMaxRid = 64;
constexpr std::size_t kOpenRuns = 20;  // looked at for the one a ping ends

struct Ping {
  std::string tool, check;
  enum class Kind : std::uint8_t { start, end, log } kind = Kind::end;
  std::int64_t exit_code = 0;
  std::string rid;
};

Result<void> take_action(std::string_view action, Ping& ping) {
  if (action.empty()) return {};
  if (action == "start") {
    ping.kind = Ping::Kind::start;
  } else if (action == "log") {
    ping.kind = Ping::Kind::log;
  } else if (action == "fail") {
    ping.exit_code = 1;
  } else {
    const auto [end, error] =
        std::from_chars(action.data(), action.data() + action.size(), ping.exit_code);
    if (error != std::errc{} || end != action.data() + action.size() || ping.exit_code < 0 ||
        ping.exit_code > 255) {
      return fail(Errc::invalid, "'" + std::string(action) +
                                     "': say start, fail, log or an exit code from 0 to 255");
    }
  }
  return {};
}

bool is_action(std::string_view word) {
  return word == "start" || word == "fail" || word == "log" ||
         (!word.empty() && word.size() <= 3 &&
          std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; }));
}

// /ping/CHECK, /ping/CHECK/ACTION, /ping/TOOL/CHECK, /ping/TOOL/CHECK/ACTION
Result<Ping> parse_ping(const http::Request& request) {
  Ping ping;
  auto tool = tool_of(request);
  if (!tool) return fail(std::move(tool).error());
  ping.tool = *std::move(tool);
  const auto first = request.path_param("first");
  const auto second = request.path_param("second");
  const auto third = request.path_param("third");
  std::string_view action;
  if (second.empty() || (third.empty() && is_action(second))) {
    ping.check = first;
    action = second;
  } else {
    ping.tool = first;
    ping.check = second;
    action = third;
  }
  if (auto named = check_tool_name(ping.tool); !named) return fail(std::move(named).error());
  const bool printable = std::ranges::all_of(
      ping.check, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
  if (ping.check.empty() || ping.check.size() > kMaxJob || !printable) {
    return fail(Errc::invalid, "a check's name has 1 to 200 printable characters");
  }
  if (auto taken = take_action(action, ping); !taken) return fail(std::move(taken).error());
  ping.rid = request.param("rid").value_or("");
  if (ping.rid.size() > kMaxRid) return fail(Errc::invalid, "rid: at most 64 characters");
  return ping;
}

// The run a ping belongs to: by its rid, or the newest open one of the check.
Result<std::optional<store::Run>> open_run(const RunsApi& api, const Ping& ping) {
  if (!ping.rid.empty()) {
    return api.store->ledger().run(ping.tool,
                                   run_id_of(ping.tool + '\0' + ping.check + '\0' + ping.rid));
  }
  store::RunQuery query{.job = ping.check, .limit = 1, .look_at_most = kOpenRuns};
  query.wanted = [](const store::Run& run) { return run.start && !run.end; };
  auto runs = api.store->ledger().runs(ping.tool, query);
  if (!runs) return fail(std::move(runs).error());
  if (runs->empty()) return std::nullopt;
  return std::optional(std::move(runs->front()));
}

// What the ping's parameters expect of the check; nothing when they say nothing.
Result<std::optional<RunEvent>> expectation(const http::Request& request, const Ping& ping,
                                            std::int64_t now) {
  const auto schedule = request.param("schedule").value_or("");
  const auto period = request.param("period").value_or("");
  if (schedule.empty() && period.empty()) return std::nullopt;
  RunEvent event;
  event.kind = RunEvent::Kind::check;
  event.time_ns = now;
  event.job = ping.check;
  event.origin = "ping";
  event.schedule = schedule.empty() ? "every " + std::string(period) : std::string(schedule);
  if (auto parsed = CronSchedule::parse(event.schedule); !parsed) {
    return fail(std::move(parsed).error());
  }
  event.zone = request.param("zone").value_or("");
  if (!zone_known(event.zone))
    return fail(Errc::invalid, "zone: no time zone '" + event.zone + "'");
  if (const auto grace = request.param("grace"); grace && !grace->empty()) {
    auto time = parse_duration(*grace);
    if (!time) return fail(std::move(time).error().in("grace"));
    if (time->count() < 0) return fail(Errc::invalid, "grace: not less than 0s");
    event.grace_ms = std::chrono::duration_cast<std::chrono::milliseconds>(*time).count();
  }
  return event;
}

void add_lines(Batch& batch, std::string_view body, std::int64_t now) {
  while (!body.empty()) {
    const auto end = std::min(body.find('\n'), body.size());
    auto line = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    Record record;
    record.time_ns = now++;
    record.body = batch.arena.copy(line);
    record.level = detect_level(line);
    batch.records.push_back(std::move(record));
  }
}

RunEvent event_of_ping(const Ping& ping, RunEvent::Kind kind, const std::string& run,
                       std::int64_t now) {
  RunEvent event;
  event.kind = kind;
  event.time_ns = now;
  event.run = run;
  event.job = ping.check;
  return event;
}

Result<Batch> batch_of(const RunsApi& api, const http::Request& request, const Ping& ping) {
  const auto now = api.now_ns();
  auto expected = expectation(request, ping, now);
  if (!expected) return fail(std::move(expected).error());
  auto open = open_run(api, ping);
  if (!open) return fail(std::move(open).error());
  const bool goes_on = *open && (*open)->start && !(*open)->end;
  const bool begins = ping.kind == Ping::Kind::start || !goes_on;
  std::string run = goes_on && !(ping.kind == Ping::Kind::start && ping.rid.empty()) ? (*open)->id
                    : ping.rid.empty()                                               ? new_run_id()
                                       : run_id_of(ping.tool + '\0' + ping.check + '\0' + ping.rid);
  Batch batch;
  batch.tool = ping.tool;
  batch.streams.emplace_back(Labels{{"job", ping.check}});
  if (ping.kind != Ping::Kind::log || goes_on) {
    batch.columns.emplace_back("run", batch.arena.copy(run));
  }
  if (*expected) batch.records.push_back(to_record(**expected, batch.arena));
  if (begins && ping.kind != Ping::Kind::log) {
    auto start = event_of_ping(ping, RunEvent::Kind::start, run, now);
    start.trigger = "ping";
    batch.records.push_back(to_record(start, batch.arena));
  }
  const auto body = std::string_view(request.body).substr(0, kMaxBody);
  add_lines(batch, body, now);
  if (ping.kind == Ping::Kind::end) {
    auto end = event_of_ping(ping, RunEvent::Kind::end, run, now);
    end.exit_code = ping.exit_code;
    if (goes_on) end.wall_ms = (now - (*open)->start->time_ns) / 1'000'000;
    end.lost_bytes = static_cast<std::int64_t>(request.body.size() - body.size());
    batch.records.push_back(to_record(end, batch.arena));
  }
  api.redactor->redact(batch);
  return batch;
}

http::Response ping(const RunsApi& api, const http::Request& request) {
  const auto asked = parse_ping(request);
  if (!asked) return http::failed(asked.error());
  auto batch = batch_of(api, request, *asked);
  if (!batch) return http::failed(batch.error());
  if (!batch->records.empty()) {
    std::vector<Batch> batches;
    batches.push_back(*std::move(batch));
    if (auto safe = api.intake->accept(std::move(batches)); !safe) {
      return http::failed(safe.error());
    }
  }
  auto response = http::text(200, "OK");
  response.headers.emplace_back("Ping-Body-Limit", std::to_string(kMaxBody));
  return response;
}

}  // namespace

void add_ping_routes(http::Router& router, const RunsApi& api) {
  for (const auto* method : {"GET", "POST"}) {
    for (const auto* path :
         {"/ping/{first}", "/ping/{first}/{second}", "/ping/{first}/{second}/{third}"}) {
      router.add(method, path, [&api](const http::Request& request) { return ping(api, request); });
    }
  }
}

}  // namespace logboom::query
