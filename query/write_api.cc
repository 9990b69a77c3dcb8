// Lines in over HTTP: Loki's push and OTLP.
//
// The status is the sender's flow control: 2xx is safe, 429 and 503 come back, every other 4xx must
// not.
#include <algorithm>
#include <optional>
#include <utility>

#include "core/json.h"
#include "core/level.h"
#include "core/metrics.h"
#include "core/otlp.h"
#include "query/api.h"
#include "query/params.h"
#include "query/plan.h"
#include "query/push.h"

namespace logboom::query {
namespace {

constexpr std::size_t kMaxUnpacked = 64 << 20;  // of a snappy block
constexpr std::size_t kMaxReason = 1'000;       // clients read no more of an error

std::string media_type(const http::Request& request) {
  const auto type = request.header("content-type");
  std::string media(type.substr(0, std::min(type.find_first_of("; "), type.size())));
  for (char& c : media) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return media;
}

void count_accepted(std::uint64_t lines) {
  static auto& counter =
      metrics::counter("logboom_query_accepted_lines_total", "Lines taken in over HTTP and safe");
  counter.add(lines);
}

void count_rejected(std::string_view reason, std::uint64_t lines) {
  metrics::counter("logboom_query_rejected_lines_total", "Lines refused over HTTP, by reason",
                   {{"reason", std::string(reason)}})
      .add(lines);
}

// The level a stream or a line says it has, where it says so.
Level named_level(std::string_view name, std::string_view value) {
  if (name != "level" && name != "severity" && name != kLevelLabel) return Level::unknown;
  return parse_level(value).value_or(Level::unknown);
}

// Redacts what the sender has not, and reads the levels it has not given.
void prepare(Batch& batch, const Redactor& redactor) {
  if (!batch.redacted) redactor.redact(batch);
  std::vector<Level> of_stream;
  for (const auto& labels : batch.streams) {
    auto& level = of_stream.emplace_back(Level::unknown);
    for (const auto& [name, value] : labels.pairs())
      level = std::max(level, named_level(name, value));
  }
  for (auto& record : batch.records) {
    for (const auto& [name, value] : record.metadata) {
      if (record.level == Level::unknown) record.level = named_level(name, value);
    }
    if (record.level == Level::unknown) record.level = of_stream[record.stream];
    if (record.level == Level::unknown) record.level = detect_level(record.body);
  }
}

// A failure on the way to the disk or the broker is no fault of the sender: it comes again.
Error for_sender(Error error) {
  switch (error.code) {
    case Errc::invalid:
    case Errc::too_large:
    case Errc::limit:
    case Errc::full:
      return error;
    default:
      return Error{Errc::unavailable, std::move(error.message)};
  }
}

Result<Pushed> parse_push(const http::Request& request, const PushContext& context) {
  const auto encoding = request.header("content-encoding");
  const bool json = media_type(request) == "application/json";
  const bool known = encoding.empty() || encoding == "gzip" || encoding == "deflate" ||
                     (encoding == "snappy" && !json);
  if (!known) {
    return fail(Errc::invalid, "Content-Encoding \"" + std::string(encoding) + "\" not supported");
  }
  return json ? parse_push_json(request.body, context)
              : parse_push_protobuf(request.body, kMaxUnpacked, context);
}

http::Response push(const Api& api, const http::Request& request) {
  const auto tool = pushing_tool_of(request);
  if (!tool) return http::failed(tool.error());
  const auto context = push_context(*tool, api.push_limits, api.now_ns());
  auto pushed = parse_push(request, context);
  if (!pushed) {
    count_rejected("malformed_push", 1);
    return http::failed(pushed.error());
  }
  for (auto& batch : pushed->batches) prepare(batch, *api.redactor);
  if (!pushed->batches.empty()) {
    auto appended = api.intake->accept(std::move(pushed->batches));
    if (!appended) return http::failed(for_sender(std::move(appended).error()));
  }
  count_accepted(pushed->accepted);
  for (const auto& [reason, lines] : pushed->rejected) count_rejected(reason, lines);
  if (pushed->reason.empty()) return {.status = 204, .headers = {}, .body = {}, .stream = {}};
  auto reason = pushed->reason.substr(0, kMaxReason);
  std::ranges::replace(reason, '\n', ' ');
  const auto lines = pushed->rejected_lines();
  if (lines > 1) reason += " (and " + std::to_string(lines - 1) + " more lines refused)";
  return http::text(400, reason + "\n");
}

struct OtlpAnswer {
  bool json = false;

  http::Response answer(int status, std::string body) const {
    const std::string type = json ? "application/json" : "application/x-protobuf";
    return {.status = status,
            .headers = {{"Content-Type", type}},
            .body = std::move(body),
            .stream = {}};
  }
  http::Response failed(const Error& error) const {
    constexpr int kInvalidArgument = 3, kResourceExhausted = 8, kUnavailable = 14;
    auto response = http::failed(error);
    const int code = response.status == 429   ? kResourceExhausted
                     : response.status == 503 ? kUnavailable
                                              : kInvalidArgument;
    std::erase_if(response.headers, [](const auto& h) { return h.first == "Content-Type"; });
    auto answered = answer(response.status, otlp::status(json, code, error.message));
    std::ranges::move(response.headers, std::back_inserter(answered.headers));
    return answered;
  }
};

// Batches that came after a hole, for our own collectors: where each source must go on.
std::string conflicts_json(const std::vector<store::Appended>& appended,
                           const std::vector<std::string>& sources) {
  std::string out;
  for (std::size_t i = 0; i < appended.size() && i < sources.size(); ++i) {
    if (appended[i].kind != store::Appended::Kind::conflict) continue;
    out += out.empty() ? R"({"conflicts":[{"source":)" : R"(,{"source":)";
    append_json_string(out, sources[i]);
    out += ",\"expected\":" + std::to_string(appended[i].expected) + "}";
  }
  return out.empty() ? out : out + "]}";
}

http::Response otlp_logs(const Api& api, const http::Request& request) {
  const auto type = media_type(request);
  const OtlpAnswer answer{.json = type == "application/json"};
  if (!answer.json && type != "application/x-protobuf") {
    return http::text(415, "OTLP comes as application/x-protobuf or application/json\n");
  }
  const auto encoding = request.header("content-encoding");
  if (!encoding.empty() && encoding != "gzip" && encoding != "deflate") {
    return answer.failed({Errc::invalid, "Content-Encoding \"" + std::string(encoding) +
                                             "\" not supported; send gzip or none"});
  }
  const auto tool = pushing_tool_of(request);
  if (!tool) return answer.failed(tool.error());
  auto decoded =
      answer.json ? otlp::decode_json(request.body, *tool) : otlp::decode(request.body, *tool);
  if (!decoded) return answer.failed(decoded.error());

  std::vector<std::string> sources;
  std::uint64_t lines = 0;
  for (auto& batch : decoded->batches) {
    prepare(batch, *api.redactor);
    sources.push_back(batch.span ? batch.span->source : "");
    lines += batch.records.size();
  }
  std::vector<store::Appended> appended;
  if (!decoded->batches.empty()) {
    auto accepted = api.intake->accept(std::move(decoded->batches));
    if (!accepted) return answer.failed(for_sender(std::move(accepted).error()));
    appended = *std::move(accepted);
  }
  count_accepted(lines);
  if (decoded->rejected > 0) count_rejected("otlp_record", decoded->rejected);
  if (auto conflicts = conflicts_json(appended, sources); !conflicts.empty()) {
    return http::json(std::move(conflicts), 409);
  }
  return answer.answer(200, otlp::response(answer.json, decoded->rejected, decoded->reason));
}

}  // namespace

void add_write_routes(http::Router& router, const Api& api) {
  for (const auto* path : {"/loki/api/v1/push", "/api/prom/push"}) {
    router.add("POST", path, [&api](const http::Request& r) { return push(api, r); });
  }
  for (const auto* path : {"/v1/logs", "/otlp/v1/logs"}) {
    router.add("POST", path, [&api](const http::Request& r) { return otlp_logs(api, r); });
  }
}

}  // namespace logboom::query
