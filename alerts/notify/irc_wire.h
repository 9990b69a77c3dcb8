// A TCP connection that lines go over, plain or TLS (OpenSSL).
//
// Errors:  unavailable, timeout (connecting; then the connection is gone).
// Limits:  a line of more than kMaxLine bytes is dropped; kMaxOutput bytes wait to go out.
// Threads: one; wake() from any.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace logboom::alerts {

struct WireOptions {
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;
  std::string ca_file;  // empty: the system's
  std::chrono::milliseconds connect_timeout{10'000};
};

class Wire {
 public:
  static constexpr std::size_t kMaxLine = 16 * 1024, kMaxOutput = 1 << 20;

  // Resolves, connects, shakes hands; the peer's certificate must name `host`.
  static Result<std::unique_ptr<Wire>> connect(const WireOptions& options, std::stop_token stop);
  virtual ~Wire() = default;
  // Adds CRLF.
  [[nodiscard]] virtual Result<void> send(std::string_view line) = 0;
  // The lines that have come, without their ends; waits for them until `timeout` or a wake().
  [[nodiscard]] virtual Result<std::vector<std::string>> receive(
      std::chrono::milliseconds timeout) = 0;
  virtual void wake() = 0;
};

}  // namespace logboom::alerts
