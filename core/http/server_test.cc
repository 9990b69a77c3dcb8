#include "core/http/server.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/http/test_support.h"
#include "core/metrics.h"

namespace logboom::http {
namespace {

std::string show(const Request& request) {
  std::string out = request.method + " " + request.path;
  for (const auto& [key, value] : request.path_params) out += " {" + key + "=" + value + "}";
  for (const auto& [key, value] : request.params) out += " " + key + "=" + value;
  if (!request.body.empty()) out += " body:" + request.body;
  if (!request.header("content-encoding").empty()) {
    out += " coding:" + std::string(request.header("content-encoding"));
  }
  return out;
}

Router echo() {
  Router router;
  router.add("GET", "/show/{what}", [](const Request& r) { return text(200, show(r)); });
  router.add("POST", "/show/{what}", [](const Request& r) { return text(200, show(r)); });
  router.add("POST", "/size",
             [](const Request& r) { return text(200, std::to_string(r.body.size())); });
  router.add("GET", "/throw", [](const Request&) -> Response {
    throw std::runtime_error("a secret of the server");
  });
  router.add("GET", "/status", [](const Request&) { return text(7, "?"); });
  router.add("GET", "/empty", [](const Request&) { return Response{.status = 204}; });
  router.add("GET", "/many", [](const Request&) { return text(200, std::string(100'000, 'x')); });
  router.add("GET", "/packed", [](const Request&) {
    Response response = text(200, std::string(100'000, 'x'));
    response.headers.emplace_back("Content-Encoding", "br");
    return response;
  });
  router.add("GET", "/stream", [](const Request&) {
    Response response = text(200, "");
    response.stream = [n = 0](std::string& part) mutable {
      if (n != 1) part = "part " + std::to_string(n) + "\n";  // an empty part must not end it
      return ++n < 4;
    };
    return response;
  });
  router.add("GET", "/broken-stream", [](const Request&) {
    Response response = text(200, "");
    response.stream = [n = 0](std::string& part) mutable {
      part = "part";
      if (n++ == 1) throw std::runtime_error("half way");
      return true;
    };
    return response;
  });
  return router;
}

TEST_CASE("requests and answers over the wire") {
  const TestServer test(echo());
  auto [request, status, body] = GENERATE(table<std::string, int, std::string>({
      {"GET /show/it?a=1&b=x%20y HTTP/1.1\r\nHost: x\r\n\r\n", 200,
       "GET /show/it {what=it} a=1 b=x y"},
      {"GET http://host/show/it?a=1 HTTP/1.1\r\nHost: x\r\n\r\n", 200,
       "GET /show/it {what=it} a=1"},
      {"POST /show/it HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 200,
       "POST /show/it {what=it} body:hello"},
      {"POST /show/it HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
       "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
       200, "POST /show/it {what=it} body:hello world"},
      {"POST /show/it?q=0 HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n"
       "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n\r\nq=1&w=+",
       200, "POST /show/it {what=it} q=0 q=1 w=  body:q=1&w=+"},
      {"POST /show/it HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
       "Content-Encoding: snappy\r\n\r\nabc",
       200, "POST /show/it {what=it} body:abc coding:snappy"},
      {"POST /show/it HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
       "Content-Encoding: gzip\r\n\r\nabc",
       400, "Content-Encoding gzip: compressed body: incorrect header check"},
      {"GET /none HTTP/1.1\r\nHost: x\r\n\r\n", 404, "page not found: /none\n"},
      {"PUT /show/it HTTP/1.1\r\nHost: x\r\n\r\n", 405,
       "method PUT is not allowed here: use GET, HEAD, POST\n"},
      {"GET /throw HTTP/1.1\r\nHost: x\r\n\r\n", 500,
       "internal error: this is a bug of the server; its log names it\n"},
      {"GET /status HTTP/1.1\r\nHost: x\r\n\r\n", 500,
       "internal error: this is a bug of the server; its log names it\n"},
      {"GET /empty HTTP/1.1\r\nHost: x\r\n\r\n", 204, ""},
      {"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n", 200, "part 0\npart 2\npart 3\n"},
      {"POST /show/it HTTP/1.1\r\nHost: x\r\nExpect: magic\r\nContent-Length: 1\r\n\r\n", 417,
       "Expect: only 100-continue is known\n"},
      {"GET /show/it HTTP/1.1\r\nno colon\r\n\r\n", 400, "malformed HTTP request: bad field\n"},
      {"GET /show/it HTTP/3.7\r\n\r\n", 400, "malformed HTTP request: bad version\n"},
      {"\x16\x03\x01\x02 this is TLS, or worse\r\n\r\n", 400,
       "malformed HTTP request: bad method\n"},
      {"POST /show/it HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
       "malformed HTTP request: bad Transfer-Encoding\n"},
      {"POST /show/it HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400,
       "malformed HTTP request: bad Content-Length\n"},
      {"POST /show/it HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnot hex\r\n", 400,
       "malformed HTTP request: bad chunk\n"},
  }));
  CAPTURE(request);
  const auto reply = RawClient(test).ask(request);
  CHECK(reply.status == status);
  CHECK(reply.body == body);
  CHECK(reply.has("Server: logboom"));
}

TEST_CASE("one connection takes many requests, also sent all at once") {
  const TestServer test(echo());
  RawClient client(test);
  const std::string one = "GET /show/a HTTP/1.1\r\nHost: x\r\n\r\n";
  CHECK(client.ask(one).body == "GET /show/a {what=a}");
  const auto head = client.ask("HEAD /many HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(head.has("Content-Length: 100000"));
  CHECK(client.ask("HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n").status == 200);
  CHECK(client.ask("GET /empty HTTP/1.1\r\nHost: x\r\n\r\n").status == 204);
  client.send(one + one + "POST /show/b HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi" + one);
  CHECK(client.read_reply().body == "GET /show/a {what=a}");
  CHECK(client.read_reply().body == "GET /show/a {what=a}");
  CHECK(client.read_reply().body == "POST /show/b {what=b} body:hi");
  CHECK(client.read_reply().body == "GET /show/a {what=a}");
  const auto last = client.ask("GET /show/a HTTP/1.1\r\nConnection: close\r\n\r\n");
  CHECK(last.has("Connection: close"));
  CHECK(client.read_all().empty());
}

TEST_CASE("HTTP/1.0 gets a stream without chunks and then the end") {
  const TestServer test(echo());
  RawClient client(test);
  client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string all = client.read_all();
  CHECK(all.starts_with("HTTP/1.0 200 OK\r\n"));
  CHECK(all.ends_with("\r\n\r\npart 0\npart 2\npart 3\n"));
}

TEST_CASE("a stream that breaks is cut off, so that nobody takes it for whole") {
  const TestServer test(echo());
  RawClient client(test);
  client.send("GET /broken-stream HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string all = client.read_all();
  CHECK(all.find("4\r\npart\r\n") != std::string::npos);
  CHECK(all.find("0\r\n\r\n") == std::string::npos);
}

TEST_CASE("bodies are inflated for every handler and answers packed for those who like it") {
  const TestServer test(echo());
  const auto client = test.client();
  const std::string packed = gzip("hello");
  CHECK(client->post("/show/it", packed, {{"Content-Encoding", "gzip"}})->body ==
        "POST /show/it {what=it} body:hello");
  CHECK(client
            ->post("/show/it", packed.substr(10, packed.size() - 18),
                   {{"Content-Encoding", "deflate"}})
            ->body == "POST /show/it {what=it} body:hello");

  const auto answer = client->get("/many");
  CHECK(header_of(*answer, "content-encoding") == "gzip");
  CHECK(answer->body == std::string(100'000, 'x'));
  CHECK(header_of(*client->get("/show/it"), "content-encoding").empty());  // short

  RawClient raw(test);
  const auto never = raw.ask("GET /many HTTP/1.1\r\nAccept-Encoding: br, gzip;q=0\r\n\r\n");
  CHECK(never.body.size() == 100'000);
  const auto already = raw.ask("GET /packed HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n");
  CHECK(already.has("Content-Encoding: br"));
  CHECK(already.body.size() == 100'000);
}

TEST_CASE("what is over a limit is refused by name, before it is read") {
  const TestServer test(
      echo(),
      {.max_body_bytes = 100'000, .max_inflated_bytes = 1'000'000, .max_header_bytes = 4'000});
  auto [request, status] = GENERATE(table<std::string, int>({
      {"POST /size HTTP/1.1\r\nContent-Length: 100001\r\n\r\n", 413},
      {"POST /size HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413},
      {"POST /size HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 100001\r\n\r\n", 413},
      {"POST /size HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n30000\r\n", 413},
      {"GET /show/" + std::string(5'000, 'x') + " HTTP/1.1\r\n\r\n", 431},
      {"GET /show/it HTTP/1.1\r\nX: " + std::string(5'000, 'x') + "\r\n\r\n", 431},
      {"GET /show/it HTTP/1.1\r\nX: " + std::string(900'000, 'x'), 431},
  }));
  CAPTURE(request.substr(0, 80));
  RawClient client(test);
  const auto reply = client.ask(request);
  CHECK(reply.status == status);
  CHECK(reply.has("Connection: close"));

  const auto bomb = test.client()->post("/size", gzip(std::string(2'000'000, 'x')),
                                        {{"Content-Encoding", "gzip"}});
  CHECK(bomb->status == 413);
}

TEST_CASE("a refused upload's answer arrives although the client is still sending") {
  const TestServer test(echo(), {.max_body_bytes = 1'000});
  const auto answer = test.client()->post("/size", std::string(20'000'000, 'x'), {});
  REQUIRE(answer.has_value());
  CHECK(answer->status == 413);
  CHECK(test.client()->post("/none", std::string(500, 'x'), {})->status == 404);
}

TEST_CASE("bodies of all requests together have a limit") {
  const TestServer test(echo(), {.max_pending_bytes = 300'000});
  const auto refused = test.client()->post("/size", std::string(2'000'000, 'x'), {});
  REQUIRE(refused.has_value());
  CHECK(refused->status == 503);
  CHECK(header_of(*refused, "retry-after") == "1");
  for (int i = 0; i < 20; ++i) {  // what was taken is given back
    CHECK(test.client()->post("/size", std::string(100'000, 'x'), {})->body == "100000");
  }
}

TEST_CASE("a large body arrives whole, with or without 100-continue") {
  const TestServer test(echo());
  CHECK(test.client()->post("/size", std::string(16 << 20, 'x'), {})->body == "16777216");
  RawClient client(test);
  client.send("POST /size HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 200000\r\n\r\n");
  CHECK(client.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(client.ask(std::string(200'000, 'x')).body == "200000");
}

TEST_CASE("a busy worker pool is 503 with Retry-After, and the connection lives") {
  const TestServer test(echo(), {}, 0);
  RawClient client(test);
  for (int i = 0; i < 2; ++i) {
    const auto reply = client.ask("GET /show/it HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(reply.status == 503);
    CHECK(reply.has("Retry-After: 1"));
  }
}

TEST_CASE("more connections than allowed are told so") {
  const TestServer test(echo(), {.max_connections = 2});
  RawClient first(test), second(test);
  const std::string one = "GET /show/a HTTP/1.1\r\nHost: x\r\n\r\n";
  CHECK(first.ask(one).status == 200);
  CHECK(second.ask(one).status == 200);
  const auto reply = RawClient(test).ask(one);
  CHECK(reply.status == 503);
  CHECK(reply.has("Connection: close"));
  CHECK(first.ask(one).status == 200);
}

TEST_CASE("the fallback gets what no route matches") {
  Router router = echo();
  router.fallback([](const Request& r) { return text(200, "asset " + r.path); });
  const TestServer test(std::move(router));
  CHECK(test.client()->get("/app.js")->body == "asset /app.js");
  CHECK(test.client()->post("/many", "", {})->status == 405);
}

TEST_CASE("a client that says nothing, or half a request, is let go") {
  const TestServer test(echo(), {.idle_timeout = std::chrono::milliseconds(50)});
  auto half = GENERATE(as<std::string>(), "", "GET /show/it HTTP/1.1\r\nX:",
                       "POST /size HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf");
  CAPTURE(half);
  RawClient client(test);
  client.send(half);
  CHECK(client.read_all().empty());
}

TEST_CASE("a handler learns that its client has gone") {
  Signal running, stopped;
  Router router;
  router.add("GET", "/wait", [&](const Request& request) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    running.set();
    wake.wait(lock, request.cancelled, [] { return false; });
    stopped.set();
    return text(200, "");
  });
  const TestServer test(std::move(router));
  RawClient client(test);
  client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(running.wait());
  client.close();
  CHECK(stopped.wait());
}

// Answers without end; `gone` is set when the server lets go of the stream.
Router endless(Signal& gone) {
  Router router;
  router.add("GET", "/endless", [&gone](const Request&) {
    Response response = text(200, "");
    const std::shared_ptr<Signal> guard(&gone, [](Signal* signal) { signal->set(); });
    response.stream = [guard](std::string& part) {
      part.assign(64 << 10, 'x');
      return true;
    };
    return response;
  });
  return router;
}

TEST_CASE("a stream ends when its client goes") {
  Signal gone;
  const TestServer test(endless(gone));
  RawClient client(test);
  client.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(client.read_bytes(1'000'000).size() == 1'000'000);
  client.close();
  CHECK(gone.wait());
}

TEST_CASE("stop ends a stream whose client does not read, and idle connections") {
  Signal gone;
  TestServer test(endless(gone));
  RawClient idle(test), half(test), stuck(test);
  half.send("GET /endl");
  stuck.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(stuck.read_bytes(100).size() == 100);
  test.server->stop(std::chrono::milliseconds(0));
  CHECK(gone.wait());
  CHECK(idle.read_all().empty());
  CHECK(half.read_all().empty());
  test.server->stop();  // again: nothing happens
  CHECK_THROWS(RawClient(test));
}

TEST_CASE("stop lets a running handler finish") {
  Signal running, go_on;
  Router router;
  router.add("GET", "/slow", [&](const Request&) {
    running.set();
    return text(go_on.wait() ? 200 : 500, "done");
  });
  TestServer test(std::move(router));
  RawClient client(test);
  client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(running.wait());
  std::jthread stopping([&] { test.server->stop(kPatience); });
  go_on.set();
  CHECK(client.read_reply().body == "done");
  CHECK(client.read_all().empty());
}

TEST_CASE("stop cancels a handler that would never finish") {
  Signal running;
  Router router;
  router.add("GET", "/wait", [&](const Request& request) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    running.set();
    wake.wait(lock, request.cancelled, [] { return false; });
    return text(200, "");
  });
  TestServer test(std::move(router));
  RawClient client(test);
  client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(running.wait());
  test.server->stop(std::chrono::milliseconds(1));
  CHECK(client.read_all().empty());
}

TEST_CASE("many clients at once each get their own answer") {
  const TestServer test(echo(), {.io_threads = 2});
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 16; ++thread) {
      threads.emplace_back([&, thread] {
        const auto client = test.client();
        for (int i = 0; i < 50; ++i) {
          const std::string what = std::to_string(thread) + "-" + std::to_string(i);
          const auto answer = client->post("/show/" + what, what, {});
          if (answer &&
              answer->body == "POST /show/" + what + " {what=" + what + "} body:" + what) {
            ++right;
          }
        }
      });
    }
  }
  CHECK(right == 16 * 50);
}

TEST_CASE("requests are counted by route and status") {
  const TestServer test(echo());
  CHECK(test.client()->get("/show/counted")->status == 200);
  CHECK(test.client()->get("/never-seen")->status == 404);
  // The count follows the answer's last byte: the next exchange on the connection is after it.
  const auto client = test.client();
  CHECK(client->get("/show/a")->status == 200);
  CHECK(client->get("/show/b")->status == 200);
  const std::string metrics = metrics::text();
  CHECK(metrics.find(R"(logboom_http_requests_total{path="/show/{what}",status="200"})") !=
        std::string::npos);
  CHECK(metrics.find("never-seen") == std::string::npos);
}

TEST_CASE("listening fails with words that help") {
  WorkerPool workers(1);
  const TestServer test(echo());
  struct Row {
    std::string address;
    Errc code;
    std::string words;
  };
  const Row rows[] = {
      {"127.0.0.1:" + std::to_string(test.server->port()), Errc::busy,
       "another process has this port"},
      {"3100", Errc::invalid, "write ADDRESS:PORT"},
      {"127.0.0.1:", Errc::invalid, "write ADDRESS:PORT"},
      {"127.0.0.1:99999", Errc::invalid, "write ADDRESS:PORT"},
      {"127.0.0.1:80x", Errc::invalid, "write ADDRESS:PORT"},
      {":3100", Errc::invalid, "write ADDRESS:PORT"},
      {"192.0.2.1:0", Errc::io, "listen on 192.0.2.1:0"},
  };
  for (const auto& [address, code, words] : rows) {
    CAPTURE(address);
    const auto server = Server::listen({.address = address}, Router{}, workers);
    REQUIRE_FALSE(server.has_value());
    CHECK(server.error().code == code);
    CHECK(server.error().message.find(words) != std::string::npos);
  }
}

TEST_CASE("IPv6 is served where there is IPv6") {
  const int probe = ::socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool there = ::bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(probe);
  if (!there) {
    WARN("no IPv6 on this machine");
    return;
  }
  const TestServer test(echo(), {.address = "[::1]:0"});
  const std::string url = "http://[::1]:" + std::to_string(test.server->port());
  CHECK((*Client::create({.url = url}))->get("/show/six")->status == 200);
}

}  // namespace
}  // namespace logboom::http
