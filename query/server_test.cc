// The same over real sockets: what the routes, the HTTP server and the store make together.
#include <catch2/catch.hpp>

#include "core/http/client.h"
#include "query/test_api.h"

namespace logboom::query {
namespace {

http::ClientOptions to(http::Server& server) {
  http::ClientOptions options;
  options.url = "http://127.0.0.1:" + std::to_string(server.port());
  return options;
}

std::string next_frame(http::WebSocketClient& client) {
  auto frame = client.read(std::chrono::seconds(20));
  REQUIRE(frame.has_value());
  REQUIRE(frame->has_value());
  return **std::move(frame);
}

std::string push_of(const std::string& line) {
  return R"({"streams":[{"stream":{"job":"bot"},"values":[["1700000000000000000",")" + line +
         R"("]]}]})";
}

}  // namespace

TEST_CASE("a pushed line is found over HTTP, also compressed and by a posted form") {
  TestApi test;
  const auto server = test.serve();
  const auto client = http::Client::create(to(*server));
  REQUIRE(client.has_value());
  const auto pushed = (*client)->post("/loki/api/v1/push", http::gzip(push_of("hello")),
                                      {{"Content-Type", "application/json"},
                                       {"Content-Encoding", "gzip"},
                                       {"X-Scope-OrgID", "mytool"}});
  REQUIRE(pushed.has_value());
  CHECK(pushed->status == 204);
  const auto got =
      (*client)->get("/loki/api/v1/query_range?query=%7Bjob%3D%22bot%22%7D&end=1800000000",
                     {{"X-Scope-OrgID", "mytool"}});
  REQUIRE(got.has_value());
  CHECK(got->status == 200);
  CHECK(got->body.find(R"(["1700000000000000000","hello"])") != std::string::npos);
  const auto posted = (*client)->post("/loki/api/v1/query_range",
                                      "query=%7Bjob%3D%22bot%22%7D&end=1800000000&tool=mytool",
                                      {{"Content-Type", "application/x-www-form-urlencoded"}});
  REQUIRE(posted.has_value());
  CHECK(posted->body.find("hello") != std::string::npos);
  server->stop();
}

TEST_CASE("a live tail over a WebSocket shows a pushed line and resumes after a restart") {
  TestApi test;
  auto server = test.serve();
  auto tail = http::WebSocketClient::connect(to(*server), "/loki/api/v1/tail?search=&cursor=");
  REQUIRE(tail.has_value());
  const auto first = next_frame(**tail);
  CHECK(first.starts_with(R"({"streams":[],"cursor":")"));
  CHECK(test.push(push_of("live")).status == 204);
  const auto frame = next_frame(**tail);
  CHECK(frame.starts_with(
      R"({"streams":[{"stream":{"job":"bot"},"values":[["1700000000000000000","live"]]}],"cursor":")"));

  server->stop();
  const auto dropped = (*tail)->read(std::chrono::seconds(20));
  REQUIRE_FALSE(dropped.has_value());
  CHECK(dropped.error().code == Errc::unavailable);

  CHECK(test.push(push_of("meanwhile")).status == 204);
  const auto at = frame.find(R"("cursor":")") + 10;
  const auto cursor = frame.substr(at, frame.find('"', at) - at);
  server = test.serve();
  auto again = http::WebSocketClient::connect(
      to(*server), "/loki/api/v1/tail?search=&cursor=" + http::percent_encode(cursor));
  REQUIRE(again.has_value());
  CHECK(next_frame(**again).starts_with(R"({"streams":[],"cursor":")"));
  CHECK(next_frame(**again).find("meanwhile") != std::string::npos);
  server->stop();
}

TEST_CASE("a tail that cannot be is refused before the upgrade") {
  const auto [parameters, code, words] = GENERATE(table<std::string, Errc, std::string>({
      {"", Errc::invalid, "parse error at line 1, col 1"},
      {"query=%7Ba", Errc::invalid, "parse error at line 1, col 3"},
      {"search=&delay_for=6", Errc::invalid, "delay_for can't be greater than 5"},
      {"search=&delay_for=x", Errc::invalid, "could not parse 'delay_for' parameter"},
      {"search=&limit=0", Errc::invalid, "limit must be a positive value"},
      {"search=&cursor=nonsense!", Errc::invalid, "cursor"},
      {"search=&tool=a%7Cb", Errc::invalid, "one tool at a time"},
      {"search=", Errc::limit, "max concurrent tail requests limit exceeded"},
  }));
  CAPTURE(parameters);
  TestApi test({}, code == Errc::limit ? 0 : 10);
  const auto server = test.serve();
  const auto tail = http::WebSocketClient::connect(to(*server), "/loki/api/v1/tail?" + parameters);
  REQUIRE_FALSE(tail.has_value());
  CHECK(tail.error().code == code);
  CHECK(tail.error().message.find(words) != std::string::npos);
  server->stop();
}

TEST_CASE("a tail of a tool by parameter sees that tool alone") {
  TestApi test;
  const auto server = test.serve();
  auto tail = http::WebSocketClient::connect(
      to(*server), "/loki/api/v1/tail?search=&cursor=&limit=0&tool=mytool");
  REQUIRE(tail.has_value());
  next_frame(**tail);
  CHECK(test.push(push_of("not this")).status == 204);
  CHECK(test.push(push_of("this"), {{"x-scope-orgid", "mytool"}}).status == 204);
  const auto frame = next_frame(**tail);
  CHECK(frame.find("\"this\"") != std::string::npos);
  CHECK(frame.find("not this") == std::string::npos);
  server->stop();
}

}  // namespace logboom::query
