// The part of answering a request that needs no socket. Private to core/http.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/http/server.h"

namespace logboom::http {

// A request line's target, taken apart: /path?query, or http://host/path?query as proxies send it.
struct Target {
  std::string_view path = "/";
  std::string_view query;
};
[[nodiscard]] Target split_target(std::string_view target);

// The whole of an ordinary route's work, for the worker pool: inflates the body, reads a form into
// the parameters, calls the handler, compresses the answer. Never throws: a handler's exception
// becomes 500 and a line in our log.
inline constexpr std::size_t kMaxFormBytes = 1 << 20;  // a longer form stays in the body, unread
[[nodiscard]] Response answer(const ServerOptions& options, const Handler& handler,
                              Request& request);

// A handler's exception, in our log.
void log_crash(const Request& request, std::string_view what);

// Status line and headers. `length` is that of the body; none: it is sent chunked, or, to HTTP/1.0,
// until the connection closes.
struct Framing {
  bool http10 = false;
  bool keep_alive = true;
  std::optional<std::size_t> length;
};
[[nodiscard]] std::string response_head(const Response& response, const Framing& framing);
// 1xx, 204 and 304 never carry a body.
[[nodiscard]] bool has_body(int status);

// Whether a browser's WebSocket comes from a page of this server. Browsers let any page on the
// internet connect to 127.0.0.1 and read what it says; the Origin header is the only guard.
[[nodiscard]] bool same_origin(const Request& request);

}  // namespace logboom::http
