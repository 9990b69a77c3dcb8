// /api/v1/runs and /api/v1/why.
#include "query/runs/runs_api.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "core/time.h"
#include "query/params.h"
#include "query/runs/answer.h"
#include "query/runs/history.h"
#include "query/runs/run_lines.h"

namespace logboom::query {
namespace {

constexpr std::size_t kDefaultRuns = 100, kMaxRuns = 1'000;
constexpr std::size_t kMaxDifferences = 200;  // lines that one side of a comparison shows

Result<std::int64_t> time_param(const http::Request& request, std::string_view name,
                                std::int64_t otherwise) {
  const auto text = request.param(name);
  if (!text || text->empty()) return otherwise;
  auto time = parse_loki_time(*text);
  if (!time) return fail(std::move(time).error().in(name));
  return *time;
}

Result<std::uint64_t> number_param(const http::Request& request, std::string_view name,
                                   std::uint64_t otherwise) {
  const auto text = request.param(name);
  if (!text || text->empty()) return otherwise;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size()) {
    return fail(Errc::invalid, std::string(name) + ": '" + std::string(*text) + "' is no number");
  }
  return number;
}

bool flag_param(const http::Request& request, std::string_view name) {
  const auto text = request.param(name).value_or("");
  return text == "1" || text == "true" || text == "yes";
}

http::Response list_runs(const RunsApi& api, const http::Request& request) {
  const auto tool = tool_of(request);
  if (!tool) return http::failed(tool.error());
  const auto limit = number_param(request, "limit", kDefaultRuns);
  const auto before = time_param(request, "before", INT64_MAX);
  const auto since = time_param(request, "since", 0);
  if (!limit) return http::failed(limit.error());
  if (!before) return http::failed(before.error());
  if (!since) return http::failed(since.error());
  store::RunQuery query{.job = std::string(request.param("job").value_or("")),
                        .before_ns = *before,
                        .since_ns = *since,
                        .limit = std::clamp<std::size_t>(*limit, 1, kMaxRuns)};
  if (flag_param(request, "failed")) {
    query.wanted = [](const store::Run& run) { return store::is_bad(run.outcome()); };
  }
  const auto runs = api.store->ledger().runs(*tool, query);
  if (!runs) return http::failed(runs.error());
  if (runs->empty() && !query.job.empty()) {
    const auto jobs = api.store->ledger().jobs(*tool);
    if (jobs && std::ranges::find(*jobs, query.job) == jobs->end()) {
      return http::failed(
          {Errc::not_found, "no runs of a job '" + query.job + "' of tool " + *tool});
    }
  }
  Json json;
  json.open('{').name("runs").open('[');
  for (const auto& run : *runs) append_run(json, run);
  json.close(']').close('}');
  return http::json(json.take());
}

http::Response show_run(const RunsApi& api, const http::Request& request) {
  const auto run = run_of(api, request);
  if (!run) return http::failed(run.error());
  const auto samples = api.store->ledger().samples(run->tool, run->id);
  const auto verdict = api.store->ledger().verdict(run->tool, run->id);
  if (!samples) return http::failed(samples.error());
  Json json;
  append_run(json, *run, true);
  json.name("verdict").raw(verdict && *verdict && !(*verdict)->empty() ? **verdict : "null");
  json.name("samples").open('[');
  for (const auto& sample : *samples) append_sample(json, sample);
  json.close(']').close('}');
  return http::json(json.take());
}

http::Response why_run(const RunsApi& api, const http::Request& request) {
  const auto run = run_of(api, request);
  if (!run) return http::failed(run.error());
  auto verdict =
      api.judge->verdict(run->tool, run->id, flag_param(request, "refresh"), request.cancelled);
  return verdict ? http::json(*std::move(verdict)) : http::failed(verdict.error());
}

http::Response why_job(const RunsApi& api, const http::Request& request) {
  const auto tool = tool_of(request);
  if (!tool) return http::failed(tool.error());
  const std::string job(request.param("job").value_or(""));
  if (job.empty()) return http::failed({Errc::invalid, "job: which job? Give job=NAME"});
  store::RunQuery query{.job = job, .limit = 1};
  query.wanted = [](const store::Run& run) { return run.end_ns() != 0; };
  const auto runs = api.store->ledger().runs(*tool, query);
  if (!runs) return http::failed(runs.error());
  if (runs->empty()) {
    return http::failed(
        {Errc::not_found, "no run of a job '" + job + "' of tool " + *tool + " has ended"});
  }
  auto verdict = api.judge->verdict(*tool, runs->front().id, flag_param(request, "refresh"),
                                    request.cancelled);
  return verdict ? http::json(*std::move(verdict)) : http::failed(verdict.error());
}

std::string_view stream_name(why::Channel channel) {
  if (channel == why::Channel::out) return "out";
  return channel == why::Channel::err ? "err" : "";
}

http::Response run_lines(const RunsApi& api, const http::Request& request) {
  const auto run = run_of(api, request);
  if (!run) return http::failed(run.error());
  const auto first = number_param(request, "first", 1);
  const auto last = number_param(request, "last", UINT32_MAX);
  if (!first) return http::failed(first.error());
  if (!last) return http::failed(last.error());
  auto lines = read_run_lines(*api.store, *run, request.cancelled);
  if (!lines) return http::failed(lines.error());
  const bool text = request.param("format").value_or("json") == "text";
  std::string plain;
  Json json;
  json.open('{').name("lines").open('[');
  for (const auto& line : lines->lines) {
    if (line.number < *first || line.number > *last) continue;
    if (text) {
      plain.append(line.text).append("\n");
      continue;
    }
    json.open('{').member("n", line.number).optional("stream", stream_name(line.channel));
    json.time("t", line.time_ns).member("text", line.text).close('}');
  }
  if (text) return http::text(200, std::move(plain));
  json.close(']').member("total", static_cast<std::int64_t>(lines->total));
  json.flag("complete", lines->dropped() == 0).close('}');
  return http::json(json.take());
}

// Lines of `lines` whose kind is not among those of `others`, the first of each kind.
void append_difference(Json& json, std::string_view name, const RunLines& lines,
                       const RunLines& others) {
  std::map<std::uint64_t, std::uint64_t> known, counts;
  for (const auto& line : others.lines) ++known[why::template_hash(line.text)];
  for (const auto& line : lines.lines) ++counts[why::template_hash(line.text)];
  json.name(name).open('[');
  std::size_t shown = 0;
  for (const auto& line : lines.lines) {
    const auto hash = why::template_hash(line.text);
    auto& count = counts[hash];
    if (hash == 0 || count == 0 || known.contains(hash) || shown == kMaxDifferences) continue;
    json.open('{').member("n", line.number).member("text", line.text);
    json.member("count", static_cast<std::int64_t>(count)).close('}');
    count = 0;
    ++shown;
  }
  json.close(']');
}

http::Response compare_run(const RunsApi& api, const http::Request& request) {
  const auto run = run_of(api, request);
  if (!run) return http::failed(run.error());
  const auto history = history_of(api.store->ledger(), *run);
  if (!history) return http::failed(history.error());
  Json json;
  json.open('{').name("run");
  append_run(json, *run);
  json.name("good");
  if (history->good.empty()) {
    json.raw("null").name("new").raw("[]").name("missing").raw("[]").close('}');
    return http::json(json.take());
  }
  append_run(json, history->good.front());
  const auto lines = read_run_lines(*api.store, *run, request.cancelled);
  const auto good = read_run_lines(*api.store, history->good.front(), request.cancelled);
  if (!lines) return http::failed(lines.error());
  if (!good) return http::failed(good.error());
  append_difference(json, "new", *lines, *good);
  append_difference(json, "missing", *good, *lines);
  json.close('}');
  return http::json(json.take());
}

}  // namespace

std::int64_t RunsApi::now_ns() const { return now ? now() : logboom::now_ns(); }

Result<store::Run> run_of(const RunsApi& api, const http::Request& request) {
  const std::string id(request.path_param("id"));
  const bool named = !request.header("x-scope-orgid").empty() || request.param("tool").has_value();
  auto tool = tool_of(request);
  if (!tool) return fail(std::move(tool).error());
  if (!valid_run_id(id)) return fail(Errc::invalid, "'" + id + "' is no run id");
  auto run = named ? api.store->ledger().run(*tool, id) : api.store->ledger().find(id);
  if (!run) return fail(std::move(run).error());
  if (!*run) return fail(Errc::not_found, "no run " + id + (named ? " of tool " + *tool : ""));
  return **std::move(run);
}

void add_run_routes(http::Router& router, const RunsApi& api) {
  const auto get = [&](std::string_view path, auto handler) {
    router.add("GET", path,
               [&api, handler](const http::Request& request) { return handler(api, request); });
  };
  get("/api/v1/runs", list_runs);
  get("/api/v1/runs/{id}", show_run);
  get("/api/v1/runs/{id}/why", why_run);
  get("/api/v1/runs/{id}/lines", run_lines);
  get("/api/v1/runs/{id}/compare", compare_run);
  get("/api/v1/why", why_job);
  add_job_routes(router, api);
  add_ping_routes(router, api);
}

}  // namespace logboom::query
