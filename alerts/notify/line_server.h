// A server of one connection after the other that says what a script tells it to, to inject faults
// that real servers do not have. Tests of this folder only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace logboom::alerts {

// One connection as the script sees it.
class LineConnection {
 public:
  explicit LineConnection(int fd) : fd_(fd) {}
  // The next line without its end; false when the peer has gone.
  bool read(std::string& line) {
    while (true) {
      if (const auto end = input_.find('\n'); end != std::string::npos) {
        line = input_.substr(0, end);
        input_.erase(0, end + 1);
        while (line.ends_with('\r')) line.pop_back();
        return true;
      }
      char buffer[4096];
      const auto n = recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) return false;
      input_.append(buffer, static_cast<std::size_t>(n));
    }
  }
  void write(std::string_view text) {
    const std::string line = std::string(text) + "\r\n";
    (void)!send(fd_, line.data(), line.size(), MSG_NOSIGNAL);
  }

 private:
  int fd_;
  std::string input_;
};

class LineServer {
 public:
  // `script` is called for each connection; when it returns the connection is closed.
  explicit LineServer(std::function<void(LineConnection&)> script) : script_(std::move(script)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, any, size) != 0 || listen(listener_, 8) != 0 ||
        getsockname(listener_, any, &size) != 0) {
      std::abort();  // no test can go on without a loopback device
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~LineServer() {
    thread_.request_stop();
    if (const int fd = connection_; fd >= 0) shutdown(fd, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  LineServer(const LineServer&) = delete;
  LineServer& operator=(const LineServer&) = delete;
  [[nodiscard]] std::string port() const { return std::to_string(port_); }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd waiting{listener_, POLLIN, 0};
      if (poll(&waiting, 1, 50) <= 0) continue;
      const int fd = accept(listener_, nullptr, nullptr);
      if (fd < 0) continue;
      connection_ = fd;
      LineConnection connection(fd);
      script_(connection);
      connection_ = -1;
      close(fd);
    }
  }

  std::function<void(LineConnection&)> script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connection_ = -1;
  std::jthread thread_;
};

}  // namespace logboom::alerts
