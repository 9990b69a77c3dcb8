#include "query/params.h"

#include <catch2/catch.hpp>

namespace logboom::query {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000, kHour = 3'600 * kSecond;
constexpr std::int64_t kNow = 1'700'000'000 * kSecond;

http::Request request(std::string_view query, http::Pairs headers = {}) {
  http::Request request;
  request.params = http::parse_query(query);
  request.headers = std::move(headers);
  return request;
}

}  // namespace

TEST_CASE("a time range is read as Loki reads it") {
  const auto [query, start, end] = GENERATE(table<std::string, std::int64_t, std::int64_t>({
      {"", kNow - kHour, kNow},
      {"since=2h", kNow - 2 * kHour, kNow},
      {"start=1699999000", 1'699'999'000 * kSecond, kNow},
      {"start=1699999000&end=1699999100", 1'699'999'000 * kSecond, 1'699'999'100 * kSecond},
      {"start=1699999000000000001&end=1699999000.5", 1'699'999'000 * kSecond + 1,
       1'699'999'000 * kSecond + kSecond / 2},
      {"end=2023-11-14T22:13:20Z", kNow - kHour, kNow},
      {"end=1699990000&since=10s", 1'699'989'990 * kSecond, 1'699'990'000 * kSecond},
      {"end=1800000000&since=1m", kNow - 60 * kSecond, 1'800'000'000 * kSecond},
      {"start=&end=", kNow - kHour, kNow},
      {"start=1&end=1", kSecond, kSecond},
  }));
  CAPTURE(query);
  const auto range = range_of(request(query), kNow);
  REQUIRE(range.has_value());
  CHECK(range->start == start);
  CHECK(range->end == end);
}

TEST_CASE("wrong parameters are refused in Loki's words") {
  const auto [query, message] = GENERATE(table<std::string, std::string>({
      {"start=2&end=1", "end timestamp must not be before or equal to start time"},
      {"limit=0", "limit must be a positive value"},
      {"limit=-5", "limit must be a positive value"},
      {"limit=5001",
       "max entries limit per query exceeded, limit > max_entries_limit_per_query "
       "(5001 > 5000)"},
      {"limit=ten", "could not parse 'limit' parameter: 'ten' is no number"},
      {"direction=sideways", "invalid direction 'sideways'"},
      {"step=0",
       "zero or negative query resolution step widths are not accepted. Try a positive "
       "integer"},
      {"step=1ms",
       "exceeded maximum resolution of 11,000 points per timeseries. Try increasing the "
       "value of the step parameter"},
      {"tool=a%7Cb", "one tool at a time: several in X-Scope-OrgID (a|b) are not supported yet"},
  }));
  CAPTURE(query);
  const auto asked = request(query);
  const auto first_error = [&]() -> std::string {
    if (const auto tool = tool_of(asked); !tool) return tool.error().message;
    const auto range = range_of(asked, kNow);
    if (!range) return range.error().message;
    if (const auto limit = limit_of(asked, 5'000); !limit) return limit.error().message;
    if (const auto order = order_of(asked); !order) return order.error().message;
    if (const auto step = check_step(asked, *range); !step) return step.error().message;
    return "all accepted";
  };
  CHECK(first_error() == message);
}

TEST_CASE("unreadable times name the parameter") {
  const auto name = GENERATE(as<std::string>(), "start", "end", "since");
  const auto range = range_of(request(name + "=yesterday%3F"), kNow);
  REQUIRE_FALSE(range.has_value());
  CHECK(range.error().message.starts_with("could not parse '" + name + "' parameter: "));
  CHECK_FALSE(check_step(request("step=abc"), {0, 1}).has_value());
  CHECK_FALSE(check_step(request("interval=abc"), {0, 1}).has_value());
}

TEST_CASE("good parameters are accepted in every spelling") {
  CHECK(*limit_of(request(""), 5'000) == 100);
  CHECK(*limit_of(request("limit=5000"), 5'000) == 5'000);
  CHECK(*order_of(request("")) == Order::newest_first);
  CHECK(*order_of(request("direction=BACKWARD")) == Order::newest_first);
  CHECK(*order_of(request("direction=Forward")) == Order::oldest_first);
  CHECK(check_step(request("step=15000ms&interval=0"), {0, kHour}).has_value());
  CHECK(check_step(request("step=0.5"), {0, kHour}).has_value());
}

TEST_CASE("the tool comes from the header, then the parameter, then is local") {
  CHECK(*tool_of(request("")) == "local");
  CHECK(*tool_of(request("tool=mytool")) == "mytool");
  CHECK(*tool_of(request("tool=mytool", {{"x-scope-orgid", "other"}})) == "other");
  CHECK_FALSE(tool_of(request("tool=-x")).has_value());
  CHECK(*pushing_tool_of(request("tool=mytool")) == "local");
  CHECK(*pushing_tool_of(request("", {{"x-scope-orgid", "other"}})) == "other");
}

TEST_CASE("encoding flags come from the header or the parameter") {
  const auto flags = [](const http::Request& asked) {
    const auto encoding = encoding_of(asked);
    return std::pair(encoding.categorize, encoding.line_ids);
  };
  CHECK(flags(request("")) == std::pair(false, false));
  CHECK(flags(request("flags=line-ids")) == std::pair(false, true));
  CHECK(flags(request("flags=categorize-labels,%20line-ids,other")) == std::pair(true, true));
  CHECK(flags(request("", {{"x-loki-response-encoding-flags", "categorize-labels"}})) ==
        std::pair(true, false));
}

}  // namespace logboom::query
