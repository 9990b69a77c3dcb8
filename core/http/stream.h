// The bytes of one TCP connection, plain or TLS, as one type, so that Beast is instantiated once.
// Private to core/http: the only header here that shows Asio, with state.h.
//
// Owns:    the socket. A moved-from Stream may only be destroyed.
// Threads: the connection's strand.
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <memory>
#include <optional>

namespace logboom::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using ErrorCode = boost::system::error_code;
using Tls = asio::ssl::stream<beast::tcp_stream&>;

class Stream {
 public:
  using executor_type = asio::any_io_executor;

  explicit Stream(asio::ip::tcp::socket socket)
      : layers_(std::make_unique<Layers>(std::move(socket))) {}
  explicit Stream(const asio::any_io_executor& executor)
      : layers_(std::make_unique<Layers>(executor)) {}

  void use_tls(asio::ssl::context& context) { layers_->tls.emplace(layers_->tcp, context); }
  [[nodiscard]] Tls* tls() { return layers_->tls ? &*layers_->tls : nullptr; }
  [[nodiscard]] beast::tcp_stream& tcp() { return layers_->tcp; }
  executor_type get_executor() { return layers_->tcp.get_executor(); }
  // At once, and without TLS's farewell.
  void close() {
    if (layers_) layers_->tcp.close();
  }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    const asio::mutable_buffer buffer = first(buffers);
    if (layers_->tls) return layers_->tls->async_read_some(buffer, std::forward<Token>(token));
    return layers_->tcp.async_read_some(buffer, std::forward<Token>(token));
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    const std::array<asio::const_buffer, kGather> gathered = gather(buffers);
    if (layers_->tls) return layers_->tls->async_write_some(gathered, std::forward<Token>(token));
    return layers_->tcp.async_write_some(gathered, std::forward<Token>(token));
  }

  friend void beast_close_socket(Stream& stream) { stream.close(); }

  // The end of a WebSocket whose close frames are exchanged. TLS's own farewell would say it again,
  // and Beast's would wait for the other side to close, as long as that side likes.
  template <class Handler>
  friend void async_teardown(beast::role_type, Stream& stream, Handler&& handler) {
    ErrorCode ignored;
    stream.tcp().socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    asio::post(stream.get_executor(),
               beast::bind_front_handler(std::forward<Handler>(handler), ErrorCode{}));
  }

 private:
  static constexpr std::size_t kGather = 4;

  struct Layers {
    explicit Layers(asio::ip::tcp::socket socket) : tcp(std::move(socket)) {}
    explicit Layers(const asio::any_io_executor& executor) : tcp(executor) {}
    beast::tcp_stream tcp;
    std::optional<Tls> tls;  // refers to tcp, so both live behind a pointer that may move
  };

  template <class Buffers>
  static asio::mutable_buffer first(const Buffers& buffers) {
    for (auto it = asio::buffer_sequence_begin(buffers); it != asio::buffer_sequence_end(buffers);
         ++it) {
      const asio::mutable_buffer buffer(*it);
      if (buffer.size() > 0) return buffer;
    }
    return {};
  }

  template <class Buffers>
  static std::array<asio::const_buffer, kGather> gather(const Buffers& buffers) {
    std::array<asio::const_buffer, kGather> gathered;
    std::size_t used = 0;
    for (auto it = asio::buffer_sequence_begin(buffers);
         it != asio::buffer_sequence_end(buffers) && used < kGather; ++it) {
      const asio::const_buffer buffer(*it);
      if (buffer.size() > 0) gathered[used++] = buffer;
    }
    return gathered;
  }

  std::unique_ptr<Layers> layers_;
};

}  // namespace logboom::http
