#include "query/params.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "core/labels.h"
#include "core/time.h"

namespace logboom::query {
namespace {

constexpr std::string_view kDefaultTool = "local";

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// A parameter that is there and not empty; Loki takes an empty one for absent.
std::optional<std::string_view> given(const http::Request& request, std::string_view name) {
  auto value = request.param(name);
  if (value && value->empty()) return std::nullopt;
  return value;
}

Result<std::string> checked_tool(std::string_view name) {
  if (name.empty()) name = kDefaultTool;
  if (name.find('|') != std::string_view::npos) {
    return fail(Errc::invalid,
                "one tool at a time: several in X-Scope-OrgID (a|b) are not supported yet");
  }
  if (auto checked = check_tool_name(name); !checked) return fail(std::move(checked).error());
  return std::string(name);
}

Result<std::optional<std::int64_t>> time_param(const http::Request& request,
                                               std::string_view name) {
  const auto text = given(request, name);
  if (!text) return std::nullopt;
  auto time = parse_loki_time(*text);
  if (time) return *time;
  return fail(std::move(time).error().in("could not parse '" + std::string(name) + "' parameter"));
}

Result<std::optional<std::int64_t>> duration_param(const http::Request& request,
                                                   std::string_view name) {
  const auto text = given(request, name);
  if (!text) return std::nullopt;
  auto duration = parse_duration(*text);
  if (duration) return duration->count();
  return fail(
      std::move(duration).error().in("could not parse '" + std::string(name) + "' parameter"));
}

std::int64_t minus(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  if (!__builtin_sub_overflow(a, b, &out)) return out;
  return b > 0 ? std::numeric_limits<std::int64_t>::min()
               : std::numeric_limits<std::int64_t>::max();
}

}  // namespace

Result<std::string> tool_of(const http::Request& request) {
  const auto header = trimmed(request.header("x-scope-orgid"));
  return checked_tool(header.empty() ? request.param("tool").value_or("") : header);
}

Result<std::string> pushing_tool_of(const http::Request& request) {
  return checked_tool(trimmed(request.header("x-scope-orgid")));
}

Result<Range> range_of(const http::Request& request, std::int64_t now_ns) {
  const auto since = duration_param(request, "since");
  if (!since) return fail(since.error());
  const auto end = time_param(request, "end");
  if (!end) return fail(end.error());
  const auto start = time_param(request, "start");
  if (!start) return fail(start.error());
  constexpr std::int64_t kHour = 3'600'000'000'000;
  Range range;
  range.end = end->value_or(now_ns);
  range.start = start->value_or(minus(std::min(range.end, now_ns), since->value_or(kHour)));
  if (range.end < range.start) {
    return fail(Errc::invalid, "end timestamp must not be before or equal to start time");
  }
  return range;
}

Result<std::size_t> limit_of(const http::Request& request, std::size_t most) {
  const auto text = given(request, "limit");
  if (!text) return std::min(kDefaultLines, most);
  std::int64_t limit = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error != std::errc() || end != text->data() + text->size()) {
    return fail(Errc::invalid,
                "could not parse 'limit' parameter: '" + std::string(*text) + "' is no number");
  }
  if (limit <= 0) return fail(Errc::invalid, "limit must be a positive value");
  if (static_cast<std::uint64_t>(limit) > most) {
    return fail(Errc::invalid,
                "max entries limit per query exceeded, limit > max_entries_limit_per_query (" +
                    std::to_string(limit) + " > " + std::to_string(most) + ")");
  }
  return static_cast<std::size_t>(limit);
}

Result<std::optional<LineKey>> after_of(const http::Request& request) {
  const auto text = given(request, "after");
  if (!text) return std::nullopt;
  std::int64_t time_ns = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, time_ns);
  if (error == std::errc() && stop != end && *stop == '.') {
    if (const auto id = parse_line_id({stop + 1, end})) {
      return LineKey{time_ns, id->first, id->second};
    }
  }
  return fail(Errc::invalid, "could not parse 'after' parameter: '" +
                                 std::string(text->substr(0, 80)) +
                                 "': give a line's time in ns, a dot, and its id");
}

Result<Order> order_of(const http::Request& request) {
  const auto text = given(request, "direction");
  if (!text) return Order::newest_first;
  std::string lower(*text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  if (lower == "backward") return Order::newest_first;
  if (lower == "forward") return Order::oldest_first;
  return fail(Errc::invalid, "invalid direction '" + std::string(*text) + "'");
}

Result<void> check_step(const http::Request& request, Range range) {
  const auto step = duration_param(request, "step");
  if (!step) return fail(step.error());
  if (*step && **step <= 0) {
    return fail(Errc::invalid,
                "zero or negative query resolution step widths are not accepted. Try a positive "
                "integer");
  }
  if (*step && minus(range.end, range.start) / **step > kMaxPoints) {
    return fail(Errc::invalid,
                "exceeded maximum resolution of 11,000 points per timeseries. Try increasing the "
                "value of the step parameter");
  }
  const auto interval = duration_param(request, "interval");
  if (!interval) return fail(interval.error());
  if (*interval && **interval < 0) return fail(Errc::invalid, "interval must be >= 0");
  return {};
}

Result<std::int64_t> counts_step_of(const http::Request& request) {
  const auto step = duration_param(request, "step");
  if (!step) return fail(step.error());
  if (*step && **step <= 0) {
    return fail(Errc::invalid, "the step must be a whole number of minutes, such as 5m");
  }
  return step->value_or(0);
}

Encoding encoding_of(const http::Request& request) {
  Encoding encoding;
  std::string_view flags = request.header("x-loki-response-encoding-flags");
  if (flags.empty()) flags = request.param("flags").value_or("");
  while (!flags.empty()) {
    const std::size_t comma = std::min(flags.find(','), flags.size());
    const auto flag = trimmed(flags.substr(0, comma));
    encoding.categorize = encoding.categorize || flag == "categorize-labels";
    encoding.line_ids = encoding.line_ids || flag == "line-ids";
    flags.remove_prefix(std::min(comma + 1, flags.size()));
  }
  return encoding;
}

}  // namespace logboom::query
