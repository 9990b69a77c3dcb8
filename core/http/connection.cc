// One client's connection: its requests one after the other, until one side ends it or a WebSocket
// takes it over.
//
//   read header ─ route ─ read body ─ worker pool ─ write answer ─┐
//        ▲                              │ watch: is the client    │
//        └──── keep-alive ──────────────┘ still there?    ◄───────┘
//
// A coroutine on the connection's strand; only the pool's part runs elsewhere.
#include <poll.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <charconv>

#include "core/http/exchange.h"
#include "core/http/state.h"
#include "core/http/websocket.h"
#include "core/log.h"
#include "core/metrics.h"

namespace logboom::http {
namespace {

using asio::awaitable;
using asio::redirect_error;
using asio::use_awaitable;
using Clock = std::chrono::steady_clock;
using Parser = beast::http::request_parser<beast::http::buffer_body>;
using UpgradeResult = std::variant<Response, std::shared_ptr<Session>>;

constexpr std::size_t kBodyPiece = 64 << 10;  // the least and most we grow a body by
constexpr std::size_t kMostBodyPiece = 1 << 20;
constexpr std::size_t kWritePiece = 256 << 10;  // what must be written within one idle timeout
constexpr int kBodyTimeouts = 10;               // idle timeouts for a whole request body
constexpr std::size_t kIdleBuffer = 8 << 10;    // a waiting connection keeps no more than this
constexpr std::chrono::milliseconds kWatchInterval{100};
constexpr std::chrono::milliseconds kLinger{2'000};
constexpr std::chrono::milliseconds kPoolRetry{20};
constexpr int kPoolRetries = 250;  // for the next part of a stream: 5 s

// One request and its answer, shared with the worker pool.
struct Exchange {
  explicit Exchange(std::shared_ptr<ServerState> the_state) : state(std::move(the_state)) {
    request.cancelled = stop.get_token();
  }
  ~Exchange() { state->return_body_bytes(body_bytes); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  std::shared_ptr<ServerState> state;
  std::stop_source stop;
  Request request;
  Response response;
  std::shared_ptr<Session> session;
  std::string part;  // of a stream
  bool stream_goes_on = true, stream_broke = false;
  std::size_t body_bytes = 0;  // taken from the state
  bool http10 = false, keep_alive = false, done = false;
  const Router::Route* match = nullptr;  // none: the fallback
  std::string route = "none";            // for the metrics
  Clock::time_point begin = Clock::now();
};

template <class Handler>
struct PoolCall {
  std::shared_ptr<Exchange> exchange;
  Handler handler;
};

// Runs `work`, which must not throw, on the worker pool. False: the pool is busy, it did not run.
// `work` is a plain function because g++ 12 mishandles temporaries with captures inside a co_await.
awaitable<bool> on_pool(std::shared_ptr<Exchange> exchange, void (*work)(Exchange&)) {
  return asio::async_initiate<const asio::use_awaitable_t<>&, void(bool)>(
      [](auto&& handler, std::shared_ptr<Exchange> subject, void (*task)(Exchange&)) {
        using Handler = std::decay_t<decltype(handler)>;
        WorkerPool& workers = subject->state->workers;
        auto call = std::make_shared<PoolCall<Handler>>(
            PoolCall<Handler>{std::move(subject), std::forward<decltype(handler)>(handler)});
        // Leaves nothing of the exchange behind on the pool's thread: once the coroutine goes on,
        // the server may stop and what the exchange refers to may go.
        const auto finish = [](std::shared_ptr<PoolCall<Handler>> ended, bool ran) {
          const auto keeps_executor_valid = ended->exchange->state;
          const auto executor = asio::get_associated_executor(ended->handler);
          asio::post(executor, [ended = std::move(ended), ran] { std::move(ended->handler)(ran); });
        };
        const bool taken = workers.post([call, finish, task]() mutable {
          task(*call->exchange);
          finish(std::move(call), true);
        });
        if (!taken) finish(std::move(call), false);
      },
      use_awaitable, std::move(exchange), work);
}

Response busy() { return failed({Errc::busy, "the server is busy: try again in a second\n"}); }

metrics::Gauge& open_connections() {
  static metrics::Gauge& gauge =
      metrics::gauge("logboom_http_connections", "Open HTTP and WebSocket connections.");
  return gauge;
}

class Connection final : public Connected, public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ServerState> state, asio::ip::tcp::socket socket)
      : Connected(std::move(state)),
        stream_(std::move(socket)),
        executor_(stream_.get_executor()),
        watch_(executor_),
        buffer_(state_->options.max_header_bytes + 2 * kBodyPiece) {
    open_connections().add(1);
    ErrorCode ignored;
    stream_.tcp().socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    const auto remote = stream_.tcp().socket().remote_endpoint(ignored);
    if (!ignored) peer_ = remote.address().to_string();
    if (state_->tls) stream_.use_tls(*state_->tls);
  }
  ~Connection() override { open_connections().add(-1); }

  void stop() override {
    asio::post(executor_, [self = shared_from_this()] {
      if (self->waiting_ && self->buffer_.size() == 0) self->stream_.close();
    });
  }
  void abort() override {
    asio::post(executor_, [self = shared_from_this()] {
      self->aborted_ = true;
      if (self->exchange_) self->exchange_->stop.request_stop();
      self->stream_.close();
    });
  }

  [[nodiscard]] const asio::any_io_executor& executor() const { return executor_; }

  // `self` keeps the connection alive as long as the coroutine. Each co_await here stands in a
  // statement of its own: in a loop's condition g++ 12 makes a coroutine that traps.
  awaitable<void> run(std::shared_ptr<Connection> self, bool refuse) {
    const bool ready = co_await handshake();
    if (ready && refuse) co_await refuse_connection();
    bool more = ready && !refuse;
    while (more) more = co_await serve_one();
    if (ready && !upgraded_) co_await finish();
    self.reset();
  }

 private:
  awaitable<bool> handshake() {
    if (stream_.tls() == nullptr) co_return true;
    ErrorCode error;
    stream_.tcp().expires_after(state_->options.idle_timeout);
    waiting_ = true;
    co_await stream_.tls()->async_handshake(asio::ssl::stream_base::server,
                                            redirect_error(use_awaitable, error));
    waiting_ = false;
    co_return !error;
  }

  awaitable<void> refuse_connection() {
    auto exchange = std::make_shared<Exchange>(state_);
    exchange->response = failed({Errc::busy, "too many connections: try again in a second\n"});
    linger_ = true;
    co_await write_answer(exchange);
  }

  // True when the connection can take another request.
  awaitable<bool> serve_one() {
    if (state_->stopping || aborted_) co_return false;
    if (buffer_.size() == 0 && buffer_.capacity() > kIdleBuffer) buffer_.shrink_to_fit();
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(state_->options.max_header_bytes));
    parser.body_limit(state_->options.max_body_bytes);
    ErrorCode error;
    stream_.tcp().expires_after(state_->options.idle_timeout);
    waiting_ = true;
    co_await beast::http::async_read_header(stream_, buffer_, parser,
                                            redirect_error(use_awaitable, error));
    waiting_ = false;
    stream_.tcp().expires_never();

    auto exchange = std::make_shared<Exchange>(state_);
    exchange_ = exchange;
    bool more = false;
    if (error) {
      if (!describe(error, exchange->response)) co_return false;
      linger_ = true;
      co_await write_answer(exchange);
    } else {
      more = co_await serve(exchange, parser);
    }
    exchange_.reset();
    co_return more;
  }

  awaitable<bool> serve(std::shared_ptr<Exchange> exchange, Parser& parser) {
    take_header(*exchange, parser);
    const Target target = split_target(parser.get().target());
    const bool upgrade = beast::websocket::is_upgrade(parser.get());
    const Router::Match match =
        state_->router.match(exchange->request.method, target.path, upgrade);
    exchange->request.path_params = match.path_params;
    const bool refused = refuse(*exchange, match, upgrade);
    if (!refused && !parser.is_done()) {
      const bool alive = co_await read_body(*exchange, parser);
      if (!alive) co_return false;
    }
    // Anything of the request that is still to come would be taken for the next one.
    if (!parser.is_done()) {
      exchange->keep_alive = false;
      linger_ = true;
    }
    if (!refused && parser.is_done()) {
      exchange->match = match.route;
      watch(exchange);
      const bool ran = co_await on_pool(exchange, &call_handler);
      exchange->done = true;
      watch_.cancel();
      if (!ran) exchange->response = busy();
      if (exchange->session) co_return upgrade_to_websocket(*exchange, parser);
    }
    const bool more = co_await write_answer(exchange);
    co_return more;
  }

  void take_header(Exchange& exchange, Parser& parser) const {
    auto& header = parser.get();
    Request& request = exchange.request;
    const Target target = split_target(header.target());
    request.method = header.method_string();
    request.path = percent_decode(target.path, false);
    request.params = parse_query(target.query);
    request.peer = peer_;
    for (const auto& field : header) {
      std::string name(field.name_string());
      for (char& c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      }
      request.headers.emplace_back(std::move(name), field.value());
    }
    exchange.http10 = header.version() < 11;
    exchange.keep_alive = header.keep_alive();
  }

  // What can be refused before the body is read.
  bool refuse(Exchange& exchange, const Router::Match& match, bool upgrade) const {
    const Request& request = exchange.request;
    Response& response = exchange.response;
    if (match.route != nullptr) {
      exchange.route = match.route->pattern;
      if (!match.route->websocket) return false;
      if (!upgrade) {
        response = text(426, "this path speaks WebSocket: connect with a WebSocket client\n");
        response.headers.emplace_back("Upgrade", "websocket");
      } else if (state_->options.check_origin && !same_origin(request)) {
        response = text(403, "WebSocket from another site's page refused: Origin is " +
                                 std::string(request.header("origin")) +
                                 "; behind a proxy, have it pass Host or X-Forwarded-Host on\n");
      } else {
        return false;
      }
    } else if (!match.allow.empty()) {
      response =
          text(405, "method " + request.method + " is not allowed here: use " + match.allow + "\n");
      response.headers.emplace_back("Allow", match.allow);
    } else if (state_->router.fallback()) {
      exchange.route = "fallback";
      return false;
    } else {
      response = text(404, "page not found: " + request.path + "\n");
    }
    return true;
  }

  // False: the connection broke. A body that is refused leaves the answer in the exchange and the
  // parser unfinished.
  awaitable<bool> read_body(Exchange& exchange, Parser& parser) {
    const std::string_view expect = exchange.request.header("expect");
    if (!expect.empty()) {
      if (!beast::iequals(expect, "100-continue")) {
        exchange.response = text(417, "Expect: only 100-continue is known\n");
        co_return true;
      }
      if (buffer_.size() == 0) {
        const bool alive = co_await write("HTTP/1.1 100 Continue\r\n\r\n", {});
        if (!alive) co_return false;
      }
    }
    const auto deadline = Clock::now() + kBodyTimeouts * state_->options.idle_timeout;
    std::string& body = exchange.request.body;
    std::size_t filled = 0;
    buffer_.reserve(kBodyPiece);
    while (!parser.is_done()) {
      if (filled == body.size()) {
        const std::size_t more = std::clamp(body.size(), kBodyPiece, kMostBodyPiece);
        if (!state_->take_body_bytes(more)) {
          exchange.response = busy();
          co_return true;
        }
        exchange.body_bytes += more;
        body.resize(filled + more);
      }
      auto& room = parser.get().body();
      room.data = body.data() + filled;
      room.size = body.size() - filled;
      ErrorCode error;
      stream_.tcp().expires_at(std::min(deadline, Clock::now() + state_->options.idle_timeout));
      co_await beast::http::async_read_some(stream_, buffer_, parser,
                                            redirect_error(use_awaitable, error));
      filled = body.size() - room.size;
      if (error && error != beast::http::error::need_buffer) {
        stream_.tcp().expires_never();
        co_return describe(error, exchange.response);
      }
    }
    stream_.tcp().expires_never();
    body.resize(filled);
    co_return true;
  }

  // The answer to a request that could not be read; false when nobody is there to hear it.
  bool describe(ErrorCode error, Response& response) const {
    if (error == beast::http::error::header_limit || error == beast::http::error::buffer_overflow) {
      response = text(431, "request header over the limit of " +
                               std::to_string(state_->options.max_header_bytes) + " bytes\n");
    } else if (error == beast::http::error::body_limit) {
      response = text(413, "request body over the limit of " +
                               std::to_string(state_->options.max_body_bytes) +
                               " bytes: send less at once\n");
    } else if (error.category() == make_error_code(beast::http::error::bad_method).category() &&
               error != beast::http::error::end_of_stream &&
               error != beast::http::error::partial_message) {
      response = text(400, "malformed HTTP request: " + error.message() + "\n");
    } else {
      return false;
    }
    return true;
  }

  static void call_handler(Exchange& exchange) {
    const Router::Route* route = exchange.match;
    const ServerOptions& options = exchange.state->options;
    if (route == nullptr || !route->websocket) {
      const Handler& handler = route ? route->handler : exchange.state->router.fallback();
      exchange.response = answer(options, handler, exchange.request);
      return;
    }
    Handler handler = [&](const Request& request) {
      UpgradeResult result = route->websocket(request);
      if (auto* session = std::get_if<std::shared_ptr<Session>>(&result)) {
        exchange.session = std::move(*session);
        return text(200, {});
      }
      return std::get<Response>(std::move(result));
    };
    exchange.response = answer(options, handler, exchange.request);
  }

  bool upgrade_to_websocket(Exchange& exchange, Parser& parser) {
    count(exchange, 101);
    upgraded_ = true;
    beast::http::request<beast::http::empty_body> upgrade;
    upgrade.base() = std::move(parser.get().base());
    start_websocket(state_, std::move(stream_), std::move(upgrade), std::move(exchange.session));
    return false;
  }

  // Asks the request to stop when the client has gone while its handler runs. A look now and then
  // rather than a pending read: it works alike for TLS and for pipelined requests.
  void watch(const std::shared_ptr<Exchange>& exchange) {
    watch_.expires_after(kWatchInterval);
    watch_.async_wait([self = shared_from_this(), exchange](ErrorCode error) {
      if (error || exchange->done) return;
      if (self->gone()) {
        exchange->stop.request_stop();
      } else {
        self->watch(exchange);
      }
    });
  }

  bool gone() {
    if (aborted_ || !stream_.tcp().socket().is_open()) return true;
    pollfd look{.fd = stream_.tcp().socket().native_handle(), .events = POLLRDHUP, .revents = 0};
    return ::poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
  }

  awaitable<bool> write_answer(std::shared_ptr<Exchange> exchange) {
    Response& response = exchange->response;
    if (state_->stopping) exchange->keep_alive = false;
    const bool headers_only = exchange->request.method == "HEAD" || !has_body(response.status);
    const bool streamed = static_cast<bool>(response.stream);
    if (streamed && exchange->http10) exchange->keep_alive = false;
    Framing framing{.http10 = exchange->http10, .keep_alive = exchange->keep_alive, .length = {}};
    if (!streamed) framing.length = response.body.size();
    const std::string head = response_head(response, framing);
    bool written = co_await write(
        head, headers_only || streamed ? std::string_view() : std::string_view(response.body));
    if (written && streamed && !headers_only) written = co_await write_stream(exchange);
    if (streamed) {
      // Whatever the stream holds is the handler's, and may be slow to let go of.
      const bool let_go = co_await on_pool(exchange, &end_stream);
      if (!let_go) end_stream(*exchange);
    }
    count(*exchange, response.status);
    if (!written) stream_.close();
    co_return written && exchange->keep_alive;
  }

  // False: the connection broke or the stream did; the client sees the answer cut off.
  awaitable<bool> write_stream(std::shared_ptr<Exchange> exchange) {
    exchange->done = false;
    watch(exchange);
    bool complete = false;
    for (;;) {
      const bool pulled = co_await next_part(exchange);
      if (!pulled) break;
      frame_chunk(*exchange);
      const bool alive = co_await write({}, exchange->part);
      if (!alive) break;
      if (!exchange->stream_goes_on) {
        complete = true;
        break;
      }
    }
    exchange->done = true;
    watch_.cancel();
    co_return complete;
  }

  // Puts the part's size before it, and the last chunk after the last part. A part may be empty.
  static void frame_chunk(Exchange& exchange) {
    if (exchange.http10) return;
    std::string& part = exchange.part;
    if (!part.empty()) {
      std::array<char, 20> size;
      char* end = std::to_chars(size.data(), size.data() + 16, part.size(), 16).ptr;
      *end++ = '\r';
      *end++ = '\n';
      part.insert(0, size.data(), static_cast<std::size_t>(end - size.data()));
      part += "\r\n";
    }
    if (!exchange.stream_goes_on) part += "0\r\n\r\n";
  }

  static void pull_stream(Exchange& exchange) {
    exchange.part.clear();
    try {
      exchange.stream_goes_on = exchange.response.stream(exchange.part);
    } catch (const std::exception& error) {
      exchange.stream_broke = true;
      log_crash(exchange.request, error.what());
    } catch (...) {
      exchange.stream_broke = true;
      log_crash(exchange.request, "no std::exception");
    }
  }

  static void end_stream(Exchange& exchange) { exchange.response.stream = nullptr; }

  awaitable<bool> next_part(std::shared_ptr<Exchange> exchange) {
    for (int tries = 0; tries < kPoolRetries && !exchange->stop.stop_requested(); ++tries) {
      const bool ran = co_await on_pool(exchange, &pull_stream);
      if (ran) co_return !exchange->stream_broke;
      asio::steady_timer pause(executor_, kPoolRetry);
      ErrorCode ignored;
      co_await pause.async_wait(redirect_error(use_awaitable, ignored));
    }
    co_return false;
  }

  // Both, in pieces that must each be taken within the idle timeout.
  awaitable<bool> write(std::string_view head, std::string_view body) {
    do {
      const std::string_view piece = body.substr(0, kWritePiece);
      body.remove_prefix(piece.size());
      const std::array buffers{asio::const_buffer(head.data(), head.size()),
                               asio::const_buffer(piece.data(), piece.size())};
      ErrorCode error;
      stream_.tcp().expires_after(state_->options.idle_timeout);
      co_await asio::async_write(stream_, buffers, redirect_error(use_awaitable, error));
      stream_.tcp().expires_never();
      if (error) co_return false;
      head = {};
    } while (!body.empty());
    co_return true;
  }

  // A connection closed with unread bytes is reset, and the reset may overtake our answer: so read
  // them, for a while.
  awaitable<void> finish() {
    ErrorCode ignored;
    buffer_.clear();
    waiting_ = true;  // a stop need not wait for this
    stream_.tcp().expires_after(kLinger);
    if (stream_.tls() != nullptr && !linger_ && stream_.tcp().socket().is_open()) {
      co_await stream_.tls()->async_shutdown(redirect_error(use_awaitable, ignored));
    }
    stream_.tcp().socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    ErrorCode error;
    std::array<char, 16 << 10> sink;
    while (linger_ && !error && !state_->stopping) {
      co_await stream_.tcp().async_read_some(asio::buffer(sink),
                                             redirect_error(use_awaitable, error));
    }
    stream_.close();
  }

  static void count(const Exchange& exchange, int status) {
    metrics::counter("logboom_http_requests_total", "Requests answered, by route and status.",
                     {{"path", exchange.route}, {"status", std::to_string(status)}})
        .add();
    metrics::histogram("logboom_http_request_duration_seconds",
                       "From a request's header to its answer's last byte, by route.",
                       {{"path", exchange.route}})
        .observe_seconds(std::chrono::duration<double>(Clock::now() - exchange.begin).count());
  }

  Stream stream_;
  asio::any_io_executor executor_;  // stream_'s, also after a WebSocket has taken it
  asio::steady_timer watch_;
  beast::flat_buffer buffer_;
  std::string peer_;
  std::shared_ptr<Exchange> exchange_;  // the one in work
  bool waiting_ = false;                // for the client, with nothing in work
  bool aborted_ = false, upgraded_ = false;
  bool linger_ = false;  // the client may still be sending
};

}  // namespace

void start_connection(std::shared_ptr<ServerState> state, asio::ip::tcp::socket socket,
                      bool refuse) {
  auto connection = std::make_shared<Connection>(state, std::move(socket));
  const auto executor = connection->executor();
  state->enter(connection);
  asio::co_spawn(executor, connection->run(connection, refuse), [](std::exception_ptr surprise) {
    if (!surprise) return;
    try {
      std::rethrow_exception(surprise);
    } catch (const std::exception& error) {
      log::error("connection ended by an exception", {{"error", error.what()}});
    }
  });
}

}  // namespace logboom::http
