// Beast, driven by the caller: the io_context runs only inside connect() and read(), each with its
// time limit, so there is no thread of its own and nothing to lock.
#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <charconv>
#include <deque>

#include "core/http/client.h"
#include "core/http/stream.h"

namespace logboom::http {
namespace {

namespace websocket = beast::websocket;
using Clock = std::chrono::steady_clock;
using asio::ip::tcp;

constexpr std::size_t kMaxMessage = 16 << 20;
constexpr std::size_t kMaxRefusal = 4096;  // bytes of a refusal's body that go into the error
constexpr std::chrono::seconds kSilence{60};

struct Url {
  bool tls = false;
  std::string host, port, prefix;
  [[nodiscard]] std::string authority() const {
    const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
    return port == (tls ? "443" : "80") ? name : name + ":" + port;
  }
};

Result<Url> parse_url(std::string_view text) {
  Url url;
  std::string_view rest = text;
  const auto bad = [&] {
    return fail(Errc::invalid, "server URL '" + std::string(text) +
                                   "': write http://HOST:PORT or https://HOST:PORT");
  };
  if (text.find_first_of(std::string_view("?# \t\r\n\0", 7)) != std::string_view::npos)
    return bad();
  if (rest.starts_with("https://") || rest.starts_with("wss://")) {
    url.tls = true;
  } else if (!rest.starts_with("http://") && !rest.starts_with("ws://")) {
    return bad();
  }
  rest.remove_prefix(rest.find("://") + 3);
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos) url.prefix = rest.substr(slash);
  while (url.prefix.ends_with('/')) url.prefix.pop_back();
  std::string_view authority = rest.substr(0, slash);
  std::string_view port;
  const std::size_t bracket = authority.find(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    port = authority.substr(colon + 1);
    authority = authority.substr(0, colon);
    unsigned number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc() || end != port.data() + port.size() || number == 0 ||
        number > 65'535) {
      return bad();
    }
  }
  if (authority.starts_with('[') && authority.ends_with(']')) {
    authority = authority.substr(1, authority.size() - 2);
  }
  if (authority.empty() || authority.find_first_of("@?# []") != std::string_view::npos)
    return bad();
  url.host = authority;
  url.port = port.empty() ? (url.tls ? "443" : "80") : std::string(port);
  return url;
}

Errc code_of_status(unsigned status) {
  switch (status) {
    case 401:
    case 403:
      return Errc::denied;
    case 404:
      return Errc::not_found;
    case 429:
      return Errc::limit;
    default:
      return status >= 400 && status < 500 ? Errc::invalid : Errc::unavailable;
  }
}

class BeastClient final : public WebSocketClient {
 public:
  explicit BeastClient(ClientOptions options) : options_(std::move(options)) {}

  Result<void> open(std::string_view target) {
    auto url = parse_url(options_.url);
    if (!url) return fail(std::move(url).error());
    if (!target.starts_with('/') || target.find_first_of(" \t\r\n") != std::string_view::npos) {
      return fail(Errc::invalid, "request target '" + std::string(target) +
                                     "' must start with / and be percent-encoded");
    }
    deadline_ = Clock::now() + options_.connect_timeout;
    Stream stream(io_.get_executor());
    if (auto connected = connect_tcp(stream, *url); !connected) return connected;
    if (url->tls) {
      if (auto secured = secure(stream, *url); !secured) return secured;
    }
    return upgrade(std::move(stream), *url, url->prefix + std::string(target));
  }

  Result<std::optional<std::string>> read(std::chrono::milliseconds timeout) override {
    const auto until = Clock::now() + timeout;
    for (;;) {
      // restart() first: a cancel() in between has set the flag, or stops what runs next.
      io_.restart();
      if (cancelled_) return fail(Errc::cancelled, options_.url + ": cancelled");
      if (!messages_.empty()) {
        std::string message = std::move(messages_.front());
        messages_.pop_front();
        return message;
      }
      if (ended_) return fail(*ended_);
      const auto now = Clock::now();
      if (now >= until) return std::nullopt;
      read_next();
      sign_ = false;
      io_.run_one_until(std::min(until, now + (kSilence - silence_)));
      // Only time spent here counts: nobody answers pings while the caller is away.
      silence_ = sign_ ? Clock::duration::zero() : silence_ + (Clock::now() - now);
      if (silence_ >= kSilence) {
        stream_->next_layer().close();
        ended_ = Error{Errc::unavailable, options_.url + ": no sign of life for 60 s"};
      }
    }
  }

  void cancel() override {
    cancelled_ = true;
    io_.stop();
  }

 private:
  // Runs one operation to its end. Once the time is up the socket is closed, which ends it too.
  template <class Begin>
  ErrorCode run(Stream& stream, Begin begin) {
    std::optional<ErrorCode> result;
    begin([&result](ErrorCode error, const auto&...) { result = error; });
    io_.restart();
    while (!result && io_.run_one_until(deadline_) > 0) {
    }
    if (result) return *result;
    stream.close();
    io_.restart();
    io_.run();
    return beast::error::timeout;
  }

  Result<void> cannot(std::string_view doing, ErrorCode error) const {
    if (error == beast::error::timeout) {
      return fail(Errc::timeout,
                  options_.url + ": timed out while trying to " + std::string(doing));
    }
    std::string message =
        "cannot " + std::string(doing) + " " + options_.url + ": " + error.message();
    if (error == asio::error::connection_refused) message += "; is the server running?";
    return fail(Errc::unavailable, std::move(message));
  }

  Result<void> connect_tcp(Stream& stream, const Url& url) {
    tcp::resolver resolver(io_);
    ErrorCode error;
    const auto found = resolver.resolve(url.host, url.port, error);
    if (error) return cannot("resolve the host of", error);
    error = run(stream, [&](auto done) { stream.tcp().async_connect(found, std::move(done)); });
    if (error) return cannot("reach", error);
    stream.tcp().socket().set_option(tcp::no_delay(true), error);
    return {};
  }

  Result<void> secure(Stream& stream, const Url& url) {
    tls_.emplace(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(tls_->native_handle(), TLS1_2_VERSION);
    ErrorCode error;
    if (options_.ca_file.empty()) {
      tls_->set_default_verify_paths(error);
    } else {
      tls_->load_verify_file(options_.ca_file, error);
    }
    if (error) {
      return fail(Errc::invalid, "CA file " + options_.ca_file + ": " + error.message() +
                                     "; it must be a readable PEM file");
    }
    stream.use_tls(*tls_);
    stream.tls()->set_verify_mode(asio::ssl::verify_peer);
    stream.tls()->set_verify_callback(asio::ssl::host_name_verification(url.host));
    SSL_set_tlsext_host_name(stream.tls()->native_handle(), url.host.c_str());
    error = run(stream, [&](auto done) {
      stream.tls()->async_handshake(asio::ssl::stream_base::client, std::move(done));
    });
    if (error) return cannot("agree on TLS with", error);
    return {};
  }

  Result<void> upgrade(Stream stream, const Url& url, const std::string& target) {
    stream_.emplace(std::move(stream));
    stream_->set_option(websocket::stream_base::decorator([this](websocket::request_type& request) {
      for (const auto& [name, value] : options_.headers) request.insert(name, value);
    }));
    stream_->read_message_max(kMaxMessage);
    stream_->control_callback([this](websocket::frame_type, beast::string_view) { sign_ = true; });
    websocket::response_type response;
    const ErrorCode error = run(stream_->next_layer(), [&](auto done) {
      stream_->async_handshake(response, url.authority(), target, std::move(done));
    });
    if (error == websocket::error::upgrade_declined) return refused(response);
    if (error) return cannot("open a WebSocket to", error);
    return {};
  }

  [[nodiscard]] Result<void> refused(const websocket::response_type& response) const {
    std::string body = response.body().substr(0, kMaxRefusal);
    while (!body.empty() && (body.back() == '\n' || body.back() == '\r')) body.pop_back();
    const unsigned status = response.result_int();
    return fail(code_of_status(status),
                options_.url + ": " + std::to_string(status) + (body.empty() ? "" : ": " + body));
  }

  void read_next() {
    if (reading_) return;
    reading_ = true;
    stream_->async_read(buffer_, [this](ErrorCode error, std::size_t) {
      reading_ = false;
      sign_ = true;
      if (error) {
        ended_ = why(error);
      } else {
        messages_.push_back(beast::buffers_to_string(buffer_.data()));
      }
      buffer_.consume(buffer_.size());
    });
  }

  [[nodiscard]] Error why(ErrorCode error) const {
    if (error == websocket::error::closed) {
      const websocket::close_reason& reason = stream_->reason();
      if (reason.code == websocket::close_code::normal) {
        return {Errc::cancelled, options_.url + ": closed by the server"};
      }
      std::string words(reason.reason.data(), reason.reason.size());
      if (words.empty()) words = "closed with code " + std::to_string(reason.code);
      return {Errc::internal, std::move(words)};
    }
    if (error == websocket::error::message_too_big) {
      return {Errc::internal, options_.url + ": a message is larger than " +
                                  std::to_string(kMaxMessage >> 20) + " MiB"};
    }
    return {Errc::unavailable, options_.url + ": connection lost: " + error.message()};
  }

  const ClientOptions options_;
  asio::io_context io_{1};
  std::optional<asio::ssl::context> tls_;
  Clock::time_point deadline_;
  std::optional<websocket::stream<Stream, false>> stream_;
  beast::flat_buffer buffer_{kMaxMessage + 1024};
  bool reading_ = false;
  bool sign_ = false;  // of life, since last looked
  std::deque<std::string> messages_;
  std::optional<Error> ended_;
  Clock::duration silence_{};
  std::atomic<bool> cancelled_ = false;
};

}  // namespace

Result<std::unique_ptr<WebSocketClient>> WebSocketClient::connect(const ClientOptions& options,
                                                                  std::string_view target) {
  auto client = std::make_unique<BeastClient>(options);
  if (auto opened = client->open(target); !opened) return fail(std::move(opened).error());
  return client;
}

}  // namespace logboom::http
