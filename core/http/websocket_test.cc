#include <catch2/catch.hpp>
#include <mutex>
#include <thread>

#include "core/http/test_support.h"

namespace logboom::http {
namespace {

using std::chrono::milliseconds;

// A session made of functions; it checks the order and the solitude of its calls itself.
struct Script {
  std::function<void(Peer&)> start = [](Peer&) {};
  std::function<void(Peer&)> drained = [](Peer&) {};
  std::function<void(Peer&, std::string_view)> message = [](Peer&, std::string_view) {};
  Signal closed;
  std::atomic<int> starts = 0, closes = 0, disorder = 0;
};

class ScriptedSession final : public Session {
 public:
  explicit ScriptedSession(Script& script) : script_(script) {}
  void start(std::shared_ptr<Peer> peer) override {
    const Alone alone(*this);
    peer_ = std::move(peer);
    if (++script_.starts != 1) ++script_.disorder;
    script_.start(*peer_);
  }
  void drained() override {
    const Alone alone(*this);
    if (script_.starts != 1) ++script_.disorder;
    script_.drained(*peer_);
  }
  void message(std::string_view text) override {
    const Alone alone(*this);
    if (script_.starts != 1) ++script_.disorder;
    script_.message(*peer_, text);
  }
  void closed() override {
    const Alone alone(*this);
    if (script_.starts != 1 || ++script_.closes != 1) ++script_.disorder;
    peer_->send("nobody hears this");
    script_.closed.set();
  }

 private:
  struct Alone {
    explicit Alone(ScriptedSession& session) : session_(session) {
      if (session_.inside_.exchange(true) || session_.script_.closes > 0) {
        ++session_.script_.disorder;
      }
    }
    ~Alone() { session_.inside_ = false; }
    ScriptedSession& session_;
  };
  Script& script_;
  std::shared_ptr<Peer> peer_;
  std::atomic<bool> inside_ = false;
};

Router route_to(Script& script) {
  Router router;
  router.websocket("/tail",
                   [&script](const Request&) { return std::make_shared<ScriptedSession>(script); });
  return router;
}

constexpr std::string_view kUpgrade =
    "GET /tail HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";

// A client's frame, masked with zeros.
std::string frame(int opcode, std::string_view payload) {
  std::string bytes{static_cast<char>(0x80 | opcode)};
  if (payload.size() < 126) {
    bytes += static_cast<char>(0x80 | payload.size());
  } else {
    const bool short_length = payload.size() < 65'536;
    bytes += static_cast<char>(0x80 | (short_length ? 126 : 127));
    for (int shift = short_length ? 8 : 56; shift >= 0; shift -= 8) {
      bytes += static_cast<char>((payload.size() >> shift) & 0xFF);
    }
  }
  bytes += std::string(4, '\0');
  bytes += payload;
  return bytes;
}
constexpr int kText = 1, kClose = 8;

Result<std::string> next(WebSocketClient& client) {
  auto message = client.read(kPatience);
  if (!message) return fail(message.error());
  return message->value_or("nothing in time");
}

TEST_CASE("messages go both ways, in order") {
  Script script;
  script.start = [](Peer& peer) { peer.send("hello"); };
  script.message = [](Peer& peer, std::string_view text) {
    peer.send("echo " + std::string(text));
  };
  {
    const TestServer test(route_to(script));
    RawClient client(test);
    const auto upgraded = client.ask(std::string(kUpgrade) + "\r\n");
    CHECK(upgraded.status == 101);
    CHECK(upgraded.has("Server: logboom"));
    std::string sent, expected = "\x81\x05hello";
    for (int i = 0; i < 100; ++i) {
      sent += frame(kText, std::to_string(1000 + i));
      expected +=
          "\x81\x09"
          "echo " +
          std::to_string(1000 + i);
    }
    client.send(sent);
    std::string got;
    while (got.size() < expected.size()) {  // pings may come in between
      const std::string head = client.read_bytes(2);
      REQUIRE(head.size() == 2);
      const std::string payload = client.read_bytes(static_cast<unsigned char>(head[1]));
      if (head[0] == '\x81') got += head + payload;
    }
    CHECK(got == expected);
    client.send(frame(kClose, "\x03\xe8"));
    CHECK(client.read_all().ends_with("\x88\x02\x03\xe8"));
    CHECK(script.closed.wait());
  }
  CHECK(script.closes == 1);
  CHECK(script.disorder == 0);
}

TEST_CASE("a session that sends when drained fills a client and nobody's memory") {
  Script script;
  std::atomic<int> sent = 0;
  const auto send_next = [&](Peer& peer) {
    if (peer.queued_bytes() > 100'000) ++script.disorder;
    if (sent < 200) {
      peer.send(std::to_string(sent++) + ":" + std::string(100'000 - 10, 'x'));
    } else {
      peer.close(1000, "done");
    }
  };
  script.start = send_next;
  script.drained = send_next;
  const TestServer test(route_to(script), {.max_queued_bytes = 100'000});
  auto client = test.websocket("/tail");
  REQUIRE(client.has_value());
  for (int i = 0; i < 200; ++i) {
    const auto message = next(**client);
    REQUIRE(message.has_value());
    REQUIRE(message->starts_with(std::to_string(i) + ":"));
  }
  const auto end = next(**client);
  REQUIRE_FALSE(end.has_value());
  CHECK(end.error().code == Errc::cancelled);
  CHECK(script.closed.wait());
  CHECK(script.disorder == 0);
}

TEST_CASE("how the server ends it is how the client hears it") {
  auto [code, reason, heard, words] = GENERATE(table<int, std::string, Errc, std::string>({
      {1000, "", Errc::cancelled, "closed by the server"},
      {1011, "query failed: why", Errc::internal, "query failed: why"},
      {1011, "", Errc::internal, "closed with code 1011"},
      {1011, std::string(122, 'x') + "\u00e9tc", Errc::internal, std::string(122, 'x')},
      {0, "drop", Errc::unavailable, "connection lost"},
  }));
  CAPTURE(code, reason);
  Script script;
  script.start = [&, code_ = code, reason_ = reason](Peer& peer) {
    peer.send("last words");
    if (code_ != 0) peer.close(static_cast<std::uint16_t>(code_), reason_);
    peer.send("too late");
  };
  script.drained = [code_ = code](Peer& peer) {
    if (code_ == 0) peer.drop();
  };
  const TestServer test(route_to(script));
  auto client = test.websocket("/tail");
  REQUIRE(client.has_value());
  CHECK(next(**client) == "last words");
  if (code == 0) CHECK(next(**client) == "too late");
  const auto end = next(**client);
  REQUIRE_FALSE(end.has_value());
  CHECK(end.error().code == heard);
  CHECK(end.error().message.ends_with(words.substr(0, words.size())) ==
        (heard != Errc::unavailable));
  CHECK(end.error().message.find(words) != std::string::npos);
  CHECK(script.closed.wait());
  CHECK_FALSE(next(**client).has_value());  // and it stays that way
}

TEST_CASE("a client slower than its queue's limit is dropped without a close frame") {
  Script script;
  script.start = [](Peer& peer) {
    for (int i = 0; i < 100; ++i) peer.send(std::string(1 << 20, 'x'));
  };
  const TestServer test(route_to(script), {.max_queued_bytes = 2 << 20});
  RawClient client(test);
  CHECK(client.ask(std::string(kUpgrade) + "\r\n").status == 101);
  CHECK(script.closed.wait());
  CHECK(client.read_all().find('\x88') == std::string::npos);
  CHECK(script.disorder == 0);
}

TEST_CASE("a client that answers no ping is dropped, one that does is kept") {
  Script silent;
  const ServerOptions options{.idle_timeout = milliseconds(1'000),
                              .ping_interval = milliseconds(20)};
  const TestServer test(route_to(silent), options);
  RawClient client(test);
  CHECK(client.ask(std::string(kUpgrade) + "\r\n").status == 101);
  CHECK(client.read_all().starts_with(std::string("\x89\x00", 2)));
  CHECK(silent.closed.wait());

  Script alive;
  const TestServer other(route_to(alive), options);
  auto polite = other.websocket("/tail");
  REQUIRE(polite.has_value());
  const auto nothing = (*polite)->read(milliseconds(2'000));
  REQUIRE(nothing.has_value());
  CHECK_FALSE(nothing->has_value());
  CHECK(alive.closes == 0);
}

TEST_CASE("a route may refuse before the upgrade, and the client hears why") {
  auto [status, code] = GENERATE(table<int, Errc>({{400, Errc::invalid},
                                                   {401, Errc::denied},
                                                   {403, Errc::denied},
                                                   {404, Errc::not_found},
                                                   {429, Errc::limit},
                                                   {500, Errc::unavailable},
                                                   {503, Errc::unavailable}}));
  Router router;
  router.websocket("/tail", [status_ = status](const Request& request) {
    return text(status_,
                "parse error in " + std::string(request.param("query").value_or("")) + "\n");
  });
  const TestServer test(std::move(router));
  const auto client = test.websocket("/tail?query=%7Bjob");
  REQUIRE_FALSE(client.has_value());
  CHECK(client.error().code == code);
  CHECK(client.error().message.ends_with(": " + std::to_string(status) + ": parse error in {job"));
}

TEST_CASE("a handshake that is none is answered in HTTP") {
  Script script;
  const TestServer test(route_to(script));
  const auto plain = RawClient(test).ask("GET /tail HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(plain.status == 426);
  CHECK(plain.has("Upgrade: websocket"));
  const auto other_site =
      RawClient(test).ask(std::string(kUpgrade) + "Origin: http://evil.example\r\n\r\n");
  CHECK(other_site.status == 403);
  CHECK(RawClient(test).ask(std::string(kUpgrade) + "Origin: http://x\r\n\r\n").status == 101);
  const auto missing = test.websocket("/none");
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().code == Errc::not_found);
}

TEST_CASE("a session whose upgrade fails is started and closed all the same") {
  Script script;
  const TestServer test(route_to(script));
  RawClient client(test);
  client.send("GET /tail HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  CHECK(client.read_all().starts_with("HTTP/1.1 400"));
  CHECK(script.closed.wait());
  CHECK(script.disorder == 0);
}

TEST_CASE("bytes that break the protocol end the connection and nothing else") {
  auto bytes = GENERATE(as<std::string>(), "\xff\xff\xff\xff garbage",
                        "\x81\x05hello",                         // not masked
                        frame(kText, std::string(70'000, 'x')),  // too large
                        frame(kText, "\xff\xfe not UTF-8"), frame(3, "reserved"),
                        std::string(1, '\x81'));  // and then gone
  Script script;
  const TestServer test(route_to(script));
  RawClient client(test);
  CHECK(client.ask(std::string(kUpgrade) + "\r\n").status == 101);
  client.send(bytes);
  client.shutdown_send();
  client.read_all();
  CHECK(script.closed.wait());
  CHECK(script.disorder == 0);
}

TEST_CASE("messages wait, with TCP, for a session that is busy") {
  Signal first, go_on, all;
  std::atomic<int> seen = 0;
  Script script;
  script.message = [&](Peer&, std::string_view) {
    first.set();
    if (!go_on.wait()) ++script.disorder;
    if (++seen == 500) all.set();
  };
  const TestServer test(route_to(script), {.ping_interval = milliseconds(5)});
  RawClient client(test);
  CHECK(client.ask(std::string(kUpgrade) + "\r\n").status == 101);
  std::jthread sender([&] {
    for (int i = 0; i < 500; ++i) client.send(frame(kText, std::string(10'000, 'x')));
  });
  REQUIRE(first.wait());
  go_on.set();
  CHECK(all.wait());
  CHECK(script.disorder == 0);
}

TEST_CASE("a session that throws is dropped") {
  Script script;
  script.start = [](Peer&) { throw std::runtime_error("a bug"); };
  const TestServer test(route_to(script));
  RawClient client(test);
  client.send(std::string(kUpgrade) + "\r\n");
  client.read_all();
  CHECK(script.closed.wait());
}

TEST_CASE("stop drops WebSockets without a close frame and closes their sessions") {
  Script script;
  Signal started;
  script.start = [&](Peer& peer) {
    peer.send("hello");
    started.set();
  };
  TestServer test(route_to(script));
  auto client = test.websocket("/tail");
  REQUIRE(client.has_value());
  REQUIRE(started.wait());
  CHECK(next(**client) == "hello");
  test.server->stop();
  CHECK(script.closes == 1);
  const auto end = next(**client);
  REQUIRE_FALSE(end.has_value());
  CHECK(end.error().code == Errc::unavailable);
}

TEST_CASE("sessions are closed even when the worker pool has stopped before the server") {
  Script script;
  Signal started;
  script.start = [&](Peer&) { started.set(); };
  TestServer test(route_to(script));
  auto client = test.websocket("/tail");
  REQUIRE(started.wait());
  test.workers.stop();
  test.server->stop(milliseconds(10));
  CHECK(script.closes == 1);
}

TEST_CASE("a peer kept and used from other threads after the end does nothing") {
  std::shared_ptr<Peer> kept;
  class Keeper final : public Session {
   public:
    Keeper(std::shared_ptr<Peer>& kept, Signal& closed) : kept_(kept), closed_(closed) {}
    void start(std::shared_ptr<Peer> peer) override {
      kept_ = std::move(peer);
      kept_->send("hello");
    }
    void closed() override { closed_.set(); }

   private:
    std::shared_ptr<Peer>& kept_;
    Signal& closed_;
  };
  Signal closed;
  {
    Router router;
    router.websocket("/tail",
                     [&](const Request&) { return std::make_shared<Keeper>(kept, closed); });
    const TestServer test(std::move(router));
    auto client = test.websocket("/tail");
    REQUIRE(client.has_value());
    CHECK(next(**client) == "hello");
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 500; ++n) kept->send(std::to_string(n));
      });
    }
    client->reset();  // in the middle of it
    CHECK(closed.wait());
  }
  kept->send("more");
  kept->close(1000, "");
  kept->drop();
  CHECK(kept->queued_bytes() < 1'000'000);
}

TEST_CASE("cancel wakes a read from another thread, for good") {
  Script script;
  const TestServer test(route_to(script));
  auto client = test.websocket("/tail");
  REQUIRE(client.has_value());
  std::jthread canceller([&] { (*client)->cancel(); });
  const auto cancelled = (*client)->read(kPatience);
  REQUIRE_FALSE(cancelled.has_value());
  CHECK(cancelled.error().code == Errc::cancelled);
  CHECK_FALSE((*client)->read(milliseconds(1)).has_value());
}

TEST_CASE("a session hears its start before its end, though the server stops in between") {
  for (int i = 0; i < 100; ++i) {
    Script script;
    {
      const TestServer test(route_to(script));
      RawClient client(test);
      REQUIRE(client.send(std::string(kUpgrade) + "\r\n"));
      // The answer is on its way while the server stops.
      if (i % 2 == 0) CHECK(client.read_until("\r\n") == "HTTP/1.1 101 Switching Protocols\r\n");
    }
    CHECK(script.disorder == 0);
    CHECK(script.starts == script.closes);
  }
}

TEST_CASE("many WebSockets at once each hear their own") {
  Router router;
  class Counter final : public Session {
   public:
    explicit Counter(std::string name) : name_(std::move(name)) {}
    void start(std::shared_ptr<Peer> peer) override {
      peer_ = std::move(peer);
      drained();
    }
    void drained() override {
      if (n_ == 50) return peer_->close(1000, "");
      peer_->send(name_ + " " + std::to_string(n_++));
    }
    void closed() override {}

   private:
    std::string name_;
    std::shared_ptr<Peer> peer_;
    int n_ = 0;
  };
  router.websocket("/tail/{name}", [](const Request& request) {
    return std::make_shared<Counter>(std::string(request.path_param("name")));
  });
  const TestServer test(std::move(router), {.io_threads = 2, .ping_interval = milliseconds(1)});
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 12; ++thread) {
      threads.emplace_back([&, thread] {
        auto client = test.websocket("/tail/" + std::to_string(thread));
        if (!client) return;
        for (int i = 0; i < 50; ++i) {
          if (next(**client) == std::to_string(thread) + " " + std::to_string(i)) ++right;
        }
      });
    }
  }
  CHECK(right == 12 * 50);
}

}  // namespace
}  // namespace logboom::http
