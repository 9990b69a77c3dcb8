// HTTP/1.1 and WebSocket server.
//
//   http::Router router;
//   router.add("GET", "/loki/api/v1/label/{name}/values", [&](const Request& r) { ... });
//   auto server = http::Server::listen({.address = "127.0.0.1:3100"}, std::move(router), workers);
//
// Threads: sockets and timers run on `io_threads` threads; handlers run on the worker pool and may
// block. Router is fixed once the server listens.
// Why handlers are plain functions and not coroutines: a Beast session costs 20 s and 600 MB to
// compile, so Beast and Asio stay in server.cc; a handler that only computes an answer reads better
// as a function, and the pool bounds how many run.
// Errors: a handler's exception is answered 500 and logged. Unknown path 404, wrong method 405 with
// Allow, body over the limit 413, malformed 400, busy pool 503 with Retry-After.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "core/http/message.h"
#include "core/result.h"
#include "core/worker_pool.h"

namespace logboom::http {

// The server's end of one WebSocket. Threads: any. Calls after the end are ignored.
class Peer {
 public:
  virtual ~Peer() = default;
  // Queues a text message. The session is told drained() when all is written.
  virtual void send(std::string text) = 0;
  [[nodiscard]] virtual std::size_t queued_bytes() const = 0;
  // Sends a close frame (1000 normal, 1011 server error) after what is queued.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  // Drops the connection without a close frame: Loki's clients reconnect only then (code 1006).
  virtual void drop() = 0;
};

// What a WebSocket route makes for each client. All calls come from the worker pool, never two at
// once for one session, start() first and closed() last (exactly once).
class Session {
 public:
  virtual ~Session() = default;
  virtual void start(std::shared_ptr<Peer> peer) = 0;
  virtual void drained() {}
  virtual void message(std::string_view) {}
  virtual void closed() = 0;
};

using Handler = std::function<Response(const Request&)>;
// Answers a Response (400 ...) instead of upgrading, or the session.
using WebSocketHandler =
    std::function<std::variant<Response, std::shared_ptr<Session>>(const Request&)>;

class Router {
 public:
  // `pattern` may hold {name} parts, each one path segment. HEAD is answered by GET's handler.
  void add(std::string_view method, std::string_view pattern, Handler handler);
  void websocket(std::string_view pattern, WebSocketHandler handler);
  // For paths no pattern matches (the web page's assets).
  void fallback(Handler handler);

  struct Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> segments;
    Handler handler;  // or
    WebSocketHandler websocket;
  };
  struct Match {
    const Route* route = nullptr;
    Pairs path_params;
    std::string allow;  // the methods that would match, when only the method is wrong
  };
  // `path` as it was sent, still percent-encoded; the parameters come out decoded. The route with
  // the fewest parameters wins, then the first. `upgrade`: prefer WebSocket routes; a plain request
  // that only a WebSocket route fits gets that route, and the server answers 426.
  [[nodiscard]] Match match(std::string_view method, std::string_view path, bool upgrade) const;
  [[nodiscard]] const Handler& fallback() const { return fallback_; }

 private:
  std::vector<Route> routes_;
  Handler fallback_;
};

struct ServerOptions {
  std::string address = "127.0.0.1:0";  // ADDRESS:PORT or [v6]:PORT; port 0 = any free one
  std::string certificate_file = {}, key_file = {};  // PEM; both or none: TLS
  unsigned io_threads = 1;
  std::size_t max_body_bytes = 16 << 20;      // as sent
  std::size_t max_inflated_bytes = 64 << 20;  // after Content-Encoding
  std::size_t max_pending_bytes = 256 << 20;  // bodies of all requests in work; more get 503
  std::size_t max_header_bytes = 32 << 10;
  std::size_t max_connections = 10'000;    // more are answered 503 and closed
  std::size_t max_queued_bytes = 4 << 20;  // per WebSocket; a slower client is dropped
  // Between requests, for a whole header, between two reads or writes of a body (and ten times it
  // for a whole request body), and for a WebSocket without a sign of life.
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds ping_interval{1'000};  // of WebSockets, as Loki does
  // WebSockets that a browser opens from another site's page are answered 403 (Origin against Host
  // or X-Forwarded-Host): else any page a developer visits could read the logs of a server on
  // loopback.
  bool check_origin = true;
};

class Server {
 public:
  static Result<std::unique_ptr<Server>> listen(ServerOptions options, Router router,
                                                WorkerPool& workers);
  virtual ~Server() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  // Stops accepting, lets running handlers finish (at most `grace`), drops WebSockets without a
  // close frame, joins. After the grace requests are cancelled and connections closed; it still
  // waits for handlers to return, since they use what the caller destroys next. Idempotent; the
  // destructor calls it. Not from a handler, and before the worker pool stops.
  virtual void stop(std::chrono::milliseconds grace = std::chrono::seconds(5)) = 0;
};

}  // namespace logboom::http
