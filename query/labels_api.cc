// What there is to ask for: label names, their values, series.
//
// The columns that people select by (pod, ...) are listed like labels, and so is `tool`.
#include <array>
#include <set>

#include "core/json.h"
#include "query/api.h"
#include "query/logql/parser.h"
#include "query/params.h"
#include "query/plan.h"
#include "query/render.h"

namespace logboom::query {
namespace {

constexpr std::array<std::string_view, 4> kColumns = {"pod", "node", "filename", "run"};
constexpr std::size_t kMaxValues = 10'000;  // of one column, in one answer
constexpr std::size_t kMaxSelectors = 100;  // of one series request

std::string success(const std::set<std::string>& values) {
  std::string out = R"({"status":"success","data":[)";
  for (const auto& value : values) {
    append_json_comma(out);
    append_json_string(out, value);
  }
  return out + "]}";
}

// One request's tool, range and snapshot, as all three endpoints need them.
struct Asked {
  std::string tool;
  Range range;
  store::Snapshot snapshot;
};

Result<Asked> asked(const Api& api, const http::Request& request) {
  auto tool = tool_of(request);
  if (!tool) return fail(std::move(tool).error());
  const auto range = range_of(request, api.now_ns());
  if (!range) return fail(range.error());
  auto snapshot = api.store->snapshot(*tool);
  return Asked{*std::move(tool), *range, std::move(snapshot)};
}

// {} and no text at all mean every stream.
Result<Plan> plan_for(const Asked& asked, std::string_view selector) {
  Question question;
  if (!selector.empty()) {
    auto matchers = logql::parse_selector(selector);
    if (!matchers) return fail(std::move(matchers).error());
    question.logql = logql::LogQuery{*std::move(matchers), {}};
  }
  return Plan::make(question, asked.tool,
                    asked.snapshot.streams(asked.range.start, asked.range.end));
}

Result<std::set<std::string>> column_values(const Api& api, const http::Request& request,
                                            const Asked& asked, const Plan& plan,
                                            std::string_view name) {
  std::set<std::string> values;
  if (request.param("query").value_or("").empty()) {
    for (auto& value :
         asked.snapshot.column_values(name, asked.range.start, asked.range.end, kMaxValues)) {
      values.insert(std::move(value));
    }
    return values;
  }
  auto scanned = each_line(asked.snapshot, plan, asked.range, api.limits, request.cancelled,
                           [&](const store::LineView& line) {
                             for (const auto& [key, value] : line.metadata) {
                               if (key == name) values.emplace(value);
                             }
                             return values.size() < kMaxValues;
                           });
  if (!scanned) return fail(std::move(scanned).error());
  return values;
}

http::Response label_names(const Api& api, const http::Request& request) {
  const auto about = asked(api, request);
  if (!about) return failed_read(about.error());
  const auto plan = plan_for(*about, request.param("query").value_or(""));
  if (!plan) return failed_read(plan.error());
  const auto streams =
      matching_streams(about->snapshot, *plan, about->range, api.limits, request.cancelled);
  if (!streams) return failed_read(streams.error());
  std::set<std::string> names;
  for (const auto& stream : *streams) {
    for (const auto& [name, value] : stream.pairs()) names.insert(name);
  }
  if (!streams->empty()) {
    names.emplace(kToolLabel);
    for (const auto column : kColumns) {
      const auto values =
          about->snapshot.column_values(column, about->range.start, about->range.end, 1);
      if (!values.empty()) names.emplace(column);
    }
  }
  return http::json(success(names));
}

http::Response label_values(const Api& api, const http::Request& request) {
  const auto about = asked(api, request);
  if (!about) return failed_read(about.error());
  const std::string_view name = request.path_param("name");
  if (!valid_label_name(name)) {
    return http::text(400, "invalid label name '" + std::string(name) + "'\n");
  }
  const auto plan = plan_for(*about, request.param("query").value_or(""));
  if (!plan) return failed_read(plan.error());
  if (is_column(name)) {
    const auto values = column_values(api, request, *about, *plan, name);
    return values ? http::json(success(*values)) : failed_read(values.error());
  }
  const auto streams =
      matching_streams(about->snapshot, *plan, about->range, api.limits, request.cancelled);
  if (!streams) return failed_read(streams.error());
  std::set<std::string> values;
  if (name == kToolLabel && !streams->empty()) values.insert(about->tool);
  for (const auto& stream : *streams) {
    if (const auto value = stream.get(name); !value.empty()) values.emplace(value);
  }
  return http::json(success(values));
}

http::Response series(const Api& api, const http::Request& request) {
  const auto about = asked(api, request);
  if (!about) return failed_read(about.error());
  auto selectors = request.all_params("match[]");
  for (const auto selector : request.all_params("match")) selectors.push_back(selector);
  if (selectors.empty()) selectors.emplace_back("{}");
  if (selectors.size() > kMaxSelectors) {
    return http::text(400, "more than " + std::to_string(kMaxSelectors) + " selectors\n");
  }
  std::set<Labels> found;
  for (const auto selector : selectors) {
    const auto plan = plan_for(*about, selector);
    if (!plan) return failed_read(plan.error());
    auto streams =
        matching_streams(about->snapshot, *plan, about->range, api.limits, request.cancelled);
    if (!streams) return failed_read(streams.error());
    found.merge(*streams);
  }
  std::string out = R"({"status":"success","data":[)";
  for (auto stream : found) {
    stream.set(kToolLabel, about->tool);
    append_json_comma(out);
    append_labels(out, stream);
  }
  return http::json(out + "]}");
}

}  // namespace

void add_label_routes(http::Router& router, const Api& api) {
  for (const auto* method : {"GET", "POST"}) {
    for (const auto* path : {"/loki/api/v1/labels", "/loki/api/v1/label"}) {
      router.add(method, path, [&api](const http::Request& r) { return label_names(api, r); });
    }
    router.add(method, "/loki/api/v1/label/{name}/values",
               [&api](const http::Request& r) { return label_values(api, r); });
    router.add(method, "/loki/api/v1/series",
               [&api](const http::Request& r) { return series(api, r); });
  }
}

}  // namespace logboom::query
