// GET /api/v1/counts: how many lines there were, over time and by level.
//
//   start=&end=&since=&step=&by=level&query={job="bot"}
//
// Lines of whole streams are counted: what looks at lines (filters, words, columns) is refused.
// The range is widened to whole minutes, and the answer says to which; without a step it is one
// bucket. Every level is in the answer, in each all buckets.
#include <array>
#include <numeric>

#include "core/time.h"
#include "query/api.h"
#include "query/params.h"
#include "query/plan.h"
#include "query/runs/answer.h"

namespace logboom::query {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::string counts_json(const store::Counts& counts, std::int64_t step_ns) {
  std::array<std::int64_t, logboom::kLevels> totals{};
  Json json;
  json.open('{')
      .member("step_s",
              (step_ns == 0 ? counts.end / kSecond - counts.start / kSecond : step_ns / kSecond))
      .member("start", format_rfc3339(counts.start, 0))
      .member("end", format_rfc3339(counts.end, 0));
  json.name("counts").open('{');
  for (std::size_t level = 0; level < logboom::kLevels; ++level) {
    json.name(name(static_cast<Level>(level))).open('[');
    for (const auto& bucket : counts.buckets) {
      const auto lines = static_cast<std::int64_t>(bucket[level]);
      json.number(lines);
      totals[level] += lines;
    }
    json.close(']');
  }
  json.close('}').name("totals").open('{');
  for (std::size_t level = 0; level < logboom::kLevels; ++level) {
    json.member(name(static_cast<Level>(level)), totals[level]);
  }
  json.close('}').member("lines", std::accumulate(totals.begin(), totals.end(), std::int64_t{0}));
  return json.close('}').take();
}

http::Response counts(const Api& api, const http::Request& request) {
  const auto tool = tool_of(request);
  if (!tool) return failed_read(tool.error());
  const auto by = request.param("by").value_or("level");
  if (by != "level") {
    return http::text(400, "counts are by level: leave out by=, or say by=level\n");
  }
  const auto range = range_of(request, api.now_ns());
  if (!range) return failed_read(range.error());
  const auto step = counts_step_of(request);
  if (!step) return failed_read(step.error());
  const auto question =
      parse_question(request.param("query"), request.param("search").value_or(""));
  if (!question) return failed_read(question.error());

  const auto snapshot = api.store->snapshot(*tool);
  const auto plan = Plan::make(*question, *tool, snapshot.streams(range->start, range->end));
  if (!plan) return failed_read(plan.error());
  if (!plan->whole_streams()) {
    return http::text(400,
                      "counts are of whole streams: leave out filters, search words, levels and "
                      "columns such as pod\n");
  }
  const auto wanted = [&](const Labels& labels) { return !plan->nothing() && plan->wants(labels); };
  const auto counts = snapshot.counts({.start = range->start,
                                       .end = range->end,
                                       .step_ns = *step,
                                       .stream = wanted,
                                       .stop = request.cancelled});
  if (!counts) return failed_read(counts.error());
  return http::json(counts_json(*counts, *step));
}

}  // namespace

void add_counts_route(http::Router& router, const Api& api) {
  router.add("GET", "/api/v1/counts", [&api](const http::Request& r) { return counts(api, r); });
}

}  // namespace logboom::query
