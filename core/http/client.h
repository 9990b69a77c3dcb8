// HTTP/1.1 client (libcurl: keep-alive, TLS, proxies, timeouts) and WebSocket client (Beast).
//
// Errors:  unavailable (cannot connect, connection lost), timeout, invalid (bad URL). An HTTP
// status
//          is no error: the caller reads it.
// Threads: one thread at a time per object.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/http/message.h"
#include "core/result.h"

namespace logboom::http {

struct ClientOptions {
  std::string url;           // http[s]://host:port[/prefix]
  Pairs headers = {};        // sent with every request
  std::string ca_file = {};  // PEM, instead of the system's
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{60'000};  // of a whole request
};

struct Answer {
  int status = 0;
  Pairs headers;  // names in lower case
  std::string body;
};

class Client {
 public:
  static Result<std::unique_ptr<Client>> create(ClientOptions options);
  virtual ~Client() = default;
  // `target`: path and query, percent-encoded, appended to the URL's prefix.
  [[nodiscard]] virtual Result<Answer> get(std::string_view target, const Pairs& headers = {}) = 0;
  [[nodiscard]] virtual Result<Answer> post(std::string_view target, std::string_view body,
                                            const Pairs& headers) = 0;
  // The body of a 200 goes to `part` as it comes, until that says no: then `cancelled`. Other
  // answers come whole. There is no limit on the whole time; a minute without a byte is a timeout.
  [[nodiscard]] virtual Result<Answer> post_stream(
      std::string_view target, std::string_view body, const Pairs& headers,
      const std::function<bool(std::string_view part)>& part) = 0;
};

class WebSocketClient {
 public:
  // Connects and upgrades. A refusal is an Error with the status and body in its message: invalid
  // for 4xx (denied for 401 and 403, limit for 429, not_found for 404), unavailable for 5xx.
  static Result<std::unique_ptr<WebSocketClient>> connect(const ClientOptions& options,
                                                          std::string_view target);
  virtual ~WebSocketClient() = default;
  // The next text message; nothing when `timeout` passed without one. Errors: unavailable (the
  // connection broke, or 60 s without a sign of life: reconnect); cancelled (closed with 1000);
  // internal (closed with another code; the reason is the message).
  [[nodiscard]] virtual Result<std::optional<std::string>> read(
      std::chrono::milliseconds timeout) = 0;
  // Wakes a read() from any thread: it returns cancelled.
  virtual void cancel() = 0;
};

}  // namespace logboom::http
