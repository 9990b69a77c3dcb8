// Listening and stopping. What a connection does is in connection.cc and websocket.cc.
#include "core/http/server.h"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <charconv>
#include <thread>

#include "core/http/state.h"
#include "core/log.h"

namespace logboom::http {

Connected::~Connected() { state_->leave(this); }

void ServerState::enter(const std::shared_ptr<Connected>& connected) {
  {
    const std::lock_guard lock(mutex_);
    connected_.emplace(connected.get(), connected);
  }
  // Either this sees that the server stops, or the server sees the connection.
  if (stopping) connected->stop();
}

void ServerState::leave(const Connected* connected) {
  const std::lock_guard lock(mutex_);
  connected_.erase(connected);
  if (connected_.empty()) left_.notify_all();
}

std::size_t ServerState::connections() const {
  const std::lock_guard lock(mutex_);
  return connected_.size();
}

std::vector<std::shared_ptr<Connected>> ServerState::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Connected>> connections;
  for (const auto& [key, weak] : connected_) {
    if (auto connected = weak.lock()) connections.push_back(std::move(connected));
  }
  return connections;
}

bool ServerState::wait_until_empty(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  return left_.wait_for(lock, at_most, [this] { return connected_.empty(); });
}

bool ServerState::take_body_bytes(std::size_t bytes) {
  if (body_bytes_.fetch_add(bytes) + bytes <= options.max_pending_bytes) return true;
  body_bytes_ -= bytes;
  return false;
}

namespace {

using asio::ip::tcp;

constexpr std::size_t kRefusals = 100;  // connections beyond the limit that are told 503
constexpr std::chrono::milliseconds kAcceptPause{100};  // when there are no descriptors left
constexpr std::chrono::milliseconds kComplain{5'000};

struct HostPort {
  std::string host;
  std::string port;
};

Result<HostPort> parse_address(std::string_view address) {
  HostPort parts;
  const std::size_t colon = address.rfind(':');
  std::string_view host = colon == std::string_view::npos ? "" : address.substr(0, colon);
  const std::string_view port = colon == std::string_view::npos ? "" : address.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  unsigned number = 65'536;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (host.empty() || error != std::errc() || end != port.data() + port.size() || number > 65'535) {
    return fail(Errc::invalid, "listen address '" + std::string(address) +
                                   "': write ADDRESS:PORT, as in 127.0.0.1:3100 or [::1]:3100");
  }
  return HostPort{std::string(host), std::string(port)};
}

Result<asio::ssl::context> load_tls(const ServerOptions& options) {
  asio::ssl::context context(asio::ssl::context::tls_server);
  ErrorCode error;
  if (options.certificate_file.empty() || options.key_file.empty()) {
    return fail(Errc::invalid, "TLS: a certificate file and a key file are needed, or neither");
  }
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.use_certificate_chain_file(options.certificate_file, error);
  if (error) {
    return fail(Errc::invalid, "TLS certificate " + options.certificate_file + ": " +
                                   error.message() + "; it must be a readable PEM file");
  }
  context.use_private_key_file(options.key_file, asio::ssl::context::pem, error);
  if (error) {
    return fail(Errc::invalid, "TLS key " + options.key_file + ": " + error.message() +
                                   "; it must be a readable PEM file and belong to " +
                                   options.certificate_file);
  }
  return context;
}

class AsioServer final : public Server {
 public:
  explicit AsioServer(std::shared_ptr<ServerState> state)
      : state_(std::move(state)),
        strand_(asio::make_strand(state_->io)),
        acceptor_(strand_),
        pause_(strand_),
        work_(asio::make_work_guard(state_->io)) {}
  ~AsioServer() override { stop(std::chrono::seconds(5)); }

  Result<void> open() {
    const ServerOptions& options = state_->options;
    auto address = parse_address(options.address);
    if (!address) return fail(std::move(address).error());
    if (!options.certificate_file.empty() || !options.key_file.empty()) {
      auto tls = load_tls(options);
      if (!tls) return fail(std::move(tls).error());
      state_->tls.emplace(*std::move(tls));
    }
    ErrorCode error;
    tcp::resolver resolver(state_->io);
    const auto found =
        resolver.resolve(address->host, address->port, tcp::resolver::passive, error);
    if (error) return failed_to("resolve", error);
    const tcp::endpoint endpoint = *found.begin();
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && endpoint.address().is_v6()) {
      acceptor_.set_option(asio::ip::v6_only(false), error);  // [::] means every address
    }
    if (!error) acceptor_.bind(endpoint, error);
    if (error) return failed_to("listen on", error);
    acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return failed_to("listen on", error);
    port_ = acceptor_.local_endpoint(error).port();
    accept();
    for (unsigned i = 0; i < std::max(1U, options.io_threads); ++i) {
      threads_.emplace_back([this] { run(); });
    }
    return {};
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }

  void stop(std::chrono::milliseconds grace) override {
    const std::lock_guard lock(stop_mutex_);
    if (stopped_) return;
    stopped_ = true;
    state_->stopping = true;
    asio::post(strand_, [this] {
      acceptor_.close();
      pause_.cancel();
    });
    for (const auto& connected : state_->all()) connected->stop();
    if (!state_->wait_until_empty(grace)) {
      state_->aborting = true;
      for (const auto& connected : state_->all()) connected->abort();
      while (!state_->wait_until_empty(kComplain)) {
        log::warn("server stop waits for request handlers",
                  {{"connections", state_->connections()}});
      }
    }
    work_.reset();
    threads_.clear();  // joins
  }

 private:
  [[nodiscard]] std::unexpected<Error> failed_to(std::string_view doing, ErrorCode error) const {
    std::string message =
        std::string(doing) + " " + state_->options.address + ": " + error.message();
    if (error == asio::error::address_in_use) {
      message += "; another process has this port: end it or choose another port";
    } else if (error == asio::error::access_denied) {
      message += "; ports below 1024 need root: choose a higher one";
    }
    const bool taken = error == asio::error::address_in_use;
    return fail(taken ? Errc::busy : Errc::io, std::move(message));
  }

  void run() {
    for (;;) {
      try {
        state_->io.run();
        return;
      } catch (const std::exception& error) {
        log::error("exception on an I/O thread", {{"error", error.what()}});
      }
    }
  }

  void accept() {
    acceptor_.async_accept(
        asio::any_io_executor(asio::make_strand(state_->io)),
        asio::bind_executor(strand_, [this](ErrorCode error, tcp::socket socket) {
          if (state_->stopping || !acceptor_.is_open()) return;
          if (error) return accept_later(error);
          accepted(std::move(socket));
          accept();
        }));
  }

  void accepted(tcp::socket socket) {
    const std::size_t open = state_->connections();
    const std::size_t most = state_->options.max_connections;
    if (open >= most + kRefusals) return;  // closes it
    start_connection(state_, std::move(socket), open >= most);
  }

  void accept_later(ErrorCode error) {
    if (error != asio::error::connection_aborted) {
      log::warn("cannot accept a connection", {{"error", error.message()}});
    }
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](ErrorCode cancelled) {
      if (!cancelled && !state_->stopping) accept();
    });
  }

  std::shared_ptr<ServerState> state_;
  asio::strand<asio::io_context::executor_type> strand_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::uint16_t port_ = 0;
  std::mutex stop_mutex_;  // guards stopped_ and the joining
  bool stopped_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(ServerOptions options, Router router,
                                               WorkerPool& workers) {
  auto server = std::make_unique<AsioServer>(
      std::make_shared<ServerState>(std::move(options), std::move(router), workers));
  if (auto opened = server->open(); !opened) return fail(std::move(opened).error());
  return server;
}

}  // namespace logboom::http
