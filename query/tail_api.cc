// The WebSocket route of live tail. Every refusal is an HTTP answer before the upgrade.
#include <atomic>
#include <charconv>
#include <memory>

#include "query/api.h"
#include "query/params.h"
#include "query/search.h"
#include "query/tail.h"
#include "query/tail_hub.h"

namespace logboom::query {
namespace {

constexpr int kMaxDelaySeconds = 5;

// delay_for lets Loki wait for late lines; commit order has no late lines, so it only is checked.
Result<void> check_delay(const http::Request& request) {
  const auto text = request.param("delay_for").value_or("");
  if (text.empty()) return {};
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0) {
    return fail(Errc::invalid, "could not parse 'delay_for' parameter: expecting whole seconds");
  }
  if (seconds <= kMaxDelaySeconds) return {};
  return fail(Errc::invalid, "delay_for can't be greater than " + std::to_string(kMaxDelaySeconds));
}

Result<TailRequest> tail_request(const Api& api, const http::Request& request) {
  TailRequest tail;
  tail.cancelled = request.cancelled;
  auto tool = tool_of(request);
  if (!tool) return fail(std::move(tool).error());
  tail.tool = *std::move(tool);
  auto question = parse_question(request.param("query"), request.param("search"));
  if (!question) return fail(std::move(question).error());
  tail.question = *std::move(question);
  if (auto delay = check_delay(request); !delay) return fail(std::move(delay).error());
  const auto range = range_of(request, api.now_ns());
  if (!range) return fail(range.error());
  tail.start = range->start;
  tail.encoding = encoding_of(request);
  const auto cursor = request.param("cursor");
  tail.cursors = cursor.has_value();
  if (cursor && !cursor->empty()) {
    auto resume = store::Cursor::parse(*cursor);
    if (!resume) return fail(std::move(resume).error().in("cursor"));
    tail.resume = *std::move(resume);
  }
  // limit=0, no back-fill, is ours alone: Loki refuses it.
  if (tail.cursors && request.param("limit") == "0") return tail;
  const auto limit = limit_of(request, api.limits.lines);
  if (!limit) return fail(limit.error());
  tail.limit = *limit;
  return tail;
}

}  // namespace

void add_tail_route(http::Router& router, const Api& api) {
  auto hub = std::make_shared<TailHub>(*api.workers);
  auto open = std::make_shared<std::atomic<std::size_t>>(0);
  router.websocket("/loki/api/v1/tail",
                   [&api, hub, open](const http::Request& request)
                       -> std::variant<http::Response, std::shared_ptr<http::Session>> {
                     auto tail = tail_request(api, request);
                     if (!tail) return failed_read(tail.error());
                     if (const std::size_t now = open->load(); now >= api.max_tails) {
                       return http::failed({Errc::limit,
                                            "max concurrent tail requests limit exceeded, count > "
                                            "limit (" +
                                                std::to_string(now + 1) + " > " +
                                                std::to_string(api.max_tails) + ")"});
                     }
                     return std::make_shared<TailSession>(*api.store, api.limits, hub, open,
                                                          *std::move(tail));
                   });
}

}  // namespace logboom::query
