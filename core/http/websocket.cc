// A WebSocket's two sides: frames on the connection's strand, the session's calls on the worker
// pool, one at a time. Between them stand the outbox (the session's Peer, any thread) and the list
// of events (the strand's).
#include "core/http/websocket.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>

#include "core/log.h"
#include "core/metrics.h"

namespace logboom::http {
namespace {

namespace websocket = beast::websocket;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxMessage = 64 << 10;  // from the client
constexpr std::size_t kMaxPending = 16;        // messages the session has not taken; then TCP waits
constexpr std::size_t kMaxReason = 123;        // what fits into a close frame
constexpr std::chrono::milliseconds kHandshakeTimeout{10'000};
constexpr std::chrono::milliseconds kCloseTimeout{10'000};  // for the queue and the close frames
constexpr std::chrono::milliseconds kPoolRetry{20};

metrics::Gauge& open_websockets() {
  static metrics::Gauge& gauge = metrics::gauge("logboom_http_websockets", "Open WebSockets.");
  return gauge;
}

class WebSocket;

// What is still to be sent. Outlives the WebSocket when the session keeps its Peer.
class Outbox final : public Peer {
 public:
  explicit Outbox(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}
  void attach(const std::shared_ptr<WebSocket>& socket) { socket_ = socket; }

  void send(std::string text) override;
  [[nodiscard]] std::size_t queued_bytes() const override {
    const std::lock_guard lock(mutex_);
    return queued_bytes_;
  }
  void close(std::uint16_t code, std::string_view reason) override;
  void drop() override;

  // For the WebSocket's strand. The front stays where it is while it is being written.
  [[nodiscard]] const std::string* front() const;
  void pop();
  struct Closing {
    std::uint16_t code;
    std::string reason;
  };
  [[nodiscard]] std::optional<Closing> closing() const;
  void end();

 private:
  const std::size_t limit_bytes_;
  std::weak_ptr<WebSocket> socket_;  // set before anyone else sees the outbox
  mutable std::mutex mutex_;         // guards all below
  std::deque<std::string> queue_;
  std::size_t queued_bytes_ = 0;
  std::optional<Closing> closing_;
  bool ended_ = false;
};

class WebSocket final : public Connected, public std::enable_shared_from_this<WebSocket> {
 public:
  WebSocket(std::shared_ptr<ServerState> state, Stream stream,
            beast::http::request<beast::http::empty_body> upgrade, std::shared_ptr<Session> session)
      : Connected(std::move(state)),
        upgrade_(std::move(upgrade)),
        stream_(std::move(stream)),
        ping_(stream_.get_executor()),
        retry_(stream_.get_executor()),
        close_(stream_.get_executor()),
        session_(std::move(session)),
        outbox_(std::make_shared<Outbox>(state_->options.max_queued_bytes)) {
    open_websockets().add(1);
  }
  ~WebSocket() override { open_websockets().add(-1); }

  void start();

  // From any thread.
  void stop() override { drop(); }
  void abort() override { drop(); }
  void drop() {
    post([](WebSocket& self) { self.end(); });
  }
  void outbox_filled() {
    post([](WebSocket& self) { self.write(); });
  }
  void close_asked() {
    post([](WebSocket& self) {
      self.await_close();
      self.write();
    });
  }

 private:
  enum class Event { start, message, drained, closed };

  template <class Call>
  void post(Call call) {
    asio::post(stream_.get_executor(), [self = shared_from_this(), call] { call(*self); });
  }

  void accepted(ErrorCode error);
  void read();
  void was_read(ErrorCode error);
  void write();
  void was_written(ErrorCode error);
  void ping();
  void await_close();
  void end();
  void add_event(Event event, std::string text = {});
  void hand_over();
  void deliver();
  void delivered();

  beast::http::request<beast::http::empty_body> upgrade_;
  websocket::stream<Stream, false> stream_;  // false: no permessage-deflate
  asio::steady_timer ping_, retry_, close_;
  beast::flat_buffer incoming_{kMaxMessage + 1024};
  std::shared_ptr<Session> session_;
  std::shared_ptr<Outbox> outbox_;
  std::deque<std::pair<Event, std::string>> events_;  // the session has not seen yet
  std::pair<Event, std::string> event_;               // it is being handed
  Clock::time_point last_sign_ = Clock::now(), write_begin_;
  bool accepted_ = false, open_ = false, ended_ = false;
  bool delivering_ = false, reading_ = false, writing_ = false, pinging_ = false;
};

void Outbox::send(std::string text) {
  bool over = false;
  {
    const std::lock_guard lock(mutex_);
    if (ended_ || closing_) return;
    queued_bytes_ += text.size();
    queue_.push_back(std::move(text));
    over = queued_bytes_ > limit_bytes_;
    if (queue_.size() > 1 && !over) return;  // the WebSocket is at it
  }
  const auto socket = socket_.lock();
  if (!socket) return;
  if (over) {
    metrics::counter("logboom_http_websockets_dropped_total", "WebSockets dropped, by reason.",
                     {{"reason", "too slow"}})
        .add();
    socket->drop();
  } else {
    socket->outbox_filled();
  }
}

void Outbox::close(std::uint16_t code, std::string_view reason) {
  reason = reason.substr(0, kMaxReason);
  if (reason.size() == kMaxReason) {  // perhaps cut inside a character
    while (!reason.empty() && (static_cast<unsigned char>(reason.back()) & 0xC0) == 0x80) {
      reason.remove_suffix(1);
    }
    if (!reason.empty() && static_cast<unsigned char>(reason.back()) >= 0xC0) {
      reason.remove_suffix(1);
    }
  }
  {
    const std::lock_guard lock(mutex_);
    if (ended_ || closing_) return;
    closing_ = Closing{code, std::string(reason)};
  }
  if (const auto socket = socket_.lock()) socket->close_asked();
}

void Outbox::drop() {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
  }
  if (const auto socket = socket_.lock()) socket->drop();
}

const std::string* Outbox::front() const {
  const std::lock_guard lock(mutex_);
  return queue_.empty() ? nullptr : &queue_.front();  // a deque's elements stay where they are
}

void Outbox::pop() {
  const std::lock_guard lock(mutex_);
  queued_bytes_ -= queue_.front().size();
  queue_.pop_front();
}

std::optional<Outbox::Closing> Outbox::closing() const {
  const std::lock_guard lock(mutex_);
  return closing_;
}

void Outbox::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
}

void WebSocket::start() {
  outbox_->attach(shared_from_this());
  stream_.set_option(websocket::stream_base::timeout{.handshake_timeout = kHandshakeTimeout,
                                                     .idle_timeout = websocket::stream_base::none(),
                                                     .keep_alive_pings = false});
  stream_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
    response.set(beast::http::field::server, "logboom");
  }));
  stream_.read_message_max(kMaxMessage);
  stream_.auto_fragment(false);
  stream_.text(true);
  stream_.control_callback(
      [this](websocket::frame_type, beast::string_view) { last_sign_ = Clock::now(); });
  stream_.async_accept(upgrade_,
                       [self = shared_from_this()](ErrorCode error) { self->accepted(error); });
}

// A session whose client is already gone is told so in the usual two calls.
void WebSocket::accepted(ErrorCode error) {
  accepted_ = true;
  add_event(Event::start);
  if (ended_) return add_event(Event::closed);
  if (error) return end();
  open_ = true;
  last_sign_ = Clock::now();
  ping();
  read();
}

void WebSocket::read() {
  if (ended_ || reading_ || events_.size() >= kMaxPending) return;
  reading_ = true;
  stream_.async_read(incoming_, [self = shared_from_this()](ErrorCode error, std::size_t) {
    self->was_read(error);
  });
}

void WebSocket::was_read(ErrorCode error) {
  reading_ = false;
  if (error) return end();
  last_sign_ = Clock::now();
  add_event(Event::message, beast::buffers_to_string(incoming_.data()));
  incoming_.consume(incoming_.size());
  read();
}

void WebSocket::write() {
  if (!open_ || ended_ || writing_) return;
  const std::string* text = outbox_->front();
  if (text != nullptr) {
    writing_ = true;
    write_begin_ = Clock::now();
    stream_.async_write(
        asio::buffer(*text),
        [self = shared_from_this()](ErrorCode error, std::size_t) { self->was_written(error); });
  } else if (const auto closing = outbox_->closing()) {
    open_ = false;
    await_close();
    stream_.async_close(websocket::close_reason(static_cast<websocket::close_code>(closing->code),
                                                beast::string_view(closing->reason)),
                        [self = shared_from_this()](ErrorCode) { self->end(); });
  }
}

void WebSocket::was_written(ErrorCode error) {
  writing_ = false;
  if (error) return end();
  outbox_->pop();
  if (ended_) return;
  if (outbox_->front() == nullptr &&
      std::ranges::none_of(events_, [](const auto& e) { return e.first == Event::drained; })) {
    add_event(Event::drained);
  }
  write();
}

void WebSocket::ping() {
  if (!open_ || ended_) return;
  const auto now = Clock::now();
  const auto patience = state_->options.idle_timeout;
  // While we do not read, silence is ours. A client that never takes its bytes is gone, too.
  if ((reading_ && now - last_sign_ > patience) || (writing_ && now - write_begin_ > patience)) {
    metrics::counter("logboom_http_websockets_dropped_total", "WebSockets dropped, by reason.",
                     {{"reason", "silent"}})
        .add();
    return end();
  }
  if (!pinging_) {
    pinging_ = true;
    stream_.async_ping({}, [self = shared_from_this()](ErrorCode) { self->pinging_ = false; });
  }
  ping_.expires_after(state_->options.ping_interval);
  ping_.async_wait([self = shared_from_this()](ErrorCode error) {
    if (!error) self->ping();
  });
}

void WebSocket::await_close() {
  if (ended_) return;
  close_.expires_after(kCloseTimeout);
  close_.async_wait([self = shared_from_this()](ErrorCode error) {
    if (!error) self->end();
  });
}

// Once, however it came. Frames not yet written are lost with the connection.
void WebSocket::end() {
  if (ended_) return;
  ended_ = true;
  open_ = false;
  outbox_->end();
  stream_.next_layer().close();
  ping_.cancel();
  close_.cancel();
  if (accepted_) add_event(Event::closed);  // else after the start
}

void WebSocket::add_event(Event event, std::string text) {
  events_.emplace_back(event, std::move(text));
  if (!delivering_) hand_over();
}

void WebSocket::hand_over() {
  if (events_.empty()) return;
  delivering_ = true;
  event_ = std::move(events_.front());
  events_.pop_front();
  deliver();
}

void WebSocket::deliver() {
  const auto call = [self = shared_from_this()] {
    try {
      switch (self->event_.first) {
        case Event::start:
          self->session_->start(self->outbox_);
          break;
        case Event::message:
          self->session_->message(self->event_.second);
          break;
        case Event::drained:
          self->session_->drained();
          break;
        case Event::closed:
          self->session_->closed();
          break;
      }
    } catch (const std::exception& error) {
      log::error("WebSocket session threw", {{"error", error.what()}});
      self->drop();
    } catch (...) {
      log::error("WebSocket session threw", {{"error", "no std::exception"}});
      self->drop();
    }
    self->post([](WebSocket& socket) { socket.delivered(); });
  };
  if (state_->workers.post(call)) return;
  if (state_->aborting) return call();  // the pool may have stopped for good
  retry_.expires_after(kPoolRetry);
  retry_.async_wait([self = shared_from_this()](ErrorCode) { self->deliver(); });
}

void WebSocket::delivered() {
  delivering_ = false;
  if (event_.first == Event::closed) {
    session_.reset();
    return;
  }
  hand_over();
  read();
}

}  // namespace

void start_websocket(const std::shared_ptr<ServerState>& state, Stream stream,
                     beast::http::request<beast::http::empty_body> upgrade,
                     std::shared_ptr<Session> session) {
  auto socket =
      std::make_shared<WebSocket>(state, std::move(stream), std::move(upgrade), std::move(session));
  state->enter(socket);
  socket->start();
}

}  // namespace logboom::http
