#include "alerts/notify/irc_wire.h"

#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace logboom::alerts {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kLook = std::chrono::milliseconds(100);  // how often a stop is looked for

struct Descriptor {
  int fd = -1;
  Descriptor() = default;
  explicit Descriptor(int value) : fd(value) {}
  Descriptor(Descriptor&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd, other.fd);
    return *this;
  }
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};
struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

std::string tls_words(SSL* ssl) {
  if (const long verdict = SSL_get_verify_result(ssl); verdict != X509_V_OK) {
    return std::string("certificate not trusted: ") + X509_verify_cert_error_string(verdict);
  }
  const unsigned long code = ERR_peek_last_error();
  const char* words = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return words != nullptr ? words : "the connection broke";
}

// Waits for the socket in small steps. False: time is up, or we stop.
bool wait_on(int fd, short events, Clock::time_point deadline, const std::stop_token& stop) {
  while (!stop.stop_requested() && Clock::now() < deadline) {
    pollfd waiting{fd, events, 0};
    if (poll(&waiting, 1, static_cast<int>(kLook.count())) > 0) return true;
  }
  return false;
}

class SocketWire final : public Wire {
 public:
  SocketWire(Descriptor socket, Descriptor waker)
      : socket_(std::move(socket)), waker_(std::move(waker)) {}

  Result<void> shake_hands(const WireOptions& options, Clock::time_point deadline,
                           const std::stop_token& stop) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (!context_) return fail(Errc::internal, "OpenSSL does not start");
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    const bool trusted =
        options.ca_file.empty()
            ? SSL_CTX_set_default_verify_paths(context_.get()) == 1
            : SSL_CTX_load_verify_locations(context_.get(), options.ca_file.c_str(), nullptr) == 1;
    if (!trusted) return fail(Errc::invalid, "cannot read certificates from " + options.ca_file);
    ssl_.reset(SSL_new(context_.get()));
    if (!ssl_ || SSL_set_fd(ssl_.get(), socket_.fd) != 1) {
      return fail(Errc::internal, "OpenSSL does not start");
    }
    // An address has no name to send, and is looked up among the certificate's addresses.
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), options.host.c_str()) != 1) {
      SSL_set_tlsext_host_name(ssl_.get(), options.host.c_str());
      SSL_set1_host(ssl_.get(), options.host.c_str());
    }
    while (true) {
      ERR_clear_error();
      const int done = SSL_connect(ssl_.get());
      if (done == 1) return {};
      const int why = SSL_get_error(ssl_.get(), done);
      const short events = why == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
      if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
        return fail(Errc::unavailable, "TLS: " + tls_words(ssl_.get()));
      }
      if (!wait_on(socket_.fd, events, deadline, stop)) {
        return fail(Errc::timeout, "TLS: no answer in time");
      }
    }
  }

  Result<void> send(std::string_view line) override {
    if (output_.size() + line.size() > kMaxOutput) {
      return fail(Errc::unavailable, "the server does not read what we send");
    }
    output_.append(line).append("\r\n");
    return flush();
  }

  Result<std::vector<std::string>> receive(std::chrono::milliseconds timeout) override {
    if (auto flushed = flush(); !flushed) return fail(std::move(flushed).error());
    const bool buffered = ssl_ && SSL_pending(ssl_.get()) > 0;
    pollfd waiting[2] = {{socket_.fd, POLLIN, 0}, {waker_.fd, POLLIN, 0}};
    if (!output_.empty()) waiting[0].events |= POLLOUT;
    if (!buffered) poll(waiting, 2, static_cast<int>(timeout.count()));
    if ((waiting[1].revents & POLLIN) != 0) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto n = read(waker_.fd, &count, sizeof count);
    }
    if (auto taken = take(); !taken) return fail(std::move(taken).error());
    return lines();
  }

  void wake() override {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = write(waker_.fd, &one, sizeof one);
  }

 private:
  // What a read or write that did not go through means: nothing yet, or the end.
  Result<std::size_t> not_now(int ssl_result) {
    if (ssl_) {
      const int why = SSL_get_error(ssl_.get(), ssl_result);
      if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return 0;
    } else if (errno == EAGAIN || errno == EINTR) {
      return 0;
    }
    return fail(Errc::unavailable, "the server closed the connection");
  }

  Result<void> flush() {
    while (!output_.empty()) {
      ERR_clear_error();
      const auto size = output_.size();
      const auto n = ssl_ ? SSL_write(ssl_.get(), output_.data(), static_cast<int>(size))
                          : ::send(socket_.fd, output_.data(), size, MSG_NOSIGNAL);
      if (n <= 0) {
        auto later = not_now(static_cast<int>(n));
        if (!later) return fail(std::move(later).error());
        return {};
      }
      output_.erase(0, static_cast<std::size_t>(n));
    }
    return {};
  }

  Result<void> take() {
    char buffer[4096];
    // A flood is taken in parts, so that we come to answer and to stop.
    for (int part = 0; part < 16; ++part) {
      ERR_clear_error();
      const auto n = ssl_ ? SSL_read(ssl_.get(), buffer, sizeof buffer)
                          : recv(socket_.fd, buffer, sizeof buffer, 0);
      if (n > 0) {
        input_.append(buffer, static_cast<std::size_t>(n));
        continue;
      }
      if (n == 0 && !ssl_) return fail(Errc::unavailable, "the server closed the connection");
      auto later = not_now(static_cast<int>(n));
      if (!later) return fail(std::move(later).error());
      return {};
    }
    return {};
  }

  std::vector<std::string> lines() {
    std::vector<std::string> found;
    std::size_t start = 0;
    for (std::size_t end; (end = input_.find('\n', start)) != std::string::npos; start = end + 1) {
      std::string_view line(input_.data() + start, end - start);
      while (line.ends_with('\r')) line.remove_suffix(1);
      if (!std::exchange(dropping_, false) && !line.empty() && line.size() <= kMaxLine) {
        found.emplace_back(line);
      }
    }
    input_.erase(0, start);
    if (input_.size() > kMaxLine) {
      input_.clear();
      dropping_ = true;  // the rest of that line too
    }
    return found;
  }

  Descriptor socket_, waker_;
  std::unique_ptr<SSL_CTX, FreeContext> context_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  std::string input_, output_;
  bool dropping_ = false;
};

Result<Descriptor> connect_to(const addrinfo& address, Clock::time_point deadline,
                              const std::stop_token& stop) {
  Descriptor socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.fd < 0) return fail(system_error("socket", errno));
  if (::connect(socket.fd, address.ai_addr, address.ai_addrlen) != 0 && errno != EINPROGRESS) {
    return fail(Errc::unavailable, std::strerror(errno));
  }
  if (!wait_on(socket.fd, POLLOUT, deadline, stop)) return fail(Errc::timeout, "no answer in time");
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket.fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail(Errc::unavailable, std::strerror(error));
  return socket;
}

}  // namespace

Result<std::unique_ptr<Wire>> Wire::connect(const WireOptions& options, std::stop_token stop) {
  const auto deadline = Clock::now() + options.connect_timeout;
  const std::string where = options.host + ":" + std::to_string(options.port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int code =
          getaddrinfo(options.host.c_str(), std::to_string(options.port).c_str(), &hints, &list);
      code != 0) {
    return fail(Errc::unavailable, where + ": " + gai_strerror(code) + "; is the host name right?");
  }
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(list);
  Error last{Errc::unavailable, "no address"};
  for (const addrinfo* address = list; address != nullptr; address = address->ai_next) {
    auto socket = connect_to(*address, deadline, stop);
    if (!socket) {
      last = std::move(socket).error();
      continue;
    }
    Descriptor waker(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (waker.fd < 0) return fail(system_error("eventfd", errno));
    auto wire = std::make_unique<SocketWire>(*std::move(socket), std::move(waker));
    if (options.tls) {
      if (auto shaken = wire->shake_hands(options, deadline, stop); !shaken) {
        return fail(std::move(shaken).error().in(where));
      }
    }
    return wire;
  }
  return fail(std::move(last).in(where));
}

}  // namespace logboom::alerts
