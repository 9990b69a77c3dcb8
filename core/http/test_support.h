// What the tests of this folder share: a server on a free port, and a client that sends any bytes.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <string_view>

#include "core/http/client.h"
#include "core/http/server.h"

namespace logboom::http {

inline constexpr std::chrono::seconds kPatience{30};  // for what must happen, however slow we are

// A promise that anyone may keep, more than once.
class Signal {
 public:
  void set() {
    if (!set_.exchange(true)) promise_.set_value();
  }
  [[nodiscard]] bool wait() { return future_.wait_for(kPatience) == std::future_status::ready; }

 private:
  std::atomic<bool> set_ = false;
  std::promise<void> promise_;
  std::future<void> future_ = promise_.get_future();
};

struct TestServer {
  explicit TestServer(Router router, ServerOptions options = {}, std::size_t queue_limit = 10'000)
      : workers(4, queue_limit) {
    auto listening = Server::listen(std::move(options), std::move(router), workers);
    if (!listening) throw std::runtime_error(listening.error().message);
    server = *std::move(listening);
  }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server->port());
  }
  [[nodiscard]] std::unique_ptr<Client> client() const { return *Client::create({.url = url()}); }
  [[nodiscard]] Result<std::unique_ptr<WebSocketClient>> websocket(std::string_view target) const {
    return WebSocketClient::connect({.url = url()}, target);
  }

  WorkerPool workers;
  std::unique_ptr<Server> server;
};

class RawClient {
 public:
  explicit RawClient(const TestServer& test) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(test.server->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot connect");
    }
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  void shutdown_send() { ::shutdown(socket_, SHUT_WR); }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // The next bytes up to and with `end`, or less when the server closes.
  std::string read_until(std::string_view end) {
    for (;;) {
      const std::size_t at = rest_.find(end);
      if (at != std::string::npos) return take(at + end.size());
      if (!fill()) return take(rest_.size());
    }
  }
  std::string read_bytes(std::size_t size) {
    while (rest_.size() < size && fill()) {
    }
    return take(std::min(size, rest_.size()));
  }
  std::string read_all() {
    while (fill()) {
    }
    return take(rest_.size());
  }

  struct Reply {
    int status = 0;
    std::string head, body;
    [[nodiscard]] bool has(std::string_view field) const {
      return head.find("\r\n" + std::string(field) + "\r\n") != std::string::npos;
    }
  };
  Reply read_reply(bool to_head_request = false) {
    Reply reply;
    reply.head = read_until("\r\n\r\n");
    if (reply.head.size() > 12) reply.status = std::atoi(reply.head.c_str() + 9);
    if (to_head_request) return reply;
    const std::size_t length = reply.head.find("Content-Length: ");
    if (length != std::string::npos) {
      reply.body = read_bytes(std::stoul(reply.head.substr(length + 16)));
    } else if (reply.has("Transfer-Encoding: chunked")) {
      for (;;) {
        const std::string size = read_until("\r\n");
        if (size.empty()) break;  // cut off
        const std::size_t bytes = std::stoul(size, nullptr, 16);
        reply.body += read_bytes(bytes);
        read_bytes(2);
        if (bytes == 0) break;
      }
    }
    return reply;
  }
  Reply ask(std::string_view request) {
    send(request);
    return read_reply(request.starts_with("HEAD"));
  }

 private:
  bool fill() {
    char piece[64 * 1024];
    const ssize_t got = ::recv(socket_, piece, sizeof piece, 0);
    if (got < 0 && errno == EAGAIN) throw std::runtime_error("the server says nothing");
    if (got <= 0) return false;
    rest_.append(piece, static_cast<std::size_t>(got));
    return true;
  }
  std::string take(std::size_t size) {
    std::string taken = rest_.substr(0, size);
    rest_.erase(0, size);
    return taken;
  }

  int socket_ = -1;
  std::string rest_;
};

inline std::string header_of(const Answer& answer, std::string_view name) {
  for (const auto& [key, value] : answer.headers) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace logboom::http
