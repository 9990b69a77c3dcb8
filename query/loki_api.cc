// Queries, format_query and what tells about the server itself.
#include "core/json.h"
#include "core/metrics.h"
#include "core/time.h"
#include "query/api.h"
#include "query/logql/parser.h"
#include "query/logql/printer.h"
#include "query/params.h"
#include "query/plan.h"
#include "query/render.h"
#include "query/search.h"

namespace logboom::query {
namespace {

void count(const store::ScanStats& scanned) {
  static auto& lines =
      metrics::counter("logboom_query_scanned_lines_total", "Lines that queries looked at");
  static auto& bytes = metrics::counter("logboom_query_scanned_bytes_total",
                                        "Bytes of lines that queries looked at");
  lines.add(scanned.lines);
  bytes.add(scanned.bytes);
}

http::Response query_range(const Api& api, const http::Request& request) {
  const auto tool = tool_of(request);
  if (!tool) return failed_read(tool.error());
  const auto question = parse_question(request.param("query"), request.param("search"));
  if (!question) return failed_read(question.error());
  const auto range = range_of(request, api.now_ns());
  if (!range) return failed_read(range.error());
  const auto limit = limit_of(request, api.limits.lines);
  if (!limit) return failed_read(limit.error());
  const auto order = order_of(request);
  if (!order) return failed_read(order.error());
  const auto after = after_of(request);
  if (!after) return failed_read(after.error());
  if (const auto step = check_step(request, *range); !step) return failed_read(step.error());

  const auto snapshot = api.store->snapshot(*tool);
  const auto plan = Plan::make(*question, *tool, snapshot.streams(range->start, range->end));
  if (!plan) return failed_read(plan.error());
  const Page page{.range = *range, .order = *order, .limit = *limit, .after = *after};
  const auto answer = newest_or_oldest(snapshot, *plan, page, api.limits, request.cancelled);
  if (!answer) return failed_read(answer.error());
  count(answer->scanned);
  return http::json(query_range_json(*answer, encoding_of(request)));
}

http::Response instant_query(const http::Request& request) {
  if (const auto tool = tool_of(request); !tool) return failed_read(tool.error());
  const auto query = logql::parse(request.param("query").value_or(""));
  if (!query) return failed_read(query.error());
  return http::text(400,
                    "log queries are not supported as an instant query type, please change your "
                    "query to a range query type\n");
}

http::Response format_query(const http::Request& request) {
  const auto query = logql::parse(request.param("query").value_or(""));
  if (!query) return failed_read(query.error());
  std::string out = R"({"status":"success","data":)";
  append_json_string(out, logql::print(*query));
  return http::json(out + "}");
}

http::Response build_info(const Api& api) {
  std::string out = "{";
  append_json_name(out, "version");
  append_json_string(out, api.version);
  for (const auto* name : {"revision", "branch", "buildUser", "buildDate", "goVersion"}) {
    append_json_name(out, name);
    out += "\"\"";
  }
  return http::json(out + "}");
}

http::Response tools(const Api& api) {
  std::string out = R"({"tools":[)";
  for (const auto& tool : api.store->tools()) {
    append_json_comma(out);
    append_json_string(out, tool);
  }
  return http::json(out + "]}");
}

http::Response metrics_text() {
  auto response = http::text(200, metrics::text());
  response.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}};
  return response;
}

}  // namespace

std::int64_t Api::now_ns() const { return now ? now() : logboom::now_ns(); }

http::Response failed_read(const Error& error) {
  switch (error.code) {
    case Errc::too_large:
      return http::text(400, error.message + "\n");
    case Errc::cancelled:
      return http::text(499, error.message + "\n");
    case Errc::timeout:
      return http::text(504, error.message + "\n");
    default:
      return http::failed(error);
  }
}

void add_read_routes(http::Router& router, const Api& api) {
  for (const auto* method : {"GET", "POST"}) {
    router.add(method, "/loki/api/v1/query_range",
               [&api](const http::Request& r) { return query_range(api, r); });
    router.add(method, "/loki/api/v1/query",
               [](const http::Request& r) { return instant_query(r); });
    router.add(method, "/loki/api/v1/format_query",
               [](const http::Request& r) { return format_query(r); });
  }
  router.add("GET", "/loki/api/v1/status/buildinfo",
             [&api](const http::Request&) { return build_info(api); });
  router.add("GET", "/api/v1/tools", [&api](const http::Request&) { return tools(api); });
  router.add("GET", "/ready", [](const http::Request&) { return http::text(200, "ready\n"); });
  router.add("GET", "/metrics", [](const http::Request&) { return metrics_text(); });
}

void add_routes(http::Router& router, const Api& api) {
  add_read_routes(router, api);
  add_label_routes(router, api);
  add_counts_route(router, api);
  add_write_routes(router, api);
  add_tail_route(router, api);
}

}  // namespace logboom::query
