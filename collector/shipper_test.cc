// The two ways out against a real HTTP server and librdkafka's mock brokers.
#include "collector/shipper.h"

#include <catch2/catch.hpp>
#include <mutex>

#include "collector/test_support.h"
#include "core/http/server.h"

namespace logboom::collector {
namespace {

// Answers what the test says, and remembers the bodies it was sent.
struct Server {
  using Reply = std::function<http::Response(const http::Request&)>;

  explicit Server(Reply reply) : workers(2) {
    http::Router router;
    router.add("POST", "/v1/logs", [this, reply = std::move(reply)](const http::Request& request) {
      const std::scoped_lock lock(mutex);
      bodies.push_back(request.body);
      headers.push_back(request.header("x-scope-orgid").data() == nullptr
                            ? ""
                            : std::string(request.header("x-scope-orgid")));
      return reply(request);
    });
    auto listening = http::Server::listen({}, std::move(router), workers);
    REQUIRE(listening);
    server = *std::move(listening);
  }
  ~Server() { server->stop(); }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server->port());
  }

  std::mutex mutex;  // guards bodies and headers
  std::vector<std::string> bodies, headers;
  WorkerPool workers;
  std::unique_ptr<http::Server> server;
};

Shipment shipment(std::uint64_t source, std::uint64_t previous, std::uint64_t next,
                  const std::string& bytes) {
  return {.source = source,
          .epoch = 3,
          .source_id = "node7/" + std::to_string(source),
          .tool = "bot",
          .previous = previous,
          .next = next,
          .bytes = bytes};
}

// Ships all before the shipper starts, so that one request carries them, and waits for the answers.
std::vector<Outcome> ship_together(Shipper& shipper, std::vector<Shipment> shipments) {
  const auto count = shipments.size();
  for (auto& one : shipments) shipper.ship(std::move(one));
  shipper.start([] {});
  std::vector<Outcome> outcomes;
  CHECK(until([&] {
    for (auto& outcome : shipper.take()) outcomes.push_back(std::move(outcome));
    return outcomes.size() >= count;
  }));
  shipper.stop();
  return outcomes;
}

http::Response answer_of(int status, const std::string& type, const std::string& body) {
  return {.status = status, .headers = {{"Content-Type", type}}, .body = body, .stream = {}};
}
http::Response taken() { return answer_of(200, "application/x-protobuf", ""); }

TEST_CASE("batches of several sources go in one request, and 200 stores them all") {
  Server server([](const http::Request&) { return taken(); });
  auto shipper = make_http_shipper({.url = server.url(), .headers = {{"X-Scope-OrgID", "x"}}});
  REQUIRE(shipper);
  const auto outcomes =
      ship_together(**shipper, {shipment(1, 0, 10, "aa"), shipment(2, 0, 5, "b")});
  REQUIRE(outcomes.size() == 2);
  CHECK(outcomes[0].kind == Outcome::Kind::stored);
  CHECK(outcomes[0].source == 1);
  CHECK(outcomes[0].epoch == 3);
  CHECK(outcomes[0].bytes == 2);
  CHECK(outcomes[1].kind == Outcome::Kind::stored);
  CHECK(server.bodies == std::vector<std::string>{"aab"});
  CHECK(server.headers == std::vector<std::string>{"x"});
}

TEST_CASE("a conflict is told to the batches after the hole and to no others") {
  Server server([](const http::Request&) {
    return http::json(R"({"conflicts":[{"source":"node7/1","expected":10}]})", 409);
  });
  auto shipper = make_http_shipper({.url = server.url()});
  const auto outcomes = ship_together(
      **shipper, {shipment(1, 0, 10, "a"), shipment(1, 20, 30, "b"), shipment(2, 0, 99, "c")});
  REQUIRE(outcomes.size() == 3);
  CHECK(outcomes[0].kind == Outcome::Kind::stored);
  CHECK(outcomes[1].kind == Outcome::Kind::conflict);
  CHECK(outcomes[1].expected == 10);
  CHECK(outcomes[2].kind == Outcome::Kind::stored);
}

TEST_CASE("one bad batch of a request is refused alone") {
  Server server([](const http::Request& request) {
    return request.body.find('!') == std::string::npos ? taken() : http::text(400, "bad batch");
  });
  auto shipper = make_http_shipper({.url = server.url()});
  const auto outcomes = ship_together(**shipper, {shipment(1, 0, 1, "a"), shipment(2, 0, 1, "!"),
                                                  shipment(3, 0, 1, "c"), shipment(4, 0, 1, "d")});
  REQUIRE(outcomes.size() == 4);
  for (const auto& outcome : outcomes) {
    CHECK((outcome.kind == Outcome::Kind::refused) == (outcome.source == 2));
  }
  CHECK(outcomes[1].reason.find("bad batch") != std::string::npos);
}

TEST_CASE("the same bytes are sent again until the other side takes them") {
  auto [status, body] = GENERATE(table<int, std::string>(
      {{503, ""}, {429, ""}, {500, ""}, {401, ""}, {409, "not from us"}, {302, ""}}));
  CAPTURE(status);
  std::atomic<int> calls = 0;
  Server server([&, status = status, body = body](const http::Request&) {
    return ++calls == 1 ? http::text(status, body) : taken();
  });
  auto shipper = make_http_shipper({.url = server.url()});
  const auto outcomes = ship_together(**shipper, {shipment(1, 0, 1, "a")});
  REQUIRE(outcomes.size() == 1);
  CHECK(outcomes[0].kind == Outcome::Kind::stored);
  CHECK(server.bodies == std::vector<std::string>{"a", "a"});
}

TEST_CASE("what no server of ours answers says nothing about the batch") {
  const auto [status, type, body] =
      GENERATE(table<int, std::string, std::string>({{200, "text/html", "<h1>Log in</h1>"},
                                                     {200, "text/plain", ""},
                                                     {413, "text/html", "too large"},
                                                     {400, "text/html", "no TLS here"}}));
  std::atomic<int> calls = 0;
  Server server([&, status = status, type = type, body = body](const http::Request&) {
    return ++calls == 1 ? answer_of(status, type, body) : taken();
  });
  auto shipper = make_http_shipper({.url = server.url()});
  const auto outcomes = ship_together(**shipper, {shipment(1, 0, 1, "a")});
  REQUIRE(outcomes.size() == 1);
  CHECK(outcomes[0].kind == Outcome::Kind::stored);
  CHECK(calls == 2);
}

TEST_CASE("who does not want to wait hears that access is denied") {
  Server server([](const http::Request&) { return http::text(401, "who are you?"); });
  auto shipper = make_http_shipper({.url = server.url(), .wait_when_denied = false});
  const auto outcomes = ship_together(**shipper, {shipment(1, 0, 1, "a")});
  REQUIRE(outcomes.size() == 1);
  CHECK(outcomes[0].kind == Outcome::Kind::refused);
  CHECK(outcomes[0].reason.find("who are you?") != std::string::npos);
}

TEST_CASE("a shipper that stops while the server is away does not hang") {
  auto shipper = make_http_shipper({.url = "http://127.0.0.1:1"});
  REQUIRE(shipper);
  (*shipper)->ship(shipment(1, 0, 1, "a"));
  (*shipper)->start([] {});
  (*shipper)->stop();
  CHECK((*shipper)->take().empty());
}

TEST_CASE("a bad URL is told at once") {
  const auto shipper = make_http_shipper({.url = "not a url"});
  REQUIRE_FALSE(shipper);
  CHECK(shipper.error().code == Errc::invalid);
}

// librdkafka starts its threads through C11's thrd_create; gcc's thread sanitizer does not see that
// and crashes.
#if !defined(__SANITIZE_THREAD__)
TEST_CASE("Kafka acknowledges in order, and what it refuses is told") {
  kafka::Options options;
  options.topic = "logs";
  options.properties = {{"test.mock.num.brokers", "1"}};
  auto shipper = make_kafka_shipper(options, 64 << 20);
  REQUIRE(shipper);
  std::vector<Shipment> shipments;
  for (std::uint64_t i = 0; i < 100; ++i) shipments.push_back(shipment(1, i, i + 1, "bytes"));
  shipments.push_back(shipment(2, 0, 1, std::string(20 << 20, 'x')));
  const auto outcomes = ship_together(**shipper, std::move(shipments));
  REQUIRE(outcomes.size() == 101);
  std::uint64_t next = 0;
  for (const auto& outcome : outcomes) {
    CHECK((outcome.kind == Outcome::Kind::refused) == (outcome.source == 2));
    if (outcome.source != 1) continue;
    CHECK(outcome.previous == next);
    next = outcome.next;
  }
  CHECK(next == 100);
}
#endif

}  // namespace
}  // namespace logboom::collector
